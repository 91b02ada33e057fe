//! Orders: the item, and the entry of each of its states.

pub mod entries;
pub mod item;
