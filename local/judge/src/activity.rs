//! What a user did, defined here independently of the functions.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What a user did.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// The user.
    pub user_id: String,
    /// What was done.
    #[serde(rename = "type")]
    pub kind: String,
    /// Anything, with a meaning of `seq` and `fail`.
    pub payload: Map<String, Value>,
    /// Id that the client chose.
    #[serde(default)]
    pub event_id: Option<String>,
}

impl Activity {
    /// The place in the order of the user's events; 0 without one.
    pub fn seq(&self) -> u64 {
        self.payload.get("seq").and_then(Value::as_u64).unwrap_or(0)
    }

    /// Whether it keeps its rules.
    pub fn is_valid(&self) -> bool {
        let text = |text: &str| !text.trim().is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
        let seq = self.payload.get("seq").is_none_or(|seq| seq.as_i64().is_some_and(|seq| seq > 0));
        text(&self.user_id) && text(&self.kind) && self.event_id.as_deref().is_none_or(text) && seq
    }
}
