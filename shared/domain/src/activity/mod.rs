//! User activity: the request body that a client may send, and the payload of its event.

mod input;
mod text;

pub use text::{ActivityType, EventId, InvalidText, UserId};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Largest `payload.seq`: fits in a signed 64-bit integer, which every client language has.
pub const MAX_SEQ: u64 = i64::MAX as u64;

/// User activity: the accepted body of `POST /events`, and the payload of its event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserActivity {
    /// The user. Events of one user are processed in the order of `payload.seq`.
    pub user_id: UserId,
    /// What was done, such as `click`.
    #[serde(rename = "type")]
    pub kind: ActivityType,
    /// Anything; `seq` and `fail` have a meaning here.
    pub payload: Payload,
    /// The id that the client chose for the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
}

/// An object whose `seq`, where present, is a number from 1 to [`MAX_SEQ`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
#[schemars(extend("properties" = {"seq": {"type": "integer", "minimum": 1, "maximum": MAX_SEQ}}))]
pub struct Payload(Map<String, Value>);

/// Why an object is not a valid payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("payload.seq is an integer from 1 to {MAX_SEQ} where it is present")]
pub struct InvalidSeq;

impl Payload {
    /// Position of the event among its user's events; an event without one is processed on arrival.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.0.get("seq").and_then(Value::as_u64)
    }

    /// Whether every attempt to process the event fails, which a client requests with `"fail": true`.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.0.get("fail") == Some(&Value::Bool(true))
    }
}

impl TryFrom<Map<String, Value>> for Payload {
    type Error = InvalidSeq;

    fn try_from(object: Map<String, Value>) -> Result<Self, InvalidSeq> {
        let valid = object.get("seq").is_none_or(|seq| seq.as_u64().is_some_and(|seq| (1..=MAX_SEQ).contains(&seq)));
        if valid { Ok(Self(object)) } else { Err(InvalidSeq) }
    }
}

impl From<Payload> for Map<String, Value> {
    fn from(payload: Payload) -> Self {
        payload.0
    }
}
