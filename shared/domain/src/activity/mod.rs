//! User activity: the request body that a client may send, and the payload of its event.

mod input;
mod text;

pub use text::{ActivityType, EventId, InvalidText, UserId};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::json;

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

/// An object whose `seq`, where present, is a number from 1 to [`MAX_SEQ`]. It keeps its text, so that no number loses a
/// digit.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(with = "Map<String, Value>")]
#[schemars(extend("properties" = {"seq": {"type": "integer", "minimum": 1, "maximum": MAX_SEQ}}))]
pub struct Payload {
    /// Without white space between its tokens.
    text: Box<RawValue>,
    #[serde(skip)]
    seq: Option<u64>,
    #[serde(skip)]
    fails: bool,
}

/// Why a JSON value is not a valid payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPayload {
    /// Not an object.
    #[error("payload is an object")]
    NotAnObject,
    /// Its `seq` is not valid.
    #[error("payload.seq is an integer from 1 to {MAX_SEQ} where it is present")]
    InvalidSeq,
}

impl Payload {
    /// Reads a payload.
    ///
    /// # Errors
    /// The value is not an object, or its `seq` is not valid.
    pub fn read(payload: &RawValue) -> Result<Self, InvalidPayload> {
        let fields: BTreeMap<String, &RawValue> =
            serde_json::from_str(payload.get()).map_err(|_| InvalidPayload::NotAnObject)?;
        let seq = fields.get("seq").map(|seq| json::integer(seq.get()));
        let seq = seq.map(|seq| seq.filter(|seq| (1..=MAX_SEQ).contains(seq)).ok_or(InvalidPayload::InvalidSeq));
        let text = RawValue::from_string(json::compact(payload.get())).map_err(|_| InvalidPayload::NotAnObject)?;
        Ok(Self { text, seq: seq.transpose()?, fails: fields.get("fail").is_some_and(|fail| fail.get() == "true") })
    }

    /// Position of the event among its user's events; an event without one is processed on arrival.
    #[must_use]
    pub fn seq(&self) -> Option<u64> {
        self.seq
    }

    /// Whether every attempt to process the event fails, which a client requests with `"fail": true`.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.fails
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&Box::<RawValue>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.text.get() == other.text.get()
    }
}
