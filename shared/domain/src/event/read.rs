//! Reads records from a topic, and reports precisely why one cannot be read.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::{AnyEvent, Event, EventType, MAX_EVENT_BYTES};
use crate::activity::UserActivity;
use crate::ingredient::Notify;
use crate::order::Order;
use crate::product::{LowStockWarning, Product, ProductDeleted};
use crate::timer::{TimerCancelled, TimerDue, TimerFailed, TimerFired, TimerRequested};

/// Longest event id, in bytes: it is a key in `DynamoDB`.
const MAX_ID_BYTES: usize = 256;

/// Why a record is not an event. The code is stable; the detail is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Larger than [`MAX_EVENT_BYTES`]; the size in bytes.
    #[error("the record has {0} bytes, more than {MAX_EVENT_BYTES}")]
    TooLarge(usize),
    /// Not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but not a valid event of a known type.
    #[error("at {path}: {detail}")]
    BreaksSchema {
        /// Path of the invalid part, in dotted form.
        path: String,
        /// What was expected.
        detail: String,
    },
    /// An event of a type that belongs on another topic.
    #[error("{kind} does not belong on the topic {topic}")]
    WrongTopic {
        /// Its type.
        kind: &'static str,
        /// The topic that it was found on.
        topic: String,
    },
}

impl Unreadable {
    /// The reason code of its dead letter.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::NotJson(_) => "not_json",
            Self::BreaksSchema { .. } => "breaks_schema",
            Self::WrongTopic { .. } => "wrong_topic",
        }
    }
}

/// Reads the value of a record from `topic`. The returned event's `data` is valid for its type and keeps its bytes.
///
/// # Errors
/// [`Unreadable`] says which rule the record breaks.
pub fn read(topic: &str, value: &[u8]) -> Result<AnyEvent, Unreadable> {
    if value.len() > MAX_EVENT_BYTES {
        return Err(Unreadable::TooLarge(value.len()));
    }
    let event: AnyEvent = at_path("$", value)?;
    for (path, text) in [("$.id", &event.id), ("$.subject", &event.subject)] {
        if text.is_empty() || text.len() > MAX_ID_BYTES || text.contains('\0') {
            let detail = format!("1 to {MAX_ID_BYTES} bytes without NUL were expected");
            return Err(Unreadable::BreaksSchema { path: path.to_owned(), detail });
        }
    }
    if event.kind.topic().name() != topic {
        return Err(Unreadable::WrongTopic { kind: event.kind.name(), topic: topic.to_owned() });
    }
    let data = event.data.get().as_bytes();
    match event.kind {
        EventType::ProductCreated | EventType::ProductUpdated => at_path::<Product>("$.data", data).map(drop),
        EventType::ProductDeleted => at_path::<ProductDeleted>("$.data", data).map(drop),
        EventType::LowStockWarning => at_path::<LowStockWarning>("$.data", data).map(drop),
        EventType::OrderCreated | EventType::OrderConfirmed | EventType::OrderRejected => {
            at_path::<Order>("$.data", data).map(drop)
        }
        EventType::Notify => at_path::<Notify>("$.data", data).map(drop),
        EventType::UserActivity => at_path::<UserActivity>("$.data", data).map(drop),
        EventType::TimerRequested => at_path::<TimerRequested>("$.data", data).map(drop),
        EventType::TimerCancelled => at_path::<TimerCancelled>("$.data", data).map(drop),
        EventType::TimerFired => at_path::<TimerFired>("$.data", data).map(drop),
        EventType::TimerFailed => at_path::<TimerFailed>("$.data", data).map(drop),
        EventType::TimerDue => at_path::<TimerDue>("$.data", data).map(drop),
    }?;
    Ok(event)
}

fn at_path<T: DeserializeOwned>(root: &str, json: &[u8]) -> Result<T, Unreadable> {
    // serde accepts a list in place of a struct's fields, but a list is not a valid event.
    if json.trim_ascii_start().first() != Some(&b'{') {
        syntax(json)?;
        let detail = "an object was expected".to_owned();
        return Err(Unreadable::BreaksSchema { path: root.to_owned(), detail });
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let inner = error.inner();
        // serde may report a value of the wrong type as a syntax error, such as a number where an enum is expected.
        if inner.is_data() || syntax(json).is_ok() {
            let path = match error.path().to_string() {
                path if path == "." => root.to_owned(),
                path => format!("{root}.{path}"),
            };
            Unreadable::BreaksSchema { path, detail: inner.to_string() }
        } else {
            Unreadable::NotJson(inner.to_string())
        }
    })?;
    reader.end().map_err(|error| Unreadable::NotJson(error.to_string()))?;
    Ok(value)
}

/// Whether this is JSON, whatever its content.
fn syntax(json: &[u8]) -> Result<(), Unreadable> {
    let text = std::str::from_utf8(json).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| Unreadable::NotJson(error.to_string()))?;
    Ok(())
}

impl<D> Event<D>
where
    D: for<'de> Deserialize<'de>,
{
    /// The event with its payload parsed as a `D`.
    ///
    /// # Errors
    /// The payload is not a `D`.
    pub fn typed(event: &Event<Box<RawValue>>) -> Result<D, serde_json::Error> {
        serde_json::from_str(event.data.get())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn deleted() -> Value {
        serde_json::json!({
            "specversion": "1.0", "id": "e-1", "source": "urn:millrace:products-api", "type": "ProductDeleted",
            "subject": "p-1", "time": "2026-11-21T06:00:00.5Z", "datacontenttype": "application/json",
            "dataschema": "urn:millrace:schema:ProductDeleted:1", "aggregateversion": 2,
            "data": {"id": "p-1", "version": 2, "deletedAt": "2026-11-21T06:00:00.5Z", "added": "later"}
        })
    }

    fn code(topic: &str, value: &[u8]) -> &'static str {
        read(topic, value).map_or_else(|unreadable| unreadable.code(), |_| "read")
    }

    #[test]
    fn a_reader_ignores_fields_that_were_added_later_and_keeps_their_bytes() {
        let event = read("product-events", deleted().to_string().as_bytes()).unwrap();
        assert!(event.data.get().contains("\"added\":\"later\""));
    }

    #[test]
    fn every_way_to_be_unreadable_has_its_code() {
        assert_eq!(code("product-events", b"not json"), "not_json");
        assert_eq!(code("product-events", b"{} {}"), "breaks_schema");
        assert_eq!(code("product-events", &vec![b' '; MAX_EVENT_BYTES + 1]), "too_large");
        assert_eq!(code("product-events", "[".repeat(5_000).as_bytes()), "not_json");
        assert_eq!(code("product-events", b"{\"id\":\"\xff\"}"), "not_json");
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        for json in ["[1,2]", "1", "null", " \"text\"", "{\"specversion\":1}", deep.as_str()] {
            assert_eq!(code("product-events", json.as_bytes()), "breaks_schema", "{json}");
        }
        assert_eq!(code("notify", deleted().to_string().as_bytes()), "wrong_topic");
        for (pointer, value) in [
            ("/type", serde_json::json!("Unheard")),
            ("/id", serde_json::json!("")),
            ("/id", serde_json::json!("a\0b")),
            ("/time", serde_json::json!("yesterday")),
            ("/data/version", serde_json::json!("2")),
            ("/data/id", serde_json::json!("no spaces")),
            ("/data", serde_json::json!(["p-1", 2, "2026-11-21T06:00:00.5Z"])),
        ] {
            let mut event = deleted();
            *event.pointer_mut(pointer).unwrap() = value;
            assert_eq!(code("product-events", event.to_string().as_bytes()), "breaks_schema", "{pointer}");
        }
    }

    #[test]
    fn the_message_names_the_field() {
        let mut event = deleted();
        event["data"]["version"] = serde_json::json!(-1);
        let unreadable = read("product-events", event.to_string().as_bytes()).unwrap_err();
        assert!(unreadable.to_string().contains("$.data.version"), "{unreadable}");
    }
}
