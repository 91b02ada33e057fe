//! How the domain is stored: keys and items of its tables, and the outbox entries of a change.
//!
//! Every change creates a new version, and its write is conditional on the version that was read.

pub mod analytics;
pub mod archive;
pub mod event_log;
pub mod feed;
pub mod ingredient;
pub mod order;
pub mod product;
pub mod timer;
