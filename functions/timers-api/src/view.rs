//! A timer as the API returns it: without its payload and its secret.

use jiff::Timestamp;
use millrace_domain::id::TimerId;
use millrace_domain::timer::{Attempt, Status, Timer};
use serde::Serialize;

/// Milliseconds per second.
const SECOND: i64 = 1_000;

/// The JSON form of a timer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    timer_id: TimerId,
    url: String,
    status: Status,
    fire_at: Timestamp,
    /// Seconds until its next attempt, rounded up; 0 if there is none.
    seconds_left: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Timestamp>,
    attempts: Vec<Attempt>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl View {
    /// The view of a timer at this time.
    pub fn new(timer: Timer, now: Timestamp) -> Self {
        let waits = matches!(timer.status, Status::Pending | Status::Scheduled);
        let left = timer.due_at.as_millisecond() - now.as_millisecond();
        let seconds_left = u64::try_from(left).unwrap_or(0).div_ceil(SECOND.unsigned_abs());
        Self {
            timer_id: timer.id,
            url: timer.url,
            status: timer.status,
            fire_at: timer.fire_at,
            seconds_left: if waits { seconds_left } else { 0 },
            next_attempt_at: waits.then_some(timer.due_at),
            attempts: timer.attempts,
            created_at: timer.created_at,
            updated_at: timer.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_left_are_those_until_the_next_attempt() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let timer = Timer {
            id: TimerId::try_from("t".to_owned()).unwrap(),
            url: "https://example.com".to_owned(),
            status: Status::Scheduled,
            fire_at: at("2026-11-21T06:00:00Z"),
            due_at: at("2026-11-21T06:00:10.001Z"),
            payload: Some("{\"card\":1}".to_owned()),
            secret: None,
            attempt: 2,
            attempts: Vec::new(),
            scheduled_at: None,
            firing_until: None,
            owner: None,
            traceparent: None,
            version: 4,
            created_at: at("2026-11-21T05:00:00Z"),
            updated_at: at("2026-11-21T06:00:00Z"),
        };
        let left = |timer: &Timer, now: &str| View::new(timer.clone(), at(now)).seconds_left;
        assert_eq!(left(&timer, "2026-11-21T06:00:00Z"), 11);
        assert_eq!(left(&timer, "2026-11-21T06:00:11Z"), 0);
        let fired = Timer { status: Status::Fired, ..timer };
        assert_eq!(left(&fired, "2026-11-21T05:00:00Z"), 0);
        let view = serde_json::to_string(&View::new(fired, at("2026-11-21T06:00:00Z"))).unwrap();
        assert!(!view.contains("card") && !view.contains("nextAttemptAt"), "{view}");
    }
}
