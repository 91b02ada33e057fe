//! Users' events: how many a second are accepted ([`limiter`]), and how each is processed once and in the order of its
//! user's `seq`.
//!
//! [`decide`] says what becomes of a user's events and does no I/O; [`process`] writes it and decides again until nothing is left.

pub mod decide;
pub mod item;
pub mod keys;
pub mod limiter;
pub mod plan;
pub mod process;
pub mod progress;
pub mod store;

mod attempt;
mod cursor;
mod event;
mod profile;

pub use cursor::Cursor;
pub use event::{Activity, Record, Waiting};
pub use item::EventState;
pub use profile::Profile;

/// The consumer that processes users' events, as dead letters and redrives name it.
pub const CONSUMER: &str = "activity-order";
