//! Logs the first delivery of an event; a repeat changes nothing, and another content with its id is a dead letter.
//!
//! A batch is looked up and then written in few calls, since conditional writes would need one call per event. Two
//! exactly simultaneous deliveries of an event may both write it: the result is one item, with the position and expiry
//! of the later write.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_domain::event::identity::{self, ID_REUSED, content_digest};
use millrace_domain::json;
use millrace_platform::clock;
use millrace_platform::dynamo::shards::{SHARDS, shard_of};
use millrace_platform::dynamo::{
    Item, StoreError, WRITE_BATCH, batch_get_attributes, batch_write, n, put_request, s, text,
};
use millrace_store::event_log::{
    BYTES, CONTENT, EVENT_ID, LOGGED_AT, PUBLISHED_AT, SOURCE_KEY, SUBJECT, SUBJECT_ORDER, TIME_ID, TRACE_SHARD,
    bucket, day, subject_order, time_id, trace_shard,
};
use serde_json::value::RawValue;

/// Concurrent calls. The log does not depend on order, only on completeness.
const AT_ONCE: usize = 8;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// The event log.
#[derive(Debug, Clone)]
pub struct EventLog {
    pub dynamo: Client,
    pub table: String,
    /// Retention of events, in days.
    pub days: u16,
}

/// Id of an event, and its source as it appears in keys.
type Key = (String, String);

/// A record of a batch.
struct Entry<'a> {
    key: Key,
    content: String,
    record: &'a Incoming,
}

/// The content that the log has of an event after its chunk was written, or why it was not.
type Logged = BTreeMap<Key, Result<String, String>>;

impl Consumer for EventLog {
    const NAME: &'static str = "event-log";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let entries: Vec<Entry> = records.iter().map(Entry::of).collect();
        // Of several records of an event in the batch, the first.
        let mut first: BTreeMap<&Key, &Entry> = BTreeMap::new();
        for entry in &entries {
            first.entry(&entry.key).or_insert(entry);
        }
        let new: Vec<&Entry> = first.into_values().collect();
        let calls: Vec<_> = new.chunks(WRITE_BATCH).map(|entries| self.log(entries)).collect();
        let written: Vec<Result<Logged, StoreError>> = stream::iter(calls).buffered(AT_ONCE).collect().await;
        let mut logged = Logged::new();
        for (entries, written) in new.chunks(WRITE_BATCH).zip(written) {
            match written {
                Ok(contents) => logged.extend(contents),
                Err(error) => {
                    logged.extend(entries.iter().map(|entry| (entry.key.clone(), Err(error.to_string()))));
                }
            }
        }
        entries.iter().map(|entry| entry.verdict(&logged)).collect()
    }
}

impl<'a> Entry<'a> {
    fn of(record: &'a Incoming) -> Self {
        let event = &record.event;
        Self { key: (event.id.clone(), event.source_key().into_owned()), content: content_digest(event), record }
    }

    fn verdict(&self, logged: &Logged) -> Verdict {
        match logged.get(&self.key) {
            Some(Ok(content)) if *content == self.content => Verdict::Done,
            Some(Ok(_)) => {
                let event = &self.record.event;
                Verdict::DeadLetter { reason: ID_REUSED, detail: identity::reused(&event.source, &event.id) }
            }
            Some(Err(why)) => Verdict::Retry(why.clone()),
            None => Verdict::Retry("not logged".to_owned()),
        }
    }

    fn item(&self, days: u16, now: Timestamp) -> Result<Item, StoreError> {
        let Incoming { event, position, value, .. } = self.record;
        let (day, shard) = (day(event.time), shard_of(&event.id, SHARDS));
        let attributes = attributes(value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let mut item = Item::from([
            (EVENT_ID.to_owned(), s(&event.id)),
            (SOURCE_KEY.to_owned(), s(&self.key.1)),
            (CONTENT.to_owned(), s(&self.content)),
            ("source".to_owned(), s(&event.source)),
            ("type".to_owned(), s(event.kind.name())),
            ("topic".to_owned(), s(&position.topic)),
            ("partition".to_owned(), n(position.partition)),
            ("offset".to_owned(), n(position.offset)),
            ("time".to_owned(), s(event.time.to_string())),
            (BYTES.to_owned(), n(attributes.len() + event.data.get().len())),
            ("attributes".to_owned(), s(attributes)),
            ("data".to_owned(), s(event.data.get())),
            (PUBLISHED_AT.to_owned(), n(position.timestamp.as_millisecond())),
            (LOGGED_AT.to_owned(), n(now.as_millisecond())),
            (SUBJECT.to_owned(), s(&event.subject)),
            (SUBJECT_ORDER.to_owned(), s(subject_order(event, &self.key.1))),
            ("timeBucket".to_owned(), s(bucket(None, day, shard))),
            ("typeBucket".to_owned(), s(bucket(Some(event.kind), day, shard))),
            (TIME_ID.to_owned(), s(time_id(event.time, &event.id, &self.key.1))),
            // Counted from now, so that events delivered late by a relay or replay are kept for the full time.
            ("expiresAt".to_owned(), n(now.as_second() + i64::from(days) * SECONDS_PER_DAY)),
        ]);
        let trace = self.record.trace.as_ref().map(|trace| trace_shard(&trace.trace_id(), event.kind, &event.id));
        item.extend(trace.map(|shard| (TRACE_SHARD.to_owned(), s(shard))));
        Ok(item)
    }
}

impl EventLog {
    /// Logs those of these events that are not in the log yet, and returns the content that the log has of each.
    async fn log(&self, entries: &[&Entry<'_>]) -> Result<Logged, StoreError> {
        let key = |entry: &&Entry| {
            let (id, source) = &entry.key;
            Item::from([(EVENT_ID.to_owned(), s(id)), (SOURCE_KEY.to_owned(), s(source))])
        };
        let keys: Vec<Item> = entries.iter().map(key).collect();
        let mut logged = Logged::new();
        for item in batch_get_attributes(&self.dynamo, &self.table, &keys, &[EVENT_ID, SOURCE_KEY, CONTENT]).await? {
            let owned = |name| text(&item, name).map(str::to_owned);
            logged.insert((owned(EVENT_ID)?, owned(SOURCE_KEY)?), Ok(owned(CONTENT)?));
        }
        let new: Vec<&&Entry> = entries.iter().filter(|entry| !logged.contains_key(&entry.key)).collect();
        let now = clock::now();
        let puts = new.iter().map(|entry| put_request(entry.item(self.days, now)?)).collect::<Result<Vec<_>, _>>()?;
        batch_write(&self.dynamo, &self.table, puts).await?;
        logged.extend(new.into_iter().map(|entry| (entry.key.clone(), Ok(entry.content.clone()))));
        Ok(logged)
    }
}

/// All attributes of an event, as a JSON object: what the event has besides its data.
fn attributes(event: &[u8]) -> Result<String, serde_json::Error> {
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_slice(event)?;
    members.retain(|name, _| name != "data" && name != "data_base64");
    serde_json::to_string(&members).map(|attributes| json::compact(&attributes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_every_attribute_with_all_its_digits() {
        let event = br#"{ "id":"e", "data": {"id":"p"}, "tenant": "eu-1", "size": 12345678901234567890, "data_base64": "e30=" }"#;
        assert_eq!(attributes(event).unwrap(), r#"{"id":"e","size":12345678901234567890,"tenant":"eu-1"}"#);
    }
}
