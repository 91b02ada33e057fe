//! The topic as a client sees it.

use std::collections::{BTreeMap, BTreeSet};

use krafka::Kafka;
use krafka::producer::Record;
use millrace_judge::observed::{Place, TopicRecord};
use millrace_judge::read::topic;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Stack;

pub const TOPIC: &str = "product-events";
/// The product of [`event`].
pub const KEY: &str = "p-1";

/// An event, with the original bytes of its `data`.
#[derive(Debug, Deserialize)]
pub struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub time: String,
    /// 0 for user activity, which has none.
    #[serde(rename = "aggregateversion", default)]
    pub version: u64,
    pub traceparent: Option<String>,
    pub data: Box<RawValue>,
}

/// A record of the topic.
pub struct Published {
    pub partition: i32,
    pub offset: i64,
    pub key: String,
    pub headers: BTreeMap<String, String>,
    pub event: Event,
}

/// A valid event about the product [`KEY`] that no API created.
pub fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:millrace:test", "type": "ProductDeleted", "subject": KEY,
        "time": jiff::Timestamp::now().to_string(), "datacontenttype": "application/json",
        "dataschema": "urn:millrace:schema:ProductDeleted:1", "aggregateversion": 1,
        "data": {"id": KEY, "version": 1, "deletedAt": "2026-11-21T06:00:00Z"}
    })
}

/// The end offset of each partition.
pub async fn ends(servers: &str) -> BTreeMap<i32, i64> {
    ends_of(servers, TOPIC).await
}

/// Like [`ends`], for another topic.
pub async fn ends_of(servers: &str, name: &str) -> BTreeMap<i32, i64> {
    topic::ends(servers, name).await.unwrap()
}

/// The first occurrence of every event of the topic [`TOPIC`]: a producer's retry may repeat it. Each record must be an
/// event.
pub async fn events(servers: &str) -> Vec<Published> {
    events_of(servers, TOPIC).await
}

/// Like [`events`], for another topic.
pub async fn events_of(servers: &str, name: &str) -> Vec<Published> {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let published = |record: TopicRecord| Published {
        partition: record.place.partition,
        offset: record.place.offset,
        key: record.key.map(text).unwrap(),
        headers: record.headers.into_iter().map(|(name, value)| (name, text(value))).collect(),
        event: serde_json::from_slice(&record.value.unwrap()).unwrap(),
    };
    let mut seen = BTreeSet::new();
    let events = topic::records(servers, name).await.unwrap().into_iter().map(published);
    events.filter(|published| seen.insert(published.event.id.clone())).collect()
}

impl Stack {
    /// Produces records one after the other, notes them in the journal, and returns where each is.
    pub async fn produce(&self, records: Vec<Record>) -> Vec<(i32, i64)> {
        let kafka = Kafka::builder(&self.addresses.kafka).connect().await.unwrap();
        let producer = kafka.producer().build().await.unwrap();
        let mut places = Vec::new();
        for record in records {
            let stored = producer.send(record).await.unwrap();
            let place = Place { topic: stored.topic.clone(), partition: stored.partition, offset: stored.offset };
            self.journal.produced(place).unwrap();
            places.push((stored.partition, stored.offset));
        }
        producer.close().await.unwrap();
        places
    }
}
