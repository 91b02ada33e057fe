//! The JSON that Lambda sends for Kafka records and for DynamoDB stream records. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::record::Record;

/// Which kind of Kafka mapping the event names as its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventSource {
    /// A self-managed cluster.
    SelfManaged,
    /// Amazon MSK, with the ARN of the cluster.
    Msk(String),
}

/// The parts around the records of one partition in a Kafka event (LDG/with-msk, LDG/with-kafka).
///
/// One event carries one partition. AWS may mix partitions in one payload; the order within each partition holds either
/// way.
#[derive(Debug, Clone)]
pub struct KafkaEnvelope {
    /// `topic-partition`: the key of the records map, and the `partition` of an item identifier.
    pub records_key: String,
    head: String,
}

/// Closes the records list, the records map and the event.
const KAFKA_TAIL: &str = "]}}";

impl KafkaEnvelope {
    /// The envelope for a partition.
    pub fn new(source: &EventSource, bootstrap_servers: &str, topic: &str, partition: i32) -> Self {
        let records_key = format!("{topic}-{partition}");
        let origin = match source {
            EventSource::SelfManaged => "\"eventSource\":\"SelfManagedKafka\"".to_owned(),
            EventSource::Msk(arn) => {
                format!("\"eventSource\":\"aws:kafka\",\"eventSourceArn\":{}", Value::from(arn.as_str()))
            }
        };
        let servers = Value::from(bootstrap_servers);
        let key = Value::from(records_key.as_str());
        let head = format!("{{{origin},\"bootstrapServers\":{servers},\"records\":{{{key}:[");
        Self { records_key, head }
    }

    /// Bytes of the event around its records.
    pub fn bytes(&self) -> usize {
        self.head.len() + KAFKA_TAIL.len()
    }

    /// The event with these records, each produced by [`kafka_record`].
    pub fn event<'a>(&self, records: impl Iterator<Item = &'a [u8]>) -> Bytes {
        enclose(&self.head, records, KAFKA_TAIL)
    }
}

/// Opens and closes a DynamoDB stream event (LDG/with-ddb).
const STREAM_HEAD: &str = "{\"Records\":[";
const STREAM_TAIL: &str = "]}";

/// Bytes of a DynamoDB stream event around its records.
pub const STREAM_ENVELOPE_BYTES: usize = STREAM_HEAD.len() + STREAM_TAIL.len();

/// The event with these DynamoDB stream records, each of them JSON.
pub fn stream_event<'a>(records: impl Iterator<Item = &'a [u8]>) -> Bytes {
    enclose(STREAM_HEAD, records, STREAM_TAIL)
}

/// The event with these records and members, those of a tumbling window.
pub fn window_event<'a>(records: impl Iterator<Item = &'a [u8]>, members: Map<String, Value>) -> Bytes {
    let members = Value::Object(members).to_string();
    let tail = format!("],{}", members.strip_prefix('{').unwrap_or(&members));
    enclose(STREAM_HEAD, records, &tail)
}

fn enclose<'a>(head: &str, records: impl Iterator<Item = &'a [u8]>, tail: &str) -> Bytes {
    let mut event = head.as_bytes().to_vec();
    for (at, record) in records.enumerate() {
        if at > 0 {
            event.push(b',');
        }
        event.extend_from_slice(record);
    }
    event.extend_from_slice(tail.as_bytes());
    event.into()
}

/// One record of a Kafka event as JSON.
///
/// Key and value are base64. A null key and the null value of a tombstone are absent, not `null`: users of live
/// mappings report this (aws-powertools/powertools-lambda-typescript #5016), and the documentation is silent. `headers`
/// is always present, because functions in Rust need it.
pub fn kafka_record(record: &Record) -> Bytes {
    let json = KafkaRecordJson {
        topic: &record.topic,
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        timestamp_type: record.timestamp_type.name(),
        key: record.key.as_ref().map(|key| STANDARD.encode(key)),
        value: record.value.as_ref().map(|value| STANDARD.encode(value)),
        headers: Headers(&record.headers),
    };
    // Only strings, numbers and lists of them, so this cannot fail.
    serde_json::to_vec(&json).unwrap_or_default().into()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KafkaRecordJson<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    timestamp_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    headers: Headers<'a>,
}

/// A list of one-entry maps from name to signed bytes. A null header value becomes an empty list.
struct Headers<'a>(&'a [(String, Option<Bytes>)]);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for (name, value) in self.0 {
            list.serialize_element(&Header(name, value.as_deref().unwrap_or_default()))?;
        }
        list.end()
    }
}

struct Header<'a>(&'a str, &'a [u8]);

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let signed: Vec<i8> = self.1.iter().map(|byte| byte.cast_signed()).collect();
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.0, &signed)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::mapping::record::TimestampType;

    fn record() -> Record {
        Record {
            topic: "t".into(),
            partition: 3,
            offset: 15,
            timestamp: 1_545_084_650_987,
            timestamp_type: TimestampType::CreateTime,
            key: Some(Bytes::from_static(b"k")),
            value: Some(Bytes::from_static(b"Hello, this is a test.")),
            headers: vec![("h".into(), Some(Bytes::from_static(&[104, 255]))), ("h".into(), None)],
        }
    }

    #[test]
    fn the_event_is_the_documented_one() {
        let envelope = KafkaEnvelope::new(&EventSource::SelfManaged, "a:9092,b:9092", "t", 3);
        let one = kafka_record(&record());
        let event = envelope.event([one.as_ref(), one.as_ref()].into_iter());
        assert_eq!(event.len(), envelope.bytes() + 2 * one.len() + 1);
        let expected = json!({
            "topic": "t", "partition": 3, "offset": 15, "timestamp": 1_545_084_650_987_i64,
            "timestampType": "CREATE_TIME", "key": "aw==", "value": "SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==",
            "headers": [{"h": [104, -1]}, {"h": []}],
        });
        assert_eq!(
            serde_json::from_slice::<Value>(&event).unwrap(),
            json!({"eventSource": "SelfManagedKafka", "bootstrapServers": "a:9092,b:9092",
                   "records": {"t-3": [expected, expected]}})
        );
    }

    #[test]
    fn an_msk_event_names_its_cluster() {
        let envelope = KafkaEnvelope::new(&EventSource::Msk("arn:aws:kafka:x".into()), "a:9092", "t", 0);
        let event: Value = serde_json::from_slice(&envelope.event(std::iter::empty())).unwrap();
        assert_eq!((&event["eventSource"], &event["eventSourceArn"]), (&json!("aws:kafka"), &json!("arn:aws:kafka:x")));
    }

    #[test]
    fn a_tombstone_has_no_value_and_a_null_key_is_absent() {
        let json: Value =
            serde_json::from_slice(&kafka_record(&Record { key: None, value: None, ..record() })).unwrap();
        assert!(json.get("key").is_none() && json.get("value").is_none());
        assert!(json.get("headers").is_some());
    }
}
