//! The events of one aggregate, and those of one trace.

use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use millrace_api::Problem;
use millrace_platform::dynamo::shards::Direction;
use millrace_platform::dynamo::{Item, List, Partition, StoreError, batch_get_keys, number, s, text};
use millrace_store::event_log::{
    BY_SUBJECT, BY_TRACE, BYTES, EVENT_ID, SOURCE_KEY, SUBJECT, SUBJECT_ORDER, TIME_ID, TRACE_SHARD,
};
use serde::{Deserialize, Serialize};

use crate::entry::Entry;
use crate::routes::MAX_DATA_BYTES;

/// Longest subject of an event, in bytes.
pub const MAX_SUBJECT_BYTES: usize = 256;

/// Which events are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Those of the aggregates with this id.
    Subject(String),
    /// Those of this trace.
    Trace(String),
}

/// Where the next page starts: behind this sort key of the index.
#[derive(Debug, Serialize, Deserialize)]
pub struct After {
    after: String,
}

/// What an index has of an event.
#[derive(Debug, Clone)]
pub struct Named {
    pub event_id: String,
    pub source_key: String,
    pub kind: String,
    /// Sort key of the index.
    pub order: String,
    bytes: usize,
    expires_at: i64,
}

impl Named {
    pub fn read(item: &Item, order: &str) -> Result<Self, StoreError> {
        let owned = |name| text(item, name).map(str::to_owned);
        Ok(Self {
            event_id: owned(EVENT_ID)?,
            source_key: owned(SOURCE_KEY)?,
            kind: owned("type")?,
            order: owned(order)?,
            bytes: number(item, BYTES)?,
            expires_at: number(item, "expiresAt")?,
        })
    }

    pub fn is_there(&self, now: Timestamp) -> bool {
        self.expires_at > now.as_second()
    }
}

impl Chosen {
    /// Reads the parameters `subject` and `trace`; `None` without either. `others` are the parameters of the list by time,
    /// which has another order and does not go together with them.
    pub fn read(
        subject: Option<&str>,
        trace: Option<&str>,
        others: [(&'static str, bool); 3],
    ) -> Result<Option<Self>, Problem> {
        let chosen = match (subject, trace) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(not_together("trace")),
            (Some(subject), None) => Self::Subject(read_subject(subject)?),
            (None, Some(trace)) => Self::Trace(read_trace(trace)?),
        };
        match others.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(not_together(name)),
            None => Ok(Some(chosen)),
        }
    }

    /// A page of these events, and the cursor of the next one.
    pub async fn page(
        &self,
        dynamo: &Client,
        table: &str,
        limit: usize,
        cursor: Option<After>,
        now: Timestamp,
    ) -> Result<(Vec<Entry>, Option<After>), StoreError> {
        let (named, more) = self.named(dynamo, table, limit, cursor.map(|cursor| cursor.after)).await?;
        let taken = fitting(&named);
        let more = more || taken < named.len();
        let named = named.get(..taken).unwrap_or_default();
        let next = named.last().filter(|_| more).map(|last| After { after: last.order.clone() });
        let there: Vec<&Named> = named.iter().filter(|named| named.is_there(now)).collect();
        let key = |named: &&Named| {
            Item::from([(EVENT_ID.to_owned(), s(&named.event_id)), (SOURCE_KEY.to_owned(), s(&named.source_key))])
        };
        let keys: Vec<Item> = there.iter().map(key).collect();
        let mut items = batch_get_keys(dynamo, table, &keys).await?;
        let place = |item: &Item| {
            let same = |named: &&Named| {
                text(item, EVENT_ID).is_ok_and(|id| id == named.event_id)
                    && text(item, SOURCE_KEY).is_ok_and(|source| source == named.source_key)
            };
            there.iter().position(same)
        };
        items.sort_by_cached_key(place);
        Ok((items.iter().map(Entry::read).collect::<Result<_, _>>()?, next))
    }

    async fn named(
        &self,
        dynamo: &Client,
        table: &str,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<Named>, bool), StoreError> {
        match self {
            Self::Subject(subject) => {
                let list = of_subject(table, subject, Direction::Ascending);
                let (items, more) = list.page(dynamo, limit, after.as_deref()).await?;
                Ok((items.iter().map(|item| Named::read(item, SUBJECT_ORDER)).collect::<Result<_, _>>()?, more))
            }
            Self::Trace(trace) => {
                let prefix = format!("{trace}#");
                let list = List {
                    table,
                    index: BY_TRACE,
                    shard: TRACE_SHARD,
                    prefix: &prefix,
                    sort: TIME_ID,
                    direction: Direction::Ascending,
                };
                let read = |item: &Item| Named::read(item, TIME_ID);
                list.page(dynamo, limit, after, |named: &Named| named.order.clone(), read).await
            }
        }
    }
}

/// The events of a subject, in the order of their versions or from the last one.
pub fn of_subject<'a>(table: &'a str, subject: &'a str, direction: Direction) -> Partition<'a> {
    Partition { table, index: BY_SUBJECT, key: (SUBJECT, subject), sort: SUBJECT_ORDER, direction }
}

/// How many of these are in a page: up to the one that brings it over [`MAX_DATA_BYTES`].
fn fitting(named: &[Named]) -> usize {
    let mut bytes = 0;
    let over = named.iter().position(|named| {
        bytes += named.bytes;
        bytes > MAX_DATA_BYTES
    });
    over.map_or(named.len(), |over| over + 1)
}

/// A subject that an event can have.
pub fn read_subject(text: &str) -> Result<String, Problem> {
    if (1..=MAX_SUBJECT_BYTES).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let detail = format!(
        "the id of an order, a product, an ingredient, a timer or a user was expected, of at most {MAX_SUBJECT_BYTES} bytes"
    );
    Err(Problem::invalid_field("subject", "out_of_range", detail))
}

fn read_trace(text: &str) -> Result<String, Problem> {
    if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    let detail = "a trace id, 32 hexadecimal digits, was expected: the second part of a traceparent";
    Err(Problem::invalid_field("trace", "not_a_trace", detail))
}

fn not_together(field: &'static str) -> Problem {
    let detail = "either `subject`, or `trace`, or `type`, `from` and `to` was expected";
    Problem::invalid_field(field, "not_together", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [(&str, bool); 3] = [("type", false), ("from", false), ("to", false)];

    fn named(bytes: usize) -> Named {
        Named {
            event_id: "e".to_owned(),
            source_key: "s".to_owned(),
            kind: "Notify".to_owned(),
            order: "k".to_owned(),
            bytes,
            expires_at: 0,
        }
    }

    #[test]
    fn a_page_ends_with_the_event_that_brings_it_over_its_size() {
        let large = MAX_DATA_BYTES / 2;
        assert_eq!(fitting(&[named(large), named(large), named(1), named(1)]), 3);
        assert_eq!(fitting(&[named(10), named(10)]), 2);
        assert_eq!(fitting(&[named(MAX_DATA_BYTES + 1), named(1)]), 1, "a page is never empty because of its size");
        assert_eq!(fitting(&[]), 0);
    }

    #[test]
    fn one_choice_is_made_and_it_is_well_formed() {
        let trace = "0AF7651916cd43dd8448eb211c80319c";
        assert_eq!(Chosen::read(None, None, NONE).unwrap(), None);
        assert_eq!(Chosen::read(Some("ann 1"), None, NONE).unwrap(), Some(Chosen::Subject("ann 1".to_owned())));
        assert_eq!(Chosen::read(None, Some(trace), NONE).unwrap(), Some(Chosen::Trace(trace.to_lowercase())));
        let long = "x".repeat(MAX_SUBJECT_BYTES + 1);
        for (subject, of, others) in [
            (Some(""), None, NONE),
            (Some(long.as_str()), None, NONE),
            (None, Some("xyz"), NONE),
            (None, Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), NONE),
            (Some("a"), Some(trace), NONE),
            (Some("a"), None, [("type", false), ("from", true), ("to", false)]),
        ] {
            assert!(Chosen::read(subject, of, others).is_err(), "{subject:?} {of:?}");
        }
    }
}
