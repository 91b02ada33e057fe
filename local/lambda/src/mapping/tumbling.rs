//! Tumbling windows of a stream mapping (LDG/services-ddb-windows).
//!
//! A record belongs to the window of its creation time, and a batch has records of one window. Its event also has the bounds of
//! the window, the state that the last answer within it returned, and the shard; an answer without a state is a failure. When a
//! window is over there is one more invocation, without records, and then the state is gone.
//!
//! The documentation leaves open when a window without further records is over: here as soon as its time is. A record that is
//! read later all the same opens its window again, with an empty state. The state does not outlive the stack.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::invoke::Outcome;

/// Largest state, in bytes. Lambda ends a window early whose state is larger; here the invocation fails, which shows the
/// mistake at once.
const MAX_STATE_BYTES: usize = 1024 * 1024;

/// Bytes that the bounds, the state and the shard take at most, in addition to the records.
pub const TUMBLING_BYTES: usize = MAX_STATE_BYTES + 4_096;

/// The windows of one shard.
#[derive(Debug)]
pub struct Tumbling {
    length_ms: i64,
    stream: String,
    shard: String,
    open: Mutex<Option<Open>>,
}

/// The window that has had a batch and is not over.
#[derive(Debug)]
struct Open {
    start_ms: i64,
    state: Map<String, Value>,
}

impl Tumbling {
    /// Windows of this length.
    pub fn new(length: Duration, stream: &str, shard: &str) -> Self {
        let length_ms = i64::try_from(length.as_millis()).unwrap_or(i64::MAX).max(1);
        Self { length_ms, stream: stream.to_owned(), shard: shard.to_owned(), open: Mutex::default() }
    }

    /// Start of the window of a record.
    fn start(&self, created_ms: i64) -> i64 {
        created_ms - created_ms.rem_euclid(self.length_ms)
    }

    /// Whether two records belong to one window.
    pub fn together(&self, one_ms: i64, other_ms: i64) -> bool {
        self.start(one_ms) == self.start(other_ms)
    }

    /// The members that the event of a batch has besides its records; `created_ms` is of any of these.
    pub fn members(&self, created_ms: i64) -> Map<String, Value> {
        let start_ms = self.start(created_ms);
        let mut open = self.lock();
        let current = open.take().filter(|open| open.start_ms == start_ms);
        let current = current.unwrap_or(Open { start_ms, state: Map::new() });
        let members = self.event(&current, false);
        *open = Some(current);
        members
    }

    /// Keeps the state of an answer. Returns false if it has none, which makes it a failure.
    pub fn keeps(&self, outcome: &Outcome) -> bool {
        let Outcome::Success(answer) = outcome else { return false };
        let answer = serde_json::from_slice::<Value>(answer).ok();
        let Some(Value::Object(state)) = answer.and_then(|mut answer| Some(answer.get_mut("state")?.take())) else {
            return false;
        };
        if Value::Object(state.clone()).to_string().len() > MAX_STATE_BYTES {
            return false;
        }
        if let Some(open) = self.lock().as_mut() {
            open.state = state;
        }
        true
    }

    /// When the open window is over, in milliseconds since the epoch.
    pub fn ends_ms(&self) -> Option<i64> {
        self.lock().as_ref().map(|open| open.start_ms.saturating_add(self.length_ms))
    }

    /// The last event of the open window, if it is over at this time.
    pub fn last_event(&self, now_ms: i64) -> Option<Bytes> {
        self.ends_ms().filter(|end| *end <= now_ms)?;
        let mut members = self.event(self.lock().as_ref()?, true);
        members.insert("Records".to_owned(), json!([]));
        Some(Value::Object(members).to_string().into())
    }

    /// Drops the state of a window that is over.
    pub fn close(&self) {
        *self.lock() = None;
    }

    fn event(&self, open: &Open, last: bool) -> Map<String, Value> {
        let time = |ms: i64| Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |time| time.to_string());
        let members = json!({
            "window": {"start": time(open.start_ms), "end": time(open.start_ms.saturating_add(self.length_ms))},
            "state": open.state,
            "shardId": self.shard,
            "eventSourceARN": self.stream,
            "isFinalInvokeForWindow": last,
            "isWindowTerminatedEarly": false,
        });
        members.as_object().cloned().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_lasts_as_long_as_its_window() {
        let windows = Tumbling::new(Duration::from_secs(60), "arn", "shard");
        let answer = |state: &str| Outcome::Success(format!("{{\"state\":{state}}}").into());
        assert!(windows.together(60_000, 119_999) && !windows.together(59_999, 60_000));
        assert_eq!((&windows.members(61_000)["state"], windows.last_event(119_999)), (&json!({}), None));
        assert!(windows.keeps(&answer(r#"{"n":1}"#)));
        let second = windows.members(90_000);
        let bounds = json!({"start": "1970-01-01T00:01:00Z", "end": "1970-01-01T00:02:00Z"});
        assert_eq!(
            (&second["state"], &second["window"], &second["shardId"]),
            (&json!({"n": 1}), &bounds, &json!("shard"))
        );
        let last: Value = serde_json::from_slice(&windows.last_event(120_000).unwrap()).unwrap();
        assert_eq!((&last["state"], &last["isFinalInvokeForWindow"]), (&json!({"n": 1}), &json!(true)));
        windows.close();
        assert_eq!((&windows.members(121_000)["state"], windows.last_event(121_000)), (&json!({}), None));
        for refused in ["", "null", "{}", "[]", r#"{"batchItemFailures":[]}"#, r#"{"state":null}"#] {
            assert!(!windows.keeps(&Outcome::Success(refused.into())), "{refused}");
        }
        assert!(!windows.keeps(&Outcome::Throttled));
    }
}
