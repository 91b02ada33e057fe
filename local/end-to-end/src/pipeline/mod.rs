//! The activity pipeline from `POST /events/batch` to DynamoDB: events as many users send them, and an independent
//! check of the result. Shared by the benchmark and a test.

mod load;
mod send;
mod stored;
mod verdict;

pub use load::{Load, Plan, Sent};
pub use send::{Progress, Sender};
pub use stored::{Stored, StoredEvent};
pub use verdict::Verdict;

/// The topic.
pub const TOPIC: &str = "user-activity-events";
/// The function that processes it.
pub const PROCESSOR: &str = "activity-order";
