//! Timers: the table with its items and its due index, and the outbox entries of a change.

mod due;
pub mod entries;
pub mod item;
pub mod keys;
mod table;

pub use due::DueEntry;
pub use table::Table;
