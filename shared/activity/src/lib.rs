//! User activity: how each event is processed once and in the order of its user's `seq`.
//!
//! [`decide`] makes the decisions about a user's events and does no I/O; [`process`] writes them and repeats until
//! nothing is left.

pub mod decide;
pub mod item;
pub mod keys;
pub mod plan;
pub mod process;
pub mod progress;
pub mod store;

mod attempt;
mod cursor;
mod event;
mod outcome;
mod profile;

pub use cursor::Cursor;
pub use event::{Activity, Identity, Record, Waiting};
pub use item::EventState;
pub use profile::Profile;

/// Name of the consumer that processes user activity, in dead letters and redrives.
pub const CONSUMER: &str = "activity-order";
