//! A stage of an event's life.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// A stage. What is not known about it is said, never guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// When; null if it is not known, and then `detail.unknown` says why.
    pub at: Option<Timestamp>,
    pub stage: Name,
    /// The function that did it; null if several may have, and which is not stored.
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
}

/// The name of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    Accepted,
    Outbox,
    Published,
    Logged,
    Archived,
    Buffered,
    Processed,
    Confirmed,
    Rejected,
    Mailed,
    Due,
    Sent,
    Failed,
    DeadLetter,
    Redriven,
}

impl Stage {
    /// A stage at a time that is known.
    pub fn at(at: Timestamp, stage: Name) -> Self {
        Self { at: Some(at), stage, by: None, detail: Map::new() }
    }

    /// A stage of which the time is not known, and why.
    pub fn unknown(stage: Name, why: &str) -> Self {
        Self { at: None, stage, by: None, detail: Map::new() }.with("unknown", why)
    }

    /// A stage at a time that is known, or not, and then why.
    pub fn when(at: Option<Timestamp>, stage: Name, why: &str) -> Self {
        at.map_or_else(|| Self::unknown(stage, why), |at| Self::at(at, stage))
    }

    /// The function that did it.
    pub fn by(self, function: &str) -> Self {
        Self { by: Some(function.to_owned()), ..self }
    }

    /// One more fact about it.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// One more fact about it, if there is one.
    pub fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}
