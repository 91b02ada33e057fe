//! The transactional outbox: an event is stored in the transaction that changes its aggregate, and published
//! afterwards.
//!
//! The entries of an aggregate are published in the order of their versions, and each is deleted after Kafka has
//! acknowledged it. A publisher first reads **all** pending entries of the aggregate (a first version has none before
//! it). So the first occurrences of events are in order, even if two handlers race or one dies between its commit and
//! its produce: an event may be repeated, but never skipped. The relay publishes the entries that are left behind.
//!
//! One limit: while a transaction commits, `DynamoDB` makes its items visible one by one. A second writer that sees the
//! first one's aggregate, commits and queries within those milliseconds could miss the first one's entry, which is then
//! published after its successor.

pub mod bundle;
pub mod drain;
mod fast_path;
mod publish;
mod relay;

pub use fast_path::FastPath;
pub use publish::{Outbox, PublishFailure};
pub use relay::{RelayReport, publish_all, relay};

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::Timestamp;
use serde::Serialize;

use millrace_domain::event::{Data, Event};
use millrace_platform::dynamo::shards::{shard_key, shard_of};
use millrace_platform::dynamo::{Item, StoreError, n, s, text};

/// Partition keys of the index that the relay reads. Each entry is written and deleted there, so 64 keys support 32,000
/// events per second.
pub const SHARDS: u8 = 64;

/// Index of all entries: a shard, in the order of their times.
pub const PENDING: &str = "pending";

/// An event that waits to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Partition key: kind and id of the aggregate, such as `product#<id>`.
    pub aggregate: String,
    /// Sort key: version of the aggregate, and position within the version.
    pub entry: String,
    /// Topic.
    pub topic: String,
    /// Kafka key.
    pub key: String,
    /// Event id.
    pub event_id: String,
    /// The event as published on the topic.
    pub value: String,
    /// Trace context for the Kafka header.
    pub traceparent: Option<String>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// Whether the entry wakes the relay through the table's stream: set by writers that cannot produce.
    pub wake: bool,
}

/// An event cannot be stored: it is larger than [`millrace_domain::event::MAX_EVENT_BYTES`] or has no JSON form.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Too large; the size in bytes.
    #[error("the event has {0} bytes, more than {max}", max = millrace_domain::event::MAX_EVENT_BYTES)]
    TooLarge(usize),
    /// No JSON form.
    #[error("the event has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
}

impl Entry {
    /// The entry of an event. `position` orders events of the same version.
    ///
    /// # Errors
    /// The event is too large.
    pub fn new<D: Data + Serialize>(kind: &str, position: u8, event: &Event<D>) -> Result<Self, EntryError> {
        let value = serde_json::to_string(event)?;
        if value.len() > millrace_domain::event::MAX_EVENT_BYTES {
            return Err(EntryError::TooLarge(value.len()));
        }
        Ok(Self {
            aggregate: aggregate(kind, &event.subject),
            entry: format!("{:020}#{position:03}", event.data.version()),
            topic: event.kind.topic().name().to_owned(),
            key: event.data.key(),
            event_id: event.id.clone(),
            value,
            traceparent: event.traceparent.clone(),
            created_at: event.time,
            wake: false,
        })
    }

    /// The action that stores the entry. It belongs in the transaction that changes the aggregate.
    ///
    /// # Errors
    /// Never in practice: a required field of the request is missing.
    pub fn put(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(self.to_item()))
            .condition_expression("attribute_not_exists(#aggregate)")
            .expression_attribute_names("#aggregate", "aggregate")
            .build()
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Whether it belongs to the first version of its aggregate. An aggregate has only one: versions continue even when
    /// it is deleted and re-created.
    #[must_use]
    pub fn is_of_first_version(&self) -> bool {
        self.entry.split('#').next().is_some_and(|version| version.parse() == Ok(1_u64))
    }

    fn to_item(&self) -> Item {
        let mut item = Item::from([
            ("aggregate".to_owned(), s(&self.aggregate)),
            ("entry".to_owned(), s(&self.entry)),
            ("topic".to_owned(), s(&self.topic)),
            ("key".to_owned(), s(&self.key)),
            ("eventId".to_owned(), s(&self.event_id)),
            ("value".to_owned(), s(&self.value)),
            ("createdAt".to_owned(), s(format!("{:.3}", self.created_at))),
            ("shard".to_owned(), s(shard_key(shard_of(&self.aggregate, SHARDS)))),
            ("bytes".to_owned(), n(self.value.len())),
        ]);
        if let Some(traceparent) = &self.traceparent {
            item.insert("traceparent".to_owned(), s(traceparent));
        }
        if self.wake {
            item.insert("wake".to_owned(), AttributeValue::Bool(true));
        }
        item
    }

    fn from_item(item: &Item) -> Result<Self, StoreError> {
        let owned = |name| text(item, name).map(str::to_owned);
        let created_at = text(item, "createdAt")?;
        Ok(Self {
            aggregate: owned("aggregate")?,
            entry: owned("entry")?,
            topic: owned("topic")?,
            key: owned("key")?,
            event_id: owned("eventId")?,
            value: owned("value")?,
            traceparent: owned("traceparent").ok(),
            created_at: created_at.parse().map_err(|_| StoreError::Corrupt("createdAt is no time".to_owned()))?,
            wake: item.get("wake").and_then(|wake| wake.as_bool().ok()).copied().unwrap_or(false),
        })
    }
}

/// Partition key of an aggregate's entries.
#[must_use]
pub fn aggregate(kind: &str, id: &str) -> String {
    format!("{kind}#{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_stored_and_sorts_by_version() {
        let at = |entry: &str| Entry {
            aggregate: "product#p".to_owned(),
            entry: entry.to_owned(),
            topic: "product-events".to_owned(),
            key: "p".to_owned(),
            event_id: "e".to_owned(),
            value: "{}".to_owned(),
            traceparent: Some("00-a-b-01".to_owned()),
            created_at: "2026-11-21T06:00:00.500Z".parse().unwrap(),
            wake: true,
        };
        let entry = at("1");
        assert_eq!(Entry::from_item(&entry.to_item()).unwrap(), entry);
        let versions = ["00000000000000000001#001", "00000000000000000010#000", "00000000000000000000#000"];
        assert_eq!(versions.map(|version| at(version).is_of_first_version()), [true, false, false]);
        assert!(format!("{:020}#{:03}", 9, 1) < format!("{:020}#{:03}", 10, 0));
    }
}
