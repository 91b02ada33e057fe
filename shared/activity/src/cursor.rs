//! Progress through a user's events.

use crate::item::optional;
use crate::keys;
use millrace_domain::activity::UserId;
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// A user's cursor. Every transaction about the user writes it on condition that its version is still the one that was
/// read, so two consumers never decide from the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Counts the transactions; 0 for a user without any.
    pub version: u64,
    /// The seq to be processed next.
    pub next: u64,
    /// Number of the user's events that were processed or failed.
    pub position: u64,
    /// The latest `processedAt`, in Unix milliseconds: a later event never gets an earlier time, even if clocks differ.
    pub last_at: i64,
    /// Number of waiting events.
    pub waiting: u32,
    /// While events wait: a lower bound of their seqs. Events without a seq count as 0.
    pub first: u64,
    /// While events wait for a gap: when the gap was noticed, in Unix milliseconds. If `None`, the gap was noticed when
    /// the first event after it arrived.
    pub since: Option<i64>,
    /// The partition of the event that most recently began to wait.
    pub partition: i64,
    /// While events wait: when the user has to be checked, in Unix milliseconds.
    pub due_at: i64,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            version: 0,
            next: 1,
            position: 0,
            last_at: 0,
            waiting: 0,
            first: 0,
            since: None,
            partition: 0,
            due_at: 0,
        }
    }
}

impl Cursor {
    /// Whether the waiting events have to be read before going on: one of them may be next.
    #[must_use]
    pub fn may_have_ready(&self) -> bool {
        self.waiting > 0 && self.first <= self.next
    }

    /// Whether an event with this seq may already be stored. If its seq is neither before the cursor nor at or after
    /// the first waiting one, the event is certainly new for this user.
    #[must_use]
    pub fn may_be_stored(&self, seq: Option<u64>) -> bool {
        seq.is_none_or(|seq| seq < self.next || (self.waiting > 0 && seq >= self.first))
    }

    /// The item.
    #[must_use]
    pub fn to_item(&self, user: &UserId) -> Item {
        let mut item = Item::from([
            (keys::PK.to_owned(), s(keys::order(user.as_str()))),
            (keys::SK.to_owned(), s(keys::CURSOR_SK)),
            ("user".to_owned(), s(user.as_str())),
            ("version".to_owned(), n(self.version)),
            ("next".to_owned(), n(self.next)),
            ("position".to_owned(), n(self.position)),
            ("lastAt".to_owned(), n(self.last_at)),
            ("waiting".to_owned(), n(self.waiting)),
        ]);
        if self.waiting > 0 {
            item.insert("first".to_owned(), n(self.first));
            item.extend(self.since.map(|since| ("since".to_owned(), n(since))));
            item.insert(keys::DUE_SHARD.to_owned(), s(keys::shard(user.as_str())));
            item.insert(keys::DUE_AT.to_owned(), s(keys::time(self.due_at)));
            item.insert("dueMs".to_owned(), n(self.due_at));
            item.insert("partition".to_owned(), n(self.partition));
        }
        item
    }

    /// Reads an item.
    ///
    /// # Errors
    /// The item cannot be read.
    pub fn from_item(item: &Item) -> Result<(UserId, Self), StoreError> {
        let user = UserId::try_from(text(item, "user")?.to_owned());
        let cursor = Self {
            version: number(item, "version")?,
            next: number(item, "next")?,
            position: number(item, "position")?,
            last_at: number(item, "lastAt")?,
            waiting: number(item, "waiting")?,
            first: optional(item, "first")?.unwrap_or(0),
            since: optional(item, "since")?,
            partition: optional(item, "partition")?.unwrap_or(0),
            due_at: optional(item, "dueMs")?.unwrap_or(0),
        };
        Ok((user.map_err(|error| StoreError::Corrupt(error.to_string()))?, cursor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_stored_and_is_due_only_while_events_wait() {
        let user = UserId::try_from("u".to_owned()).unwrap();
        let idle = Cursor { version: 3, next: 8, position: 7, last_at: 1_795_240_800_123, ..Cursor::default() };
        let busy =
            Cursor { waiting: 2, first: 10, since: Some(5), partition: 3, due_at: 1_795_240_860_000, ..idle.clone() };
        for cursor in [&idle, &busy] {
            assert_eq!(Cursor::from_item(&cursor.to_item(&user)).unwrap(), (user.clone(), cursor.clone()));
        }
        assert!(!idle.to_item(&user).contains_key(keys::DUE_SHARD));
        assert_eq!(text(&busy.to_item(&user), keys::DUE_AT).unwrap(), "2026-11-21T06:01:00.000Z");
        assert_eq!(
            [None, Some(7), Some(8), Some(9), Some(10)].map(|seq| busy.may_be_stored(seq)),
            [true, true, false, false, true]
        );
    }
}
