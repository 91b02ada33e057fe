//! An attempt to deliver a webhook: what starts it, and how it ended.

use millrace_domain::timer::TimerDue;
use serde::{Deserialize, Serialize};

/// A due attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// The timer, the number of the attempt and its time.
    #[serde(flatten)]
    pub due: TimerDue,
    /// Whether it comes from redriving its dead letter: then the timer has failed, and gets one more attempt.
    pub redriven: bool,
    /// Partition of its record in `timer-due`.
    pub partition: i64,
    /// Offset in the partition.
    pub offset: i64,
}

/// Outcome of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// HTTP status, if there was a response.
    pub status: Option<u16>,
    /// The response's `Retry-After`.
    pub retry_after: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}
