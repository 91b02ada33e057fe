//! A Kafka event source mapping: one task per partition.
//!
//! Partitions are polled and delivered independently, so a failing batch blocks only its own partition. At most one
//! invocation is in flight per partition (LDG/kafka-scaling-modes). An invocation carries one partition; AWS may mix
//! them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::batch::{Limits, PAYLOAD_BYTES};
use super::deliver::{Dispatcher, Shape};
use super::destination::{Destination, Failure, Message, iso};
use super::event::{EventSource, KafkaEnvelope, kafka_record};
use super::filter::Filter;
use super::ordered_log::{self, Arrived, ArrivedOf, OrderedLog, RECONNECT};
use super::outage::Outage;
use super::record::Record;
use super::response::KafkaIdentifier;
use super::source::{Room, Source};
use crate::invoke::Invoke;
use crate::stop::Stop;

/// How often the topic is checked for new partitions and for partitions whose task has ended.
pub const PARTITION_REFRESH: Duration = Duration::from_secs(5);

/// Bytes of records that a partition takes from its queue at once.
const TAKE_BYTES: usize = PAYLOAD_BYTES;

/// A mapping, ready to run.
pub struct KafkaPoller<I, S> {
    /// Delivers its batches.
    pub dispatcher: Dispatcher<I>,
    /// Reads its topic.
    pub source: Arc<S>,
    /// Name of the topic.
    pub topic: String,
    /// Which records pass.
    pub filter: Filter,
    /// What events name as their source.
    pub event_source: EventSource,
    /// Bootstrap servers, as named in events.
    pub bootstrap_servers: String,
    /// Maximum number of records in a batch.
    pub batch_size: usize,
    /// How long to wait for a batch to fill.
    pub window: Duration,
}

impl<I: Invoke, S: Source> KafkaPoller<I, S> {
    /// Runs until the stack stops; starts a task for every partition, including later ones.
    pub async fn run(self: Arc<Self>, mut stop: Stop) {
        let outage = Arc::new(Outage::new(&self.dispatcher.mapping, "Kafka"));
        let mut lanes = JoinSet::new();
        let mut known = BTreeMap::new();
        let mut failures = 0_u32;
        loop {
            let partitions = tokio::select! {
                biased;
                () = stop.requested() => break,
                partitions = self.source.partitions() => partitions,
            };
            let wait = match partitions {
                Ok(partitions) => {
                    outage.over();
                    failures = 0;
                    known.retain(|_, task: &mut tokio::task::AbortHandle| !task.is_finished());
                    for partition in partitions {
                        known.entry(partition).or_insert_with(|| {
                            let (poller, outage) = (Arc::clone(&self), Arc::clone(&outage));
                            let stop = stop.clone();
                            lanes.spawn(async move { poller.run_partition(partition, &outage, stop).await })
                        });
                    }
                    PARTITION_REFRESH
                }
                Err(error) => {
                    outage.seen(&error);
                    failures = failures.saturating_add(1);
                    RECONNECT.after(failures)
                }
            };
            if !stop.sleep(wait).await {
                break;
            }
            while lanes.try_join_next().is_some() {}
        }
        while lanes.join_next().await.is_some() {}
    }

    async fn run_partition(&self, partition: i32, outage: &Outage, mut stop: Stop) {
        let mut failures = 0_u32;
        loop {
            let opened = tokio::select! {
                biased;
                () = stop.requested() => return,
                opened = self.source.open(partition) => opened,
            };
            let Err(error) = opened else { break };
            outage.seen(&error);
            failures = failures.saturating_add(1);
            if !stop.sleep(RECONNECT.after(failures)).await {
                return;
            }
        }
        let envelope = KafkaEnvelope::new(&self.event_source, &self.bootstrap_servers, &self.topic, partition);
        let limits = Limits {
            records: self.batch_size,
            window: self.window,
            payload_bytes: PAYLOAD_BYTES,
            envelope_bytes: envelope.bytes(),
        };
        let shape = KafkaShape { envelope, bootstrap_servers: self.bootstrap_servers.clone() };
        let mut log = PartitionLog { source: &*self.source, partition, filter: &self.filter };
        ordered_log::run(&self.dispatcher, &shape, &mut log, limits, outage, stop).await;
    }
}

/// A record with its JSON, which every attempt sends again.
#[derive(Debug)]
pub struct Sent {
    /// The record.
    pub record: Record,
    /// The record as it is in the event.
    pub json: Bytes,
}

/// How Lambda represents the records of one partition.
struct KafkaShape {
    envelope: KafkaEnvelope,
    bootstrap_servers: String,
}

impl KafkaShape {
    fn info(&self, records: (&str, Value), batch_size: usize, payload_size: usize) -> Value {
        let (name, records) = records;
        json!({
            "batchSize": batch_size,
            "bootstrapServers": self.bootstrap_servers,
            "payloadSize": payload_size,
            name: records,
        })
    }

    /// S3 receives the whole batch, with the event as text.
    fn object(&self, failure: &Failure, items: &[&Sent], now: Timestamp) -> Option<Message> {
        let (first, last) = (&items.first()?.record, &items.last()?.record);
        let event = self.event(items);
        let range = json!({
            "firstRecordOffset": first.offset.to_string(),
            "lastRecordOffset": last.offset.to_string(),
            "firstRecordTimestamp": iso(first.timestamp),
            "lastRecordTimestamp": iso(last.timestamp),
        });
        let records = json!({ self.envelope.records_key.as_str(): range });
        let info = self.info(("recordsInfo", records), items.len(), event.len());
        let payload = Value::from(String::from_utf8_lossy(&event).into_owned());
        Some(failure.message(now, ("KafkaBatchInfo", info), payload, None))
    }

    /// A topic receives one message per record, under the record's key, with the event as JSON.
    fn topic_record(&self, failure: &Failure, item: &Sent, now: Timestamp) -> Message {
        let event = self.event(&[item]);
        let record = json!({"offset": item.record.offset.to_string(), "timestamp": iso(item.record.timestamp)});
        let info = self.info(("recordInfo", record), 1, event.len());
        let payload = serde_json::from_slice(&event).unwrap_or(Value::Null);
        failure.message(now, ("KafkaBatchInfo", info), payload, item.record.key.clone())
    }
}

impl Shape for KafkaShape {
    type Item = Sent;
    type Identifier = KafkaIdentifier;

    fn json<'a>(&self, item: &'a Sent) -> &'a [u8] {
        &item.json
    }

    fn created_ms(&self, item: &Sent) -> i64 {
        item.record.timestamp
    }

    fn identifier(&self, item: &Sent) -> KafkaIdentifier {
        KafkaIdentifier { partition: self.envelope.records_key.clone(), offset: item.record.offset }
    }

    fn event(&self, items: &[&Sent]) -> Bytes {
        self.envelope.event(items.iter().map(|item| item.json.as_ref()))
    }

    fn messages(&self, to: &Destination, failure: &Failure, items: &[&Sent], now: Timestamp) -> Vec<Message> {
        match to {
            Destination::Bucket(_) => self.object(failure, items, now).into_iter().collect(),
            Destination::Topic(_) => items.iter().map(|item| self.topic_record(failure, item, now)).collect(),
        }
    }
}

/// A partition as an ordered log; its position is the offset of the next record.
struct PartitionLog<'a, S> {
    source: &'a S,
    partition: i32,
    filter: &'a Filter,
}

impl<S: Source> OrderedLog for PartitionLog<'_, S> {
    type Shape = KafkaShape;
    type Position = i64;

    async fn read(&mut self, records: usize) -> Option<ArrivedOf<Self>> {
        let taken = self.source.take(self.partition, Room { records, bytes: TAKE_BYTES }).await;
        let arrived = taken.into_iter().map(|record| {
            let (before, after) = (record.offset, record.offset.saturating_add(1));
            let passes = self.filter.passes_kafka(record.value.as_deref());
            let item = passes.then(|| Sent { json: kafka_record(&record), record });
            Arrived { item, before, after }
        });
        Some(arrived.collect())
    }

    async fn commit(&mut self, offset: i64) -> Result<(), String> {
        self.source.commit(self.partition, offset).await.map_err(|error| error.to_string())
    }
}
