//! What a timer and its events are, defined here independently of the functions.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// What an event says about a timer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimerEvent {
    /// The timer.
    pub timer_id: String,
    /// Version of the timer; `None` if an attempt is due.
    #[serde(default)]
    pub version: Option<u64>,
    /// Number of an attempt.
    #[serde(default)]
    pub attempt: Option<u64>,
    /// Where its webhook goes.
    #[serde(default)]
    pub url: Option<String>,
    /// When it is to fire.
    #[serde(default)]
    pub fire_at: Option<Timestamp>,
}

impl TimerEvent {
    /// The number by which its events are ordered.
    pub fn rank(&self) -> u64 {
        self.version.or(self.attempt).unwrap_or_default()
    }
}

/// A timer as returned by the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// Id.
    pub timer_id: String,
    /// Where its webhook goes.
    pub url: String,
    /// When it is to fire.
    pub fire_at: Timestamp,
}

/// A timer as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTimer {
    /// Id.
    pub id: String,
    /// Status.
    pub status: String,
    /// Version.
    pub version: u64,
    /// Where its webhook goes.
    pub url: String,
    /// When it is to fire, in Unix milliseconds.
    pub fire_at: i64,
    /// When its next attempt is due, in Unix milliseconds.
    pub due_at: i64,
    /// Number of its next attempt.
    pub attempt: u64,
}

/// The due index: time in Unix milliseconds and attempt, by timer.
pub type DueIndex = BTreeMap<String, Vec<(i64, u64)>>;
