//! User activity, defined here independently of the functions.

use std::collections::BTreeMap;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::json;

/// User activity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// The user.
    pub user_id: String,
    /// What was done.
    #[serde(rename = "type")]
    pub kind: String,
    /// Any object; `seq` and `fail` have a meaning.
    pub payload: Object,
    /// The id that the client chose.
    #[serde(default)]
    pub event_id: Option<String>,
}

/// A JSON object: two that mean the same are equal, and two that differ by a digit are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    meaning: String,
    seq: Option<String>,
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
        let seq = members.get("seq").map(|seq| seq.get().to_owned());
        Ok(Self { meaning: json::meaning(raw.get()).map_err(D::Error::custom)?, seq })
    }
}

impl Activity {
    /// The position in the order of the user's events; 0 without one.
    pub fn seq(&self) -> u64 {
        self.payload.seq.as_deref().and_then(json::integer).unwrap_or(0)
    }

    /// Whether it is valid.
    pub fn is_valid(&self) -> bool {
        let text = |text: &str| !text.trim().is_empty() && text.len() <= 256 && !text.chars().any(char::is_control);
        let positive = |seq: &str| json::integer(seq).is_some_and(|seq| (1..=i64::MAX as u64).contains(&seq));
        let seq = self.payload.seq.as_deref().is_none_or(positive);
        text(&self.user_id) && text(&self.kind) && self.event_id.as_deref().is_none_or(text) && seq
    }
}
