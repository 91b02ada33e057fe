//! Ingredients: the item, and the entry of a fall below half.

pub mod entries;
pub mod item;
