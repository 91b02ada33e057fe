//! The topic as a client sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use krafka::Kafka;
use krafka::admin::{DescribeTopicsOptions, ListOffsetsOptions, OffsetSpec, TopicPartition};
use krafka::consumer::{AutoOffsetReset, ConsumerRecord};
use krafka::producer::Record;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::PATIENCE;

pub const TOPIC: &str = "product-events";
/// The product of [`event`].
pub const KEY: &str = "p-1";

/// Longest wait of one poll, and of one fetch in it.
const POLL: Duration = Duration::from_millis(500);
const FETCH: Duration = Duration::from_millis(10);

/// An event. `data` has the bytes that it came with.
#[derive(Debug, Deserialize)]
pub struct Event {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub time: String,
    #[serde(rename = "aggregateversion")]
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

/// A valid event that no API made, about the product [`KEY`].
pub fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "urn:millrace:test", "type": "ProductDeleted", "subject": KEY,
        "time": jiff::Timestamp::now().to_string(), "datacontenttype": "application/json",
        "dataschema": "urn:millrace:schema:ProductDeleted:1", "aggregateversion": 1,
        "data": {"id": KEY, "version": 1, "deletedAt": "2026-11-21T06:00:00Z"}
    })
}

async fn connect(servers: &str) -> Kafka {
    Kafka::builder(servers).connect().await.unwrap()
}

/// The offset behind the last record of each partition.
pub async fn ends(servers: &str) -> BTreeMap<i32, i64> {
    let admin = connect(servers).await.admin();
    let topics = admin.describe_topics([TOPIC], DescribeTopicsOptions::default()).await.unwrap();
    let partitions = topics[TOPIC].as_ref().unwrap().partitions.iter().map(|partition| partition.partition);
    let latest = partitions.map(|partition| (TopicPartition::new(TOPIC, partition), OffsetSpec::Latest));
    let ends = admin.list_offsets(latest, ListOffsetsOptions::default()).await.unwrap();
    ends.into_iter().map(|(at, end)| (at.partition, end.unwrap().offset)).collect()
}

/// Every record of the topic from its start, in order within each partition.
pub async fn records(servers: &str) -> Vec<ConsumerRecord> {
    let ends: BTreeMap<i32, i64> = ends(servers).await.into_iter().filter(|(_, end)| *end > 0).collect();
    if ends.is_empty() {
        return Vec::new();
    }
    let consumer = connect(servers)
        .await
        .consumer_without_group()
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .fetch_max_wait(FETCH)
        .build()
        .await
        .unwrap();
    consumer.assign(TOPIC, ends.keys().copied().collect()).await.unwrap();
    let mut next: BTreeMap<i32, i64> = ends.keys().map(|partition| (*partition, 0)).collect();
    let mut records = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while next.iter().any(|(partition, offset)| *offset < ends[partition]) {
        assert!(Instant::now() < deadline, "the topic was read to {next:?} of {ends:?}");
        for record in consumer.poll(POLL).await.unwrap() {
            assert_eq!(Some(&record.offset), next.get(&record.partition), "partition {}", record.partition);
            next.insert(record.partition, record.offset + 1);
            records.push(record);
        }
    }
    consumer.close().await.unwrap();
    records
}

/// Every event of the topic, where it occurs first: a producer's retry may repeat it. Each record has to be an event.
pub async fn events(servers: &str) -> Vec<Published> {
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let published = |record: ConsumerRecord| Published {
        partition: record.partition,
        offset: record.offset,
        key: record.key.as_ref().map(text).unwrap(),
        headers: record.headers.iter().map(|(name, value)| (name.clone(), text(value.as_ref().unwrap()))).collect(),
        event: serde_json::from_slice(record.value.as_ref().unwrap()).unwrap(),
    };
    let mut seen = BTreeSet::new();
    let events = records(servers).await.into_iter().map(published);
    events.filter(|published| seen.insert(published.event.id.clone())).collect()
}

/// Produces records one after the other, and answers where each is.
pub async fn produce(servers: &str, records: Vec<Record>) -> Vec<(i32, i64)> {
    let producer = connect(servers).await.producer().build().await.unwrap();
    let mut places = Vec::new();
    for record in records {
        let stored = producer.send(record).await.unwrap();
        places.push((stored.partition, stored.offset));
    }
    producer.close().await.unwrap();
    places
}
