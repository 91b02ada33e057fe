//! The events of a timer: pure, time and ids are arguments.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Timer;
use crate::event::{Context, Event, EventType};
use crate::id::TimerId;
use crate::outbox::{Entry, EntryError};

/// Kind of the aggregate, in the outbox's keys.
pub const AGGREGATE: &str = "timer";

/// What makes the events of due attempts.
const RUNNER: &str = "timer-runner";

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

/// The payload of `TimerFailed`: it was given up.
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

/// The payload of `TimerDue`: an attempt is to be made.
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

impl TimerDue {
    /// The event. It is a function of the attempt, so that whoever produces the attempt again produces the same event,
    /// which consumers know by its id.
    #[must_use]
    pub fn event(self, traceparent: Option<String>) -> Event<Self> {
        let id = format!("{}.{}", self.timer_id, self.attempt);
        Event::new(EventType::TimerDue, id, RUNNER, self.due_at, traceparent, self)
    }
}

/// The event of a timer that was made.
///
/// # Errors
/// Never in practice: the event is too large.
pub fn requested(timer: &Timer, id: Uuid, context: &Context) -> Result<Entry, EntryError> {
    let data = TimerRequested {
        timer_id: timer.id.clone(),
        url: timer.url.clone(),
        fire_at: timer.fire_at,
        version: timer.version,
    };
    Entry::new(AGGREGATE, 0, &Event::of(EventType::TimerRequested, id, context, data))
}

/// The event of a timer that was cancelled.
///
/// # Errors
/// As [`requested`].
pub fn cancelled(timer: &Timer, id: Uuid, context: &Context) -> Result<Entry, EntryError> {
    let data = TimerCancelled { timer_id: timer.id.clone(), cancelled_at: timer.updated_at, version: timer.version };
    Entry::new(AGGREGATE, 0, &Event::of(EventType::TimerCancelled, id, context, data))
}

/// The event of a timer whose last attempt the receiver took with this HTTP status.
///
/// # Errors
/// As [`requested`].
pub fn fired(timer: &Timer, status: u16, id: Uuid, context: &Context) -> Result<Entry, EntryError> {
    let data = TimerFired {
        timer_id: timer.id.clone(),
        fire_at: timer.fire_at,
        fired_at: timer.attempts.last().map_or(timer.updated_at, |attempt| attempt.at),
        attempt: timer.attempt,
        status,
        version: timer.version,
    };
    Entry::new(AGGREGATE, 0, &Event::of(EventType::TimerFired, id, context, data))
}

/// The event of a timer that was given up after its last attempt, and why.
///
/// # Errors
/// As [`requested`].
pub fn failed(timer: &Timer, error: String, id: Uuid, context: &Context) -> Result<Entry, EntryError> {
    let data = TimerFailed {
        timer_id: timer.id.clone(),
        fire_at: timer.fire_at,
        failed_at: timer.updated_at,
        attempt: timer.attempt,
        status: timer.attempts.last().and_then(|attempt| attempt.status),
        error,
        version: timer.version,
    };
    Entry::new(AGGREGATE, 0, &Event::of(EventType::TimerFailed, id, context, data))
}
