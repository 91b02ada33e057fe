//! Shared by the end-to-end tests and the benchmarks: starts the real binaries and talks to them from outside.

#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what should not be"
)]

pub mod contract;
pub mod measure;
pub mod paths;
pub mod pipeline;
pub mod process;
pub mod stack;
pub mod template;
