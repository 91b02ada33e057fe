//! How the business is stored: the keys and items of its tables, and the outbox entries that belong to a change.
//!
//! Every write is conditional on the version that was read, and every change is a version.

pub mod event_log;
pub mod ingredient;
pub mod order;
pub mod product;
pub mod timer;
