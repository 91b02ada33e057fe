//! Lambda's Kafka batch, and the decoding of each record into an event or a dead letter.
//!
//! The types are our own, because those of `aws_lambda_events` reject a whole batch if one record has the timestamp -1
//! (Kafka's "none") or a header without a value, and such a batch would block its partition for ever. They also lose a
//! millisecond of every other timestamp.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Incoming, Position};
use crate::dead_letter::DeadLetter;
use millrace_domain::event::identity::{ID_REUSED, content_digest};
use millrace_domain::event::{read, structured};
use millrace_platform::telemetry::{TRACEPARENT, TraceContext};

/// The payload of an invocation by a Kafka event source mapping.
#[derive(Debug, Default, Deserialize)]
pub struct KafkaBatch {
    /// Records, keyed by `topic-partition`.
    #[serde(default)]
    pub records: BTreeMap<String, Vec<KafkaRecord>>,
}

/// A record as Lambda delivers it.
#[derive(Debug, Deserialize)]
pub struct KafkaRecord {
    topic: String,
    partition: i64,
    /// Offset in the partition.
    pub offset: i64,
    #[serde(default)]
    timestamp: i64,
    key: Option<String>,
    value: Option<String>,
    headers: Option<Headers>,
}

impl KafkaRecord {
    fn trace(&self) -> Option<TraceContext> {
        let headers = &self.headers.as_ref()?.0;
        let (_, bytes) = headers.iter().find(|(name, _)| name == TRACEPARENT)?;
        std::str::from_utf8(bytes).ok()?.parse().ok()
    }
}

/// The headers of a record: a list of maps, each with one name and its value's bytes as signed numbers. Only those with a
/// meaning here are kept, because all of them would take more memory than the record.
#[derive(Debug)]
struct Headers(Vec<(String, Vec<u8>)>);

/// The headers in one map of that list.
struct Header(Vec<(String, Vec<u8>)>);

/// Whether a header has a meaning here: the trace context, and the attributes of an event in binary mode.
fn is_read(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == TRACEPARENT || name == "content-type" || name.starts_with("ce_")
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list of headers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Headers, A::Error> {
                let mut headers = Vec::new();
                while let Some(Header(found)) = list.next_element()? {
                    headers.extend(found);
                }
                Ok(Headers(headers))
            }
        }
        deserializer.deserialize_seq(List)
    }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a header")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut headers = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    if is_read(&name) {
                        let bytes: Option<Vec<i8>> = map.next_value()?;
                        let bytes = bytes.map(|bytes| bytes.into_iter().map(i8::cast_unsigned).collect());
                        headers.extend(bytes.map(|bytes| (name, bytes)));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Header(headers))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

/// Decodes the event of a record, or returns the dead letter of a record that is not an event. An invalid timestamp is
/// replaced by `now`.
pub(super) fn decode(record: KafkaRecord, consumer: &'static str, now: Timestamp) -> Result<Incoming, Box<DeadLetter>> {
    let trace = record.trace();
    let headers = record.headers.map_or_else(Vec::new, |headers| headers.0);
    let KafkaRecord { topic, partition, offset, .. } = record;
    let bytes = |text: String| STANDARD.decode(&text).map_or_else(|_| Bytes::from(text), Bytes::from);
    let key = record.key.map(bytes);
    let value = record.value.map(bytes);
    let timestamp = Timestamp::from_millisecond(record.timestamp).ok().filter(|time| time.as_second() > 0);
    let timestamp = timestamp.unwrap_or(now);
    let position = Position { topic, partition, offset, timestamp };
    let (reason, detail) = match &value {
        None => ("tombstone", "a record without a value is no event".to_owned()),
        Some(bytes) => {
            let text = structured(&headers, bytes).unwrap_or_else(|| bytes.clone());
            match read(&position.topic, &text, timestamp) {
                Ok(event) => {
                    let trace = trace.or_else(|| event.traceparent.as_deref()?.parse().ok());
                    return Ok(Incoming { event, key, value: text, position, trace });
                }
                Err(unreadable) => (unreadable.code(), unreadable.to_string()),
            }
        }
    };
    // Identified by its position: an id inside an invalid record could collide with that of another event.
    let id = format!("{consumer}:{}:{partition}:{offset}", position.topic);
    let topic = position.topic;
    Err(Box::new(DeadLetter {
        id,
        source: None,
        content: None,
        consumer,
        reason,
        detail,
        topic,
        partition,
        offset,
        attempts: 1,
        key,
        value,
        redrive: None,
    }))
}

/// The dead letter of an event that cannot be processed.
pub(super) fn letter(record: Incoming, consumer: &'static str, reason: &'static str, detail: String) -> DeadLetter {
    let Incoming { event, key, value, position: Position { topic, partition, offset, .. }, .. } = record;
    DeadLetter {
        content: (reason == ID_REUSED).then(|| content_digest(&event)),
        redrive: event.redriveid,
        id: event.id,
        source: Some(event.source),
        consumer,
        reason,
        detail,
        topic,
        partition,
        offset,
        attempts: 1,
        key,
        value: Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(record: serde_json::Value) -> Result<Incoming, Box<DeadLetter>> {
        decode(serde_json::from_value(record).unwrap(), "test", Timestamp::from_second(1_795_240_800).unwrap())
    }

    #[test]
    fn a_record_with_an_odd_timestamp_or_header_is_still_one_record() {
        let event = serde_json::json!({
            "specversion": "1.0", "id": "e", "source": "s", "type": "ProductDeleted", "subject": "p",
            "time": "2026-11-21T06:00:00Z", "datacontenttype": "application/json", "dataschema": "d",
            "aggregateversion": 1, "data": {"id": "p", "version": 1, "deletedAt": "2026-11-21T06:00:00Z"}
        });
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let header: Vec<i8> = trace.bytes().map(u8::cast_signed).collect();
        for (sent, read) in
            [(-1, 1_795_240_800_000), (i64::MAX, 1_795_240_800_000), (1_795_240_800_123, 1_795_240_800_123)]
        {
            let incoming = decoded(serde_json::json!({
                "topic": "product-events", "partition": 0, "offset": 7, "timestamp": sent,
                "value": STANDARD.encode(event.to_string()), "headers": [{"none": null}, {"traceparent": header}]
            }))
            .unwrap();
            assert_eq!(incoming.position.timestamp.as_millisecond(), read);
            assert_eq!(incoming.trace.unwrap().to_string(), trace);
        }
    }

    #[test]
    fn an_event_in_binary_mode_is_read_from_its_headers_and_kept_in_structured_mode() {
        let header = |name: &str, value: &str| {
            let bytes: Vec<i8> = value.bytes().map(u8::cast_signed).collect();
            serde_json::json!({name: bytes})
        };
        let incoming = decoded(serde_json::json!({
            "topic": "user-activity-events", "partition": 0, "offset": 7, "timestamp": 1_795_240_800_123_i64,
            "value": STANDARD.encode(r#"{"userId":"u","type":"t","payload":{}}"#),
            "headers": [
                header("ce_specversion", "1.0"), header("ce_id", "e"), header("ce_source", "urn:shop"),
                header("ce_type", "UserActivity"), header("ce_tenant", "eu"), header("content-type", "application/json"),
            ]
        }))
        .unwrap();
        assert_eq!((incoming.event.id.as_str(), incoming.event.subject.as_str()), ("e", "u"));
        assert_eq!(incoming.event.time.as_millisecond(), 1_795_240_800_123);
        let value: serde_json::Value = serde_json::from_slice(&incoming.value).unwrap();
        assert_eq!((&value["tenant"], &value["data"]["userId"]), (&"eu".into(), &"u".into()));
    }

    #[test]
    fn what_is_no_event_keeps_its_bytes_and_is_named_by_its_position() {
        let letter = decoded(serde_json::json!({
            "topic": "product-events", "partition": 3, "offset": 7, "value": STANDARD.encode([0xff, 0x00])
        }))
        .unwrap_err();
        assert_eq!((letter.id.as_str(), letter.reason), ("test:product-events:3:7", "not_json"));
        assert_eq!(letter.value.unwrap().as_ref(), [0xff, 0x00]);
    }
}
