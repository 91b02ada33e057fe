//! Counts what waits, in the sparse indexes that have nothing else.
//!
//! An index is spread over shards, and the first items of each are read: their number is bounded, whatever waits, and the
//! oldest is always among them. An index that is empty costs half a read unit for each of its shards.

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use millrace_activity::{Cursor, keys};
use millrace_delivery::{dead_letter, outbox};
use millrace_platform::dynamo::shards::{SHARDS, shard_key};
use millrace_platform::dynamo::{Item, OnTable, StoreError, s, text};
use millrace_platform::settings::{MissingSetting, setting};
use millrace_store::timer;

/// About as many are counted of each kind; where there are more, the answer says so.
const MOST: usize = 1_024;

/// Concurrent reads.
const AT_ONCE: usize = 32;

/// The tables.
#[derive(Debug, Clone)]
pub struct Tables {
    outbox: String,
    activity: String,
    dead_letters: String,
    timers: String,
}

/// How many wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    pub count: u64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

/// The first items of a shard, and whether it has more.
type Page = (Vec<Item>, bool);

/// A list that is spread over shards, each in the order of time.
struct Sharded<'a> {
    table: &'a str,
    /// `None` for the table itself.
    index: Option<&'a str>,
    shards: u8,
    /// Name of the partition key, and its value for a shard.
    key: (&'a str, fn(u8) -> String),
    /// Name of the sort key, and the value up to which it is read.
    until: Option<(&'a str, String)>,
}

impl Tables {
    /// As the settings name them.
    pub fn from_env() -> Result<Self, MissingSetting> {
        Ok(Self {
            outbox: setting("OUTBOX_TABLE")?,
            activity: setting("ACTIVITY_TABLE")?,
            dead_letters: setting("DEAD_LETTER_TABLE")?,
            timers: setting("TIMERS_TABLE")?,
        })
    }

    /// Entries of the outbox. A bundle counts as one until it is split.
    pub async fn outbox(&self, dynamo: &Client) -> Result<Waiting, StoreError> {
        let (table, index) = (self.outbox.as_str(), Some(outbox::PENDING));
        let list = Sharded { table, index, shards: outbox::SHARDS, key: ("shard", shard_key), until: None };
        let oldest = |item: &Item| -> Option<Timestamp> { text(item, "createdAt").ok()?.parse().ok() };
        Ok(count(&list.pages(dynamo).await?, |_| 1, oldest))
    }

    /// Users' events that wait for their turn, by the cursors of their users.
    pub async fn buffered(&self, dynamo: &Client) -> Result<Waiting, StoreError> {
        let (table, index) = (self.activity.as_str(), Some(keys::DUE));
        let list = Sharded { table, index, shards: SHARDS, key: (keys::DUE_SHARD, shard_key), until: None };
        let cursor = |item: &Item| Cursor::from_item(item).ok().map(|(_, cursor)| cursor);
        let waiting = |item: &Item| cursor(item).map_or(0, |cursor| u64::from(cursor.waiting));
        let since = |item: &Item| Timestamp::from_millisecond(cursor(item)?.since?).ok();
        Ok(count(&list.pages(dynamo).await?, waiting, since))
    }

    /// Dead letters that were not redriven since they failed.
    pub async fn dead_letters(&self, dynamo: &Client) -> Result<Waiting, StoreError> {
        let (table, index) = (self.dead_letters.as_str(), Some(dead_letter::OPEN));
        let list = Sharded { table, index, shards: SHARDS, key: (dead_letter::OPEN_SHARD, shard_key), until: None };
        let died = |item: &Item| -> Option<Timestamp> {
            text(item, dead_letter::TIME_ID).ok()?.split('#').next()?.parse().ok()
        };
        Ok(count(&list.pages(dynamo).await?, |_| 1, died))
    }

    /// Attempts of timers that are due and not made.
    pub async fn timers(&self, dynamo: &Client, now: Timestamp) -> Result<Waiting, StoreError> {
        let list = Sharded {
            table: &self.timers,
            index: None,
            shards: timer::keys::DUE_SHARDS,
            key: (timer::keys::PK, timer::keys::due),
            until: Some((timer::keys::SK, timer::keys::due_by(now))),
        };
        let due = |item: &Item| Some(timer::keys::read_due(text(item, timer::keys::SK).ok()?)?.0);
        Ok(count(&list.pages(dynamo).await?, |_| 1, due))
    }
}

impl Sharded<'_> {
    async fn pages(&self, dynamo: &Client) -> Result<Vec<Page>, StoreError> {
        let pages: Vec<_> = (0..self.shards).map(|shard| self.page(dynamo, shard)).collect();
        stream::iter(pages).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn page(&self, dynamo: &Client, shard: u8) -> Result<Page, StoreError> {
        let query = dynamo.query().table_name(self.table).set_index_name(self.index.map(str::to_owned));
        let query = match &self.until {
            None => query.key_condition_expression("#key = :key"),
            Some((sort, until)) => query
                .key_condition_expression("#key = :key AND #sort <= :until")
                .expression_attribute_names("#sort", *sort)
                .expression_attribute_values(":until", s(until)),
        };
        let most = MOST / usize::from(self.shards);
        let answer = query
            .expression_attribute_names("#key", self.key.0)
            .expression_attribute_values(":key", s((self.key.1)(shard)))
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await
            .on(self.table)?;
        let more = answer.last_evaluated_key().is_some();
        Ok((answer.items.unwrap_or_default(), more))
    }
}

/// Counts the items of all shards. `worth` is what an item counts, and `since` when it began to wait, if that is known.
fn count(pages: &[Page], worth: impl Fn(&Item) -> u64, since: impl Fn(&Item) -> Option<Timestamp>) -> Waiting {
    let items = || pages.iter().flat_map(|(items, _)| items);
    Waiting {
        count: items().map(worth).sum(),
        more: pages.iter().any(|(_, more)| *more),
        oldest: items().filter_map(since).min(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_that_of_all_shards_and_says_when_one_had_more() {
        let item = |at: i64| Item::from([("at".to_owned(), s(at.to_string()))]);
        let at = |item: &Item| Timestamp::from_second(text(item, "at").ok()?.parse().ok()?).ok();
        let pages = [(vec![item(5), item(9)], false), (vec![], false), (vec![item(3)], true)];
        let counted = count(&pages, |_| 2, at);
        assert_eq!(counted, Waiting { count: 6, more: true, oldest: Timestamp::from_second(3).ok() });
        assert_eq!(count(&pages[1..2], |_| 1, at), Waiting::default());
    }
}
