//! Reads records from a topic, and reports precisely why one cannot be read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::value::RawValue;

use super::{AnyEvent, Data, Event, EventType, MAX_EVENT_BYTES, MAX_INTEGER, SpecVersion};
use crate::activity::UserActivity;
use crate::ingredient::Notify;
use crate::order::Order;
use crate::product::{LowStockWarning, Product, ProductDeleted};
use crate::timer::{TimerCancelled, TimerDue, TimerFailed, TimerFired, TimerRequested};

/// Longest event id and subject, in bytes: they are keys in `DynamoDB`.
const MAX_ID_BYTES: usize = 256;

/// Longest source, in bytes. A user id of 256 bytes is one of at most 800.
const MAX_SOURCE_BYTES: usize = 2_048;

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

/// An event as a producer may write it: `CloudEvents` 1.0 requires four attributes.
#[derive(Deserialize)]
struct Envelope<'a> {
    specversion: SpecVersion,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: EventType,
    subject: Option<String>,
    time: Option<Timestamp>,
    datacontenttype: Option<String>,
    dataschema: Option<String>,
    /// Not needed here: the data has the version too.
    aggregateversion: Option<u32>,
    traceparent: Option<String>,
    redriveid: Option<String>,
    redriveconsumer: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    data_base64: Option<String>,
    kafka: Option<IgnoredAny>,
}

/// Reads the value of a record from `topic`, which Kafka got at `received`. The returned event's `data` is valid for its
/// type and keeps its bytes; its other attributes stay in the record.
///
/// # Errors
/// [`Unreadable`] says which rule the record breaks.
pub fn read(topic: &str, value: &[u8], received: Timestamp) -> Result<AnyEvent, Unreadable> {
    if value.len() > MAX_EVENT_BYTES {
        return Err(Unreadable::TooLarge(value.len()));
    }
    let envelope: Envelope = at_path("$", value)?;
    let kind = envelope.kind;
    named("$.id", &envelope.id, MAX_ID_BYTES)?;
    named("$.source", &envelope.source, MAX_SOURCE_BYTES)?;
    if kind.topic().name() != topic {
        return Err(Unreadable::WrongTopic { kind: kind.name(), topic: topic.to_owned() });
    }
    if envelope.aggregateversion.is_some_and(|version| version > MAX_INTEGER) {
        return Err(breaks("$.aggregateversion", format!("0 to {MAX_INTEGER} was expected")));
    }
    if envelope.kafka.is_some() {
        return Err(breaks("$.kafka", "the archive has the position of the event under this name"));
    }
    if !envelope.datacontenttype.as_deref().is_none_or(is_json) {
        return Err(breaks("$.datacontenttype", "application/json, or a type that ends in +json, was expected"));
    }
    let data = data(envelope.data, envelope.data_base64.as_deref())?;
    let owner = subject(kind, data.get().as_bytes())?;
    let subject = envelope.subject.unwrap_or(owner);
    named("$.subject", &subject, MAX_ID_BYTES)?;
    Ok(Event {
        specversion: envelope.specversion,
        id: envelope.id,
        source: envelope.source,
        kind,
        subject,
        time: envelope.time.unwrap_or(received),
        datacontenttype: envelope.datacontenttype,
        dataschema: envelope.dataschema,
        aggregateversion: envelope.aggregateversion,
        traceparent: envelope.traceparent,
        redriveid: envelope.redriveid,
        redriveconsumer: envelope.redriveconsumer,
        data,
    })
}

fn breaks(path: &str, detail: impl Into<String>) -> Unreadable {
    Unreadable::BreaksSchema { path: path.to_owned(), detail: detail.into() }
}

/// Whether a text may name something: it becomes a part of keys.
fn named(path: &str, text: &str, most: usize) -> Result<(), Unreadable> {
    if text.is_empty() || text.len() > most || text.contains('\0') {
        return Err(breaks(path, format!("1 to {most} bytes without NUL were expected")));
    }
    Ok(())
}

/// Whether a media type is that of JSON, by the rule of the JSON format of `CloudEvents`.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.split_once('/').is_some_and(|(_, subtype)| subtype == "json" || subtype.ends_with("+json"))
}

/// The data, which may be written as the base64 of its JSON.
fn data(plain: Option<&RawValue>, base64: Option<&str>) -> Result<Box<RawValue>, Unreadable> {
    match (plain, base64) {
        (Some(plain), None) => Ok(plain.to_owned()),
        (None, Some(base64)) => {
            let bytes = STANDARD.decode(base64).map_err(|_| breaks("$.data_base64", "base64 was expected"))?;
            serde_json::from_slice(&bytes).map_err(|_| breaks("$.data_base64", "the base64 of JSON was expected"))
        }
        (Some(_), Some(_)) => Err(breaks("$.data_base64", "either data or data_base64 was expected")),
        (None, None) => Err(breaks("$.data", "the field is missing")),
    }
}

/// Checks the data of an event, and returns the id of its aggregate.
fn subject(kind: EventType, data: &[u8]) -> Result<String, Unreadable> {
    fn of<T: DeserializeOwned + Data>(data: &[u8]) -> Result<String, Unreadable> {
        at_path::<T>("$.data", data).map(|data| data.subject())
    }
    match kind {
        EventType::ProductCreated | EventType::ProductUpdated => of::<Product>(data),
        EventType::ProductDeleted => of::<ProductDeleted>(data),
        EventType::LowStockWarning => of::<LowStockWarning>(data),
        EventType::OrderCreated | EventType::OrderConfirmed | EventType::OrderRejected => of::<Order>(data),
        EventType::Notify => of::<Notify>(data),
        EventType::UserActivity => of::<UserActivity>(data),
        EventType::TimerRequested => of::<TimerRequested>(data),
        EventType::TimerCancelled => of::<TimerCancelled>(data),
        EventType::TimerFired => of::<TimerFired>(data),
        EventType::TimerFailed => of::<TimerFailed>(data),
        EventType::TimerDue => of::<TimerDue>(data),
    }
}

fn at_path<'de, T: Deserialize<'de>>(root: &str, json: &'de [u8]) -> Result<T, Unreadable> {
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
        read(topic, value, Timestamp::UNIX_EPOCH).map_or_else(|unreadable| unreadable.code(), |_| "read")
    }

    #[test]
    fn a_reader_ignores_fields_that_were_added_later_and_keeps_their_bytes() {
        let event = read("product-events", deleted().to_string().as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
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
            ("/source", serde_json::json!("")),
            ("/source", serde_json::json!("s".repeat(2_049))),
            ("/subject", serde_json::json!("")),
            ("/time", serde_json::json!("yesterday")),
            ("/datacontenttype", serde_json::json!("text/xml")),
            ("/datacontenttype", serde_json::json!("json")),
            ("/aggregateversion", serde_json::json!(1_u64 << 31)),
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
    fn optional_attributes_are_optional_and_others_are_allowed() {
        let received = Timestamp::from_second(1_795_240_800).unwrap();
        let mut event = deleted();
        for name in ["subject", "time", "datacontenttype", "dataschema", "aggregateversion"] {
            event.as_object_mut().unwrap().remove(name);
        }
        event["partitionkey"] = serde_json::json!("eu-1");
        event["traceparent"] = serde_json::json!(null);
        let bare = read("product-events", event.to_string().as_bytes(), received).unwrap();
        assert_eq!((bare.subject.as_str(), bare.time, bare.dataschema), ("p-1", received, None));
        for name in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.shop+json", "text/json"] {
            event["datacontenttype"] = serde_json::json!(name);
            assert_eq!(code("product-events", event.to_string().as_bytes()), "read", "{name}");
        }
        for name in ["specversion", "id", "source", "type", "data"] {
            let mut event = deleted();
            event.as_object_mut().unwrap().remove(name);
            assert_eq!(code("product-events", event.to_string().as_bytes()), "breaks_schema", "{name}");
        }
        event["kafka"] = serde_json::json!("mine");
        assert_eq!(code("product-events", event.to_string().as_bytes()), "breaks_schema");
    }

    #[test]
    fn data_in_base64_is_the_same_data() {
        let mut event = deleted();
        let data = event.as_object_mut().unwrap().remove("data").unwrap();
        event["data_base64"] = STANDARD.encode(data.to_string()).into();
        let read = read("product-events", event.to_string().as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(read.data.get(), data.to_string());
        event["data_base64"] = "bm90IGpzb24=".into();
        assert_eq!(code("product-events", event.to_string().as_bytes()), "breaks_schema");
        event["data_base64"] = "no base64".into();
        assert_eq!(code("product-events", event.to_string().as_bytes()), "breaks_schema");
    }

    #[test]
    fn the_message_names_the_field() {
        let mut event = deleted();
        event["data"]["version"] = serde_json::json!(-1);
        let unreadable = read("product-events", event.to_string().as_bytes(), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(unreadable.to_string().contains("$.data.version"), "{unreadable}");
    }
}
