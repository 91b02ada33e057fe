//! The item that tells the analytics what became of an event: the function `analytics` counts it from the table's stream.
//!
//! Only events that fail or come late have one, so that all others cost nothing more. It is written in the transaction that
//! makes the event final, which is conditional on the event's state, so there is one at most.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::item::Status;
use crate::{EventState, keys};
use millrace_platform::dynamo::{Item, n, s};

/// Starts the partition key. The mapping of the stream filters by it.
const OUTCOME: &str = "outcome#";

/// How long the item is kept, in seconds. A stream keeps its records for one day, whatever becomes of the item.
const KEPT_SECONDS: i64 = 2 * 24 * 60 * 60;

/// The item of an event of the time `at` that became final at `now`, both in Unix milliseconds.
pub(crate) fn item(state: &EventState, at: i64, now: i64) -> Item {
    let time = Timestamp::from_millisecond(at).unwrap_or_default();
    Item::from([
        (keys::PK.to_owned(), s(format!("{OUTCOME}{}", state.event_id))),
        (keys::SK.to_owned(), s(keys::event_of(&state.identity()))),
        ("time".to_owned(), s(time.to_string())),
        ("failed".to_owned(), AttributeValue::Bool(state.status == Status::Failed)),
        ("late".to_owned(), AttributeValue::Bool(state.late)),
        ("expiresAt".to_owned(), n(now / 1_000 + KEPT_SECONDS)),
    ])
}
