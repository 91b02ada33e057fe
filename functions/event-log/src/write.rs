//! Logs the first delivery of an event; a repeat changes nothing.
//!
//! A batch is looked up and then written in few calls, since conditional writes would need one call per event. Two
//! exactly simultaneous deliveries of an event may both write it: the result is one item, with the position and expiry
//! of the later write.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_platform::clock;
use millrace_platform::dynamo::shards::{SHARDS, shard_of};
use millrace_platform::dynamo::{
    Item, StoreError, WRITE_BATCH, batch_get_attribute, batch_write, n, put_request, s, text,
};
use millrace_store::event_log::{bucket, day, time_id};

/// Concurrent calls. The log does not depend on order, only on completeness.
const AT_ONCE: usize = 8;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Key of the table.
const EVENT_ID: &str = "eventId";

/// The event log.
#[derive(Debug, Clone)]
pub struct EventLog {
    pub dynamo: Client,
    pub table: String,
    /// Retention of events, in days.
    pub days: u16,
}

impl Consumer for EventLog {
    const NAME: &'static str = "event-log";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        // Of several occurrences of an event in the batch, the first.
        let mut first: BTreeMap<&str, &Incoming> = BTreeMap::new();
        for record in records {
            first.entry(&record.event.id).or_insert(record);
        }
        let events: Vec<&Incoming> = first.into_values().collect();
        let calls: Vec<_> = events.chunks(WRITE_BATCH).map(|events| self.log(events)).collect();
        let logged: Vec<Result<(), StoreError>> = stream::iter(calls).buffered(AT_ONCE).collect().await;
        let mut failed: BTreeMap<&str, String> = BTreeMap::new();
        for (events, logged) in events.chunks(WRITE_BATCH).zip(logged) {
            if let Err(error) = logged {
                failed.extend(events.iter().map(|record| (record.event.id.as_str(), error.to_string())));
            }
        }
        let verdict =
            |record: &Incoming| failed.get(record.event.id.as_str()).cloned().map_or(Verdict::Done, Verdict::Retry);
        records.iter().map(verdict).collect()
    }
}

impl EventLog {
    /// Logs those of these events that are not in the log yet.
    async fn log(&self, events: &[&Incoming]) -> Result<(), StoreError> {
        let keys: Vec<Item> =
            events.iter().map(|record| Item::from([(EVENT_ID.to_owned(), s(&record.event.id))])).collect();
        let there = batch_get_attribute(&self.dynamo, &self.table, &keys, EVENT_ID).await?;
        let there: BTreeSet<&str> = there.iter().map(|item| text(item, EVENT_ID)).collect::<Result<_, _>>()?;
        let new = events.iter().filter(|record| !there.contains(record.event.id.as_str()));
        let now = clock::now();
        let puts = new.map(|record| put_request(item(record, self.days, now))).collect::<Result<Vec<_>, _>>()?;
        batch_write(&self.dynamo, &self.table, puts).await
    }
}

fn item(record: &Incoming, days: u16, now: Timestamp) -> Item {
    let Incoming { event, position, .. } = record;
    let (day, shard) = (day(event.time), shard_of(&event.id, SHARDS));
    Item::from([
        (EVENT_ID.to_owned(), s(&event.id)),
        ("type".to_owned(), s(event.kind.name())),
        ("topic".to_owned(), s(&position.topic)),
        ("partition".to_owned(), n(position.partition)),
        ("offset".to_owned(), n(position.offset)),
        ("time".to_owned(), s(event.time.to_string())),
        ("data".to_owned(), s(event.data.get())),
        ("timeBucket".to_owned(), s(bucket(None, day, shard))),
        ("typeBucket".to_owned(), s(bucket(Some(event.kind), day, shard))),
        ("timeId".to_owned(), s(time_id(event.time, &event.id))),
        // Counted from now, so that events delivered late by a relay or replay are kept for the full time.
        ("expiresAt".to_owned(), n(now.as_second() + i64::from(days) * SECONDS_PER_DAY)),
    ])
}
