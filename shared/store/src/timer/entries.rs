//! The outbox entries of a timer's changes. Pure: time and ids are arguments.

use millrace_delivery::outbox::{Entry, EntryError};
use millrace_domain::event::{Context, Event, EventType};
use millrace_domain::timer::{Timer, TimerCancelled, TimerDue, TimerFailed, TimerFired, TimerRequested};
use uuid::Uuid;

/// Kind of the aggregate, in the outbox's keys.
pub const AGGREGATE: &str = "timer";

/// The function that produces due attempts, as their events name their source.
const RUNNER: &str = "timer-runner";

/// The event of a new timer.
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

/// The event of a cancelled timer.
///
/// # Errors
/// As [`requested`].
pub fn cancelled(timer: &Timer, id: Uuid, context: &Context) -> Result<Entry, EntryError> {
    let data = TimerCancelled { timer_id: timer.id.clone(), cancelled_at: timer.updated_at, version: timer.version };
    Entry::new(AGGREGATE, 0, &Event::of(EventType::TimerCancelled, id, context, data))
}

/// The event of a timer whose last attempt the receiver accepted with this HTTP status.
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

/// The event of a timer whose last attempt failed, and why.
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

/// The event of a due attempt. It is a function of the attempt, so that whoever produces the attempt again produces the
/// same event, which consumers know by its id.
#[must_use]
pub fn due(attempt: TimerDue, traceparent: Option<String>) -> Event<TimerDue> {
    let id = format!("{}.{}", attempt.timer_id, attempt.attempt);
    Event::new(EventType::TimerDue, id, RUNNER, attempt.due_at, traceparent, attempt)
}
