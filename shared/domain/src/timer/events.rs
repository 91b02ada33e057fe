//! The payloads of a timer's events.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::TimerId;

/// The payload of `TimerRequested`. Payload and secret of the webhook stay in the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerRequested {
    /// The timer.
    pub timer_id: TimerId,
    /// Where the webhook goes.
    pub url: String,
    /// When it is to fire.
    pub fire_at: Timestamp,
    /// Version.
    pub version: u64,
}

/// The payload of `TimerCancelled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerCancelled {
    /// The timer.
    pub timer_id: TimerId,
    /// When it was cancelled.
    pub cancelled_at: Timestamp,
    /// Version.
    pub version: u64,
}

/// The payload of `TimerFired`: the receiver has taken the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerFired {
    /// The timer.
    pub timer_id: TimerId,
    /// When it was to fire.
    pub fire_at: Timestamp,
    /// When the attempt began that the receiver took.
    pub fired_at: Timestamp,
    /// Number of that attempt.
    pub attempt: u32,
    /// HTTP status of the answer.
    pub status: u16,
    /// Version.
    pub version: u64,
}

/// The payload of `TimerFailed`: the webhook could not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerFailed {
    /// The timer.
    pub timer_id: TimerId,
    /// When it was to fire.
    pub fire_at: Timestamp,
    /// When it was given up.
    pub failed_at: Timestamp,
    /// Number of the last attempt.
    pub attempt: u32,
    /// HTTP status of the last answer, where one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it was given up.
    pub error: String,
    /// Version.
    pub version: u64,
}

/// The payload of `TimerDue`: an attempt is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimerDue {
    /// The timer.
    pub timer_id: TimerId,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// When it is due; not earlier.
    pub due_at: Timestamp,
}
