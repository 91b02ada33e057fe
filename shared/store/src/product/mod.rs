//! Products: the item, and the entries of a change.

pub mod entries;
pub mod item;
