//! User activity, defined here independently of the functions.

use serde::Deserialize;
use serde_json::{Map, Value};

/// User activity.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// The user.
    pub user_id: String,
    /// The kind of activity.
    #[serde(rename = "type")]
    pub kind: String,
    /// Arbitrary fields, of which `seq` and `fail` have a meaning.
    pub payload: Map<String, Value>,
    /// Id chosen by the client.
    #[serde(default)]
    pub event_id: Option<String>,
}

impl Activity {
    /// The place in the user's order; 0 without one.
    pub fn seq(&self) -> u64 {
        self.payload.get("seq").and_then(Value::as_u64).unwrap_or(0)
    }

    /// Whether it satisfies the API's rules.
    pub fn is_valid(&self) -> bool {
        let text = |text: &str| !text.trim().is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
        let seq = self.payload.get("seq").is_none_or(|seq| seq.as_i64().is_some_and(|seq| seq > 0));
        text(&self.user_id) && text(&self.kind) && self.event_id.as_deref().is_none_or(text) && seq
    }
}
