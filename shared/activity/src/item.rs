//! The item of an event, which also marks it as seen and so deduplicates it.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use crate::event::Identity;
use crate::keys;
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// Status of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Waiting: for earlier events, or for its next attempt.
    Buffered,
    /// Processed.
    Processed,
    /// Failed, and dead-lettered.
    Failed,
}

impl Status {
    /// The name on the wire and in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Processed => "processed",
            Self::Failed => "failed",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Buffered, Self::Processed, Self::Failed].into_iter().find(|status| status.name() == name)
    }
}

/// That an event came before its turn and waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waited {
    /// Since when, in Unix milliseconds.
    pub since: i64,
    /// The seq that was missing then.
    pub missing: u64,
}

/// An event as it is stored, and as `GET /events/{id}` returns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventState {
    /// Id of the event.
    pub event_id: String,
    /// Source of the event, with which its id is unique.
    pub source: String,
    /// Digest of what it says.
    #[serde(skip)]
    pub content: String,
    /// Whether its id belongs to another content of its source.
    #[serde(skip)]
    pub reused: bool,
    /// Its status.
    pub status: Status,
    /// The user.
    pub user_id: String,
    /// Type of the activity.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its position in the order of the user's events.
    pub seq: Option<u64>,
    /// When it was processed or failed, in Unix milliseconds. Never changed, except by a redrive.
    pub processed_at: Option<i64>,
    /// Number of attempts to process it, including those of redrives. Each is counted before it runs.
    pub attempts: u32,
    /// Why the last attempt failed, or why there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// It arrived after its turn: the user's cursor had passed its seq.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Since when it waited for earlier events, if it came early.
    #[serde(skip)]
    pub waited: Option<Waited>,
    /// Its position among the user's events that were processed or failed, from 1, in the order of processing.
    #[serde(skip)]
    pub position: Option<u64>,
    /// Attempts of the current redrive; without a redrive, all attempts.
    #[serde(skip)]
    pub tries: u32,
    /// When the next attempt is due, in Unix milliseconds.
    #[serde(skip)]
    pub retry_at: Option<i64>,
    /// Id of the current or last redrive.
    #[serde(skip)]
    pub redrive: Option<String>,
}

impl EventState {
    /// What makes it unique.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::new(&self.event_id, &self.source, self.reused.then_some(&*self.content))
    }

    /// The item.
    #[must_use]
    pub fn to_item(&self) -> Item {
        let (id, identity) = (&self.event_id, self.identity());
        let mut item = Item::from([
            (keys::PK.to_owned(), s(keys::event(id))),
            (keys::SK.to_owned(), s(keys::event_of(&identity))),
            ("eventId".to_owned(), s(id)),
            ("source".to_owned(), s(&self.source)),
            ("content".to_owned(), s(&self.content)),
            ("status".to_owned(), s(self.status.name())),
            (keys::USER_ID.to_owned(), s(&self.user_id)),
            (keys::USER_ORDER.to_owned(), s(keys::user_order(self.seq, &identity))),
            ("type".to_owned(), s(&self.kind)),
            ("attempts".to_owned(), n(self.attempts)),
        ]);
        let mut set = |name: &str, value: Option<AttributeValue>| {
            item.extend(value.map(|value| (name.to_owned(), value)));
        };
        set("reused", self.reused.then_some(AttributeValue::Bool(true)));
        set("seq", self.seq.map(n));
        set("error", self.error.as_ref().map(s));
        set("late", self.late.then_some(AttributeValue::Bool(true)));
        set("waitedSince", self.waited.map(|waited| n(waited.since)));
        set("waitedFor", self.waited.map(|waited| n(waited.missing)));
        set("position", self.position.map(n));
        set("tries", (self.tries > 0).then(|| n(self.tries)));
        set("retryAt", self.retry_at.map(n));
        set("redrive", self.redrive.as_ref().map(s));
        if let Some(at) = self.processed_at {
            set("processedAt", Some(n(at)));
            let processed = (self.status == Status::Processed).then_some(());
            set(keys::PROCESSED_SHARD, processed.map(|()| s(keys::shard(id))));
            set(keys::PROCESSED_ID, processed.map(|()| s(keys::processed_id(at, &identity))));
        }
        item
    }

    /// Reads an item, from the table or an index.
    ///
    /// # Errors
    /// The item cannot be read.
    pub fn from_item(item: &Item) -> Result<Self, StoreError> {
        let owned = |name| text(item, name).map(str::to_owned);
        let status = text(item, "status")?;
        let status = Status::from_name(status).ok_or_else(|| StoreError::Corrupt(format!("a status {status}")))?;
        Ok(Self {
            event_id: owned("eventId")?,
            source: owned("source")?,
            content: owned("content")?,
            reused: item.contains_key("reused"),
            status,
            user_id: owned(keys::USER_ID)?,
            kind: owned("type")?,
            seq: optional(item, "seq")?,
            processed_at: optional(item, "processedAt")?,
            attempts: number(item, "attempts")?,
            error: owned("error").ok(),
            late: item.contains_key("late"),
            waited: optional(item, "waitedSince")?
                .zip(optional(item, "waitedFor")?)
                .map(|(since, missing)| Waited { since, missing }),
            position: optional(item, "position")?,
            tries: optional(item, "tries")?.unwrap_or(0),
            retry_at: optional(item, "retryAt")?,
            redrive: owned("redrive").ok(),
        })
    }
}

/// The number in an attribute that may be absent.
pub(super) fn optional<T: std::str::FromStr>(item: &Item, name: &str) -> Result<Option<T>, StoreError> {
    item.contains_key(name).then(|| number(item, name)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_as_it_was_stored_and_answered_by_its_wire_names() {
        let event = EventState {
            event_id: "e".to_owned(),
            source: "urn:shop".to_owned(),
            content: "00".to_owned(),
            reused: false,
            status: Status::Processed,
            user_id: "u".to_owned(),
            kind: "click".to_owned(),
            seq: Some(7),
            processed_at: Some(1_795_240_800_123),
            attempts: 1,
            error: None,
            late: false,
            waited: None,
            position: Some(3),
            tries: 0,
            retry_at: None,
            redrive: None,
        };
        assert_eq!(EventState::from_item(&event.to_item()).unwrap(), event);
        let json = serde_json::json!({
            "eventId": "e", "source": "urn:shop", "status": "processed", "userId": "u", "type": "click", "seq": 7,
            "processedAt": 1_795_240_800_123_i64, "attempts": 1
        });
        assert_eq!(serde_json::to_value(&event).unwrap(), json);
        let waiting = EventState {
            reused: true,
            status: Status::Buffered,
            seq: None,
            processed_at: None,
            late: true,
            waited: Some(Waited { since: 4, missing: 6 }),
            tries: 2,
            retry_at: Some(5),
            redrive: Some("r".to_owned()),
            error: Some("why".to_owned()),
            ..event
        };
        assert_eq!(EventState::from_item(&waiting.to_item()).unwrap(), waiting);
        assert!(!waiting.to_item().contains_key(keys::PROCESSED_SHARD), "the index has processed events only");
    }
}
