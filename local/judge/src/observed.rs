//! What is stored, published, logged, archived and given up.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::analytics::Analytics;
use super::event::Attributes;
use super::timer::{DueIndex, StoredTimer};

/// Where a record is in Kafka.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.topic, self.partition, self.offset)
    }
}

/// An item of the products table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProduct {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u64,
    /// The product as JSON; `None` if it was deleted.
    pub body: Option<String>,
}

/// An item of the orders table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// Id.
    pub id: String,
    /// Status, on which the stock consumer decides.
    pub status: String,
    /// The order as JSON.
    pub body: String,
}

/// An item of the ingredients table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredIngredient {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u64,
    /// The ingredient as JSON.
    pub body: String,
}

/// An item of the mails table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// Id and source of the event that it reports, with a `#` between them.
    pub event: String,
    /// Whether it was sent.
    pub sent: bool,
}

/// A record of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicRecord {
    /// Where it is.
    pub place: Place,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Names and values of its headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Value; `None` for a tombstone.
    pub value: Option<Vec<u8>>,
}

/// An event as recorded by a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Event id.
    pub id: String,
    /// Source of the event.
    pub source: String,
    /// Event type.
    pub kind: String,
    /// When it happened; `None` if the copy does not say it.
    pub time: Option<Timestamp>,
    /// Every attribute, with its JSON.
    pub attributes: Attributes,
    /// The payload, byte for byte.
    pub data: String,
    /// Where the record was.
    pub place: Place,
}

/// A line of an archive object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveLine {
    /// Key of the object.
    pub object: String,
    /// Kafka's timestamp of the record.
    pub timestamp: Timestamp,
    /// The event.
    pub copy: Copy,
}

/// A dead letter, with its bytes from wherever they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Id.
    pub id: String,
    /// The consumer that gave up.
    pub consumer: String,
    /// Stable code of the reason.
    pub reason: String,
    /// Where the record is.
    pub place: Place,
    /// Key of the record.
    pub key: Option<Vec<u8>>,
    /// Value of the record.
    pub value: Option<Vec<u8>>,
}

/// An entry of the feed of notifications.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FeedEntry {
    /// Its number.
    pub seq: u64,
    /// The event, or the dead letter.
    pub event_id: String,
    /// The type of the event, or what else it is.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Everything that is there. Records are in offset order.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The products table.
    pub products: Vec<StoredProduct>,
    /// The orders table.
    pub orders: Vec<StoredOrder>,
    /// The ingredients table.
    pub ingredients: Vec<StoredIngredient>,
    /// The mails table.
    pub mails: Vec<StoredMail>,
    /// Timers.
    pub timers: Vec<StoredTimer>,
    /// The due index, by timer.
    pub due: DueIndex,
    /// Aggregate and entry of what is pending in the outbox.
    pub outbox: Vec<String>,
    /// The topics.
    pub records: Vec<TopicRecord>,
    /// The event log.
    pub log: Vec<Copy>,
    /// The archive.
    pub archive: Vec<ArchiveLine>,
    /// The dead letters.
    pub dead_letters: Vec<DeadLetter>,
    /// The analytics, and when they were read; `None` if there are none.
    pub analytics: Option<(Analytics, Timestamp)>,
    /// The feed of notifications; `None` if the stack has none.
    pub feed: Option<Vec<FeedEntry>>,
    /// Places that cannot be read, and why.
    pub unreadable: Vec<(String, String)>,
}
