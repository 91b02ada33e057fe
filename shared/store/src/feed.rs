//! The feed of notifications: one sequence, without holes, of what people want to know.
//!
//! Entries are stored in chunks, the entries of one transaction, so that a transaction has room for the marker of each
//! event. A chunk's partition key is its segment, 1,000 entries of the sequence, and its sort key the last number in it:
//! whatever comes after a number is one Query, and no partition grows without end. The head has the last number and where each
//! day began.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use millrace_platform::dynamo::{Item, OnTable, StoreError, n, number, s, text};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::event_log::day;

/// Partition key of the table.
pub const PK: &str = "pk";
/// Sort key of the table.
pub const SK: &str = "sk";

/// Days that an entry stays in the feed. An older event is not news any more.
pub const RETENTION_DAYS: i64 = 7;

/// Largest number that is asked for: JavaScript holds no larger one exactly.
pub const MAX_SEQ: u64 = (1 << 53) - 1;

/// The number of an entry as a client writes it: digits, 0 for the beginning.
#[must_use]
pub fn number_of(text: &str) -> Option<u64> {
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| all_digits && *number <= MAX_SEQ)
}

/// Numbers of a segment.
const SEGMENT: u64 = 1_000;

/// Most chunks that one Query reads, of up to about 300 KB each; it also stops at 1 MB.
const CHUNKS: i32 = 25;

/// Key of the head, both parts.
const HEAD: &str = "head";

/// An entry as clients get it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its number: 1, 2, 3 and so on.
    pub seq: u64,
    /// Id of the event, or of the dead letter.
    pub event_id: String,
    /// Type of the event, `DeadLetter` or `UserActivityCount`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is about: the event's `subject`.
    pub subject: String,
    /// When it happened.
    pub time: Timestamp,
    /// A line for people.
    pub title: String,
    /// The data of the event, with its own numbers.
    pub data: Box<RawValue>,
}

/// The end of the feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The last number; 0 if there is none yet.
    pub last: u64,
    /// The first number of each day (UTC) that has one and is not long over.
    pub days: BTreeMap<Date, u64>,
}

impl Head {
    /// How many numbers are left in the segment of the next entry.
    #[must_use]
    pub fn room(&self) -> u64 {
        SEGMENT - self.last % SEGMENT
    }

    /// The head after `count` more entries at `now`.
    #[must_use]
    pub fn after(&self, count: u64, now: Timestamp) -> Self {
        let today = day(now);
        let kept = first_kept(today);
        let mut days = self.days.clone();
        days.entry(today).or_insert(self.last + 1);
        // The day before too: it may be the last one with entries that are kept.
        days.retain(|day, _| *day >= kept);
        Self { last: self.last + count, days }
    }

    /// The smallest number that is certainly kept at `now`; the one after the last if there is none.
    #[must_use]
    pub fn oldest(&self, now: Timestamp) -> u64 {
        let kept = first_kept(day(now));
        self.days.range(kept..).next().map_or(self.last + 1, |(_, first)| *first)
    }

    /// Attributes of the head's item.
    #[must_use]
    pub fn to_item(&self) -> Item {
        let days = self.days.iter().map(|(day, first)| (day.to_string(), n(first))).collect();
        let (pk, sk) = (s(HEAD), s(HEAD));
        HashMap::from([
            (PK.to_owned(), pk),
            (SK.to_owned(), sk),
            ("last".to_owned(), n(self.last)),
            ("days".to_owned(), AttributeValue::M(days)),
        ])
    }

    fn read(item: &Item) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt("days of the feed's head".to_owned());
        let days = item.get("days").and_then(|days| days.as_m().ok()).ok_or_else(corrupt)?;
        let day = |(name, first): (&String, &AttributeValue)| {
            let first = first.as_n().ok().and_then(|first| first.parse().ok());
            name.parse::<Date>().ok().zip(first).ok_or_else(corrupt)
        };
        Ok(Self { last: number(item, "last")?, days: days.iter().map(day).collect::<Result<_, _>>()? })
    }
}

/// The first day of which entries are kept.
fn first_kept(today: Date) -> Date {
    today.checked_sub(RETENTION_DAYS.days()).unwrap_or(today)
}

/// Partition key of the chunk that has the entry `seq`.
#[must_use]
pub fn segment(seq: u64) -> String {
    format!("feed#{:017}", seq.saturating_sub(1) / SEGMENT)
}

/// Sort key of the chunk whose last entry is `seq`.
#[must_use]
pub fn position(seq: u64) -> String {
    format!("{seq:020}")
}

/// Partition key of the marker that an event is in the feed. Its sort key is the source, as it is in keys.
#[must_use]
pub fn marker(event_id: &str) -> String {
    format!("event#{event_id}")
}

/// Name of a chunk's attribute with its entries.
pub const ENTRIES: &str = "entries";

/// The feed, for readers.
#[derive(Debug, Clone)]
pub struct Feed {
    dynamo: Client,
    table: String,
}

impl Feed {
    /// The feed in a table.
    #[must_use]
    pub fn new(dynamo: Client, table: String) -> Self {
        Self { dynamo, table }
    }

    /// The head, read consistently.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn head(&self) -> Result<Head, StoreError> {
        let get = self.dynamo.get_item().table_name(&self.table).key(PK, s(HEAD)).key(SK, s(HEAD));
        let found = get.consistent_read(true).send().await.on(&self.table)?;
        found.item.as_ref().map_or_else(|| Ok(Head::default()), Head::read)
    }

    /// Entries after the number `after`, in order: those that one consistent Query finds. None means that there are none, or
    /// that those which follow have expired ([`Feed::start`]).
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn after(&self, after: u64) -> Result<Vec<Entry>, StoreError> {
        let query = self.dynamo.query().table_name(&self.table).consistent_read(true).limit(CHUNKS);
        let answer = query
            .key_condition_expression("#pk = :segment AND #sk > :after")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":segment", s(segment(after.saturating_add(1))))
            .expression_attribute_values(":after", s(position(after)))
            .send()
            .await
            .on(&self.table)?;
        let mut entries = Vec::new();
        for item in answer.items() {
            let chunk: Vec<Entry> = serde_json::from_str(text(item, ENTRIES)?)
                .map_err(|error| StoreError::Corrupt(format!("a chunk of the feed: {error}")))?;
            entries.extend(chunk.into_iter().filter(|entry| entry.seq > after));
        }
        Ok(entries)
    }

    /// Where somebody who has seen `after` goes on at `now`: there, or before the oldest entry that is kept if what follows
    /// has expired, or if the feed never came so far.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn start(&self, after: u64, now: Timestamp) -> Result<u64, StoreError> {
        let head = self.head().await?;
        Ok(if after > head.last { head.oldest(now) - 1 } else { after.max(head.oldest(now) - 1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_entry_is_in_the_segment_that_is_asked_for_it() {
        for after in [0, 1, 998, 999, 1_000, 1_001, 1_999, 2_000] {
            let head = Head { last: after, days: BTreeMap::new() };
            let last_of_chunk = after + head.room();
            assert_eq!(segment(after + 1), segment(last_of_chunk), "after {after}");
            assert_ne!(segment(last_of_chunk), segment(last_of_chunk + 1), "after {after}");
            assert!(position(after) < position(after + 1));
        }
        assert!(position(9) < position(10) && position(u64::MAX - 1) < position(u64::MAX));
    }

    #[test]
    fn the_number_of_an_entry_is_digits_and_nothing_else() {
        for (text, expected) in [("0", 0), ("17", 17), ("9007199254740991", MAX_SEQ)] {
            assert_eq!(number_of(text), Some(expected));
        }
        for text in ["", "-1", "+1", "1.0", "9007199254740992", "18446744073709551616", "seq", " 1"] {
            assert_eq!(number_of(text), None, "{text}");
        }
    }

    #[test]
    fn the_head_knows_the_oldest_entry_that_is_kept() {
        let at = |day: i64| format!("2026-11-{day:02}T12:00:00Z").parse::<Timestamp>().unwrap();
        let mut head = Head::default();
        assert_eq!(head.oldest(at(1)), 1, "of an empty feed, the first");
        for day in [1, 2, 2, 5] {
            head = head.after(10, at(day));
        }
        assert_eq!((head.last, head.oldest(at(5)), head.oldest(at(8))), (40, 1, 1));
        assert_eq!((head.oldest(at(9)), head.oldest(at(12)), head.oldest(at(13))), (11, 31, 41));
        assert_eq!(head.after(1, at(20)).days.len(), 1, "what is long over is forgotten");
        assert_eq!(Head::read(&head.to_item()).unwrap(), head);
    }
}
