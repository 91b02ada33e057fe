//! The business domain: types, events and rules. Nothing here does I/O; time, randomness and settings are arguments.

pub mod activity;
pub mod email;
pub mod event;
pub mod id;
pub mod ingredient;
pub mod json;
pub mod order;
pub mod product;
mod text_type;
pub mod time;
pub mod timer;
pub mod validation;
pub mod webhook;
