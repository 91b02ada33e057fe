//! An event of a user: as it arrives, and while it waits for its turn.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;

use crate::item::{EventState, Status, Waited, optional};
use crate::keys;
use millrace_domain::activity::{ActivityType, InvalidText, UserId};
use millrace_domain::event::identity::source_key;
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// An event of a user, with its Kafka record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Id of the event.
    pub id: String,
    /// Source of the event.
    pub source: String,
    /// Digest of what it says ([`content_digest`](millrace_domain::event::identity::content_digest)).
    pub content: String,
    /// Whether its id belongs to another content of its source. It fails when its turn comes.
    pub reused: bool,
    /// The user.
    pub user: UserId,
    /// Type of the activity.
    pub kind: ActivityType,
    /// Its position in the order of the user's events.
    pub seq: Option<u64>,
    /// Whether every attempt to process it fails.
    pub fails: bool,
    /// When it happened, in Unix milliseconds.
    pub at: i64,
    /// Id of the redrive that sent it again.
    pub redrive: Option<String>,
    /// Its Kafka record.
    pub record: Record,
}

/// What makes an event unique: its source and id, and its content if the id belongs to another content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Id of the event.
    pub id: String,
    /// The source as it appears in keys, and after `#` the digest of the content if the id belongs to another one.
    pub source: String,
}

impl Identity {
    pub(crate) fn new(id: &str, source: &str, content: Option<&str>) -> Self {
        let source = source_key(source);
        let source = content.map_or_else(|| source.to_string(), |content| format!("{source}#{content}"));
        Self { id: id.to_owned(), source }
    }
}

/// The Kafka record of an event, as a dead letter stores it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i64,
    /// Offset.
    pub offset: i64,
    /// Key.
    pub key: Option<Bytes>,
    /// Value.
    pub value: Bytes,
}

/// An event that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The event.
    pub activity: Activity,
    /// When it began to wait, in Unix milliseconds.
    pub since: i64,
    /// The seq that it waits for; `None` if it waits for its next attempt alone.
    pub missing: Option<u64>,
}

impl Activity {
    /// What makes it unique.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(&self.id, &self.source, self.reused.then_some(&*self.content))
    }

    /// What it is unique by as long as its id belongs to no other content.
    #[must_use]
    pub fn claimed(&self) -> Identity {
        Identity::new(&self.id, &self.source, None)
    }

    /// Whether it is attempted, and every attempt fails.
    #[must_use]
    pub fn is_attempted_in_vain(&self) -> bool {
        self.fails && !self.reused
    }

    /// Its rank among the waiting events: its seq, or 0 without one.
    #[must_use]
    pub fn rank(&self) -> u64 {
        self.seq.unwrap_or(0)
    }

    /// Its state before any attempt.
    #[must_use]
    pub fn state(&self, status: Status) -> EventState {
        EventState {
            event_id: self.id.clone(),
            source: self.source.clone(),
            content: self.content.clone(),
            reused: self.reused,
            status,
            user_id: self.user.to_string(),
            kind: self.kind.to_string(),
            seq: self.seq,
            processed_at: None,
            attempts: 0,
            error: None,
            late: false,
            waited: None,
            position: None,
            tries: 0,
            retry_at: None,
            redrive: self.redrive.clone(),
        }
    }

    /// Approximate size of its item while it waits, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let key = self.record.key.as_ref().map_or(0, Bytes::len);
        self.record.value.len()
            + key
            + 2 * (self.id.len() + self.source.len())
            + self.user.as_str().len()
            + self.kind.as_str().len()
            + 512
    }
}

impl Waiting {
    /// Since when it waits, and for which seq, if it came early.
    #[must_use]
    pub fn waited(&self) -> Option<Waited> {
        self.missing.map(|missing| Waited { since: self.since, missing })
    }

    /// The item.
    #[must_use]
    pub fn to_item(&self) -> Item {
        let Activity { id, source, content, reused, user, kind, seq, fails, at, redrive, record } = &self.activity;
        let blob = |bytes: &Bytes| AttributeValue::B(Blob::new(bytes.to_vec()));
        let mut item = Item::from([
            (keys::PK.to_owned(), s(keys::order(user.as_str()))),
            (keys::SK.to_owned(), s(keys::waiting(self.activity.rank(), &self.activity.identity()))),
            ("eventId".to_owned(), s(id)),
            ("source".to_owned(), s(source)),
            ("content".to_owned(), s(content)),
            ("user".to_owned(), s(user.as_str())),
            ("type".to_owned(), s(kind.as_str())),
            ("at".to_owned(), n(at)),
            ("waitsSince".to_owned(), n(self.since)),
            ("topic".to_owned(), s(&record.topic)),
            ("partition".to_owned(), n(record.partition)),
            ("offset".to_owned(), n(record.offset)),
            ("bytes".to_owned(), blob(&record.value)),
        ]);
        item.extend(self.missing.map(|missing| ("missing".to_owned(), n(missing))));
        item.extend(seq.map(|seq| ("seq".to_owned(), n(seq))));
        item.extend(reused.then(|| ("reused".to_owned(), AttributeValue::Bool(true))));
        item.extend(fails.then(|| ("fails".to_owned(), AttributeValue::Bool(true))));
        item.extend(redrive.as_ref().map(|redrive| ("redrive".to_owned(), s(redrive))));
        item.extend(record.key.as_ref().map(|key| ("recordKey".to_owned(), blob(key))));
        item
    }

    /// Reads an item.
    ///
    /// # Errors
    /// The item cannot be read.
    pub fn from_item(item: &Item) -> Result<Self, StoreError> {
        let owned = |name| text(item, name).map(str::to_owned);
        let corrupt = |error: InvalidText| StoreError::Corrupt(error.to_string());
        let blob = |name: &str| {
            let blob = item.get(name).and_then(|value| value.as_b().ok());
            blob.map(|blob| Bytes::copy_from_slice(blob.as_ref()))
        };
        let record = Record {
            topic: owned("topic")?,
            partition: number(item, "partition")?,
            offset: number(item, "offset")?,
            key: blob("recordKey"),
            value: blob("bytes").ok_or_else(|| StoreError::Corrupt("an event without bytes".to_owned()))?,
        };
        let activity = Activity {
            id: owned("eventId")?,
            source: owned("source")?,
            content: owned("content")?,
            reused: item.contains_key("reused"),
            user: UserId::try_from(owned("user")?).map_err(corrupt)?,
            kind: ActivityType::try_from(owned("type")?).map_err(corrupt)?,
            seq: optional(item, "seq")?,
            fails: item.contains_key("fails"),
            at: number(item, "at")?,
            redrive: owned("redrive").ok(),
            record,
        };
        Ok(Self { activity, since: number(item, "waitsSince")?, missing: optional(item, "missing")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_waits_is_read_as_it_was_stored() {
        let record = Record {
            topic: "user-activity-events".to_owned(),
            partition: 3,
            offset: 7,
            key: Some(Bytes::from_static(b"u")),
            value: Bytes::from_static(b"{}"),
        };
        let activity = Activity {
            id: "e".to_owned(),
            source: "urn:shop".to_owned(),
            content: "00".to_owned(),
            reused: true,
            user: UserId::try_from("u".to_owned()).unwrap(),
            kind: ActivityType::try_from("click".to_owned()).unwrap(),
            seq: Some(7),
            fails: true,
            at: 5,
            redrive: Some("r".to_owned()),
            record,
        };
        let plain = Activity { reused: false, seq: None, fails: false, redrive: None, ..activity.clone() };
        for (activity, missing) in [(activity, Some(6)), (plain, None)] {
            let waiting = Waiting { activity, since: 9, missing };
            assert_eq!(Waiting::from_item(&waiting.to_item()).unwrap(), waiting);
            assert!(!waiting.to_item().contains_key(keys::USER_ID), "only the event's own item is in the user's list");
        }
    }
}
