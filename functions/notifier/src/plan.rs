//! Decides what one transaction puts behind the head. Pure.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::Timestamp;
use millrace_platform::dynamo::{Item, MAX_ACTIONS, StoreError, n, s};
use millrace_store::feed::{self, ENTRIES, Entry, Head, PK, RETENTION_DAYS, SK};

use crate::news::{Guard, News};

/// Most entries of a transaction.
pub const MAX_ENTRIES: usize = 90;

/// Largest chunk, in bytes of its entries: an item has at most 400 KB. An entry alone may have more: its event has at most
/// 256 KB, and its other parts at most some.
const MAX_CHUNK_BYTES: usize = 300 * 1024;

/// Actions of a transaction that are not guards: the head and the chunk.
const OTHER_ACTIONS: usize = 2;

const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// A marker outlives its entry by a day, for an event whose time is ahead of the clock here.
const MARKER_DAYS: i64 = RETENTION_DAYS + 1;

/// One transaction: the first `count` of what waits, and the head after it.
#[derive(Debug)]
pub struct Plan {
    pub count: usize,
    pub head: Head,
    chunk: String,
    guards: Vec<Guard>,
    before: u64,
    now: Timestamp,
}

/// The transaction for the first of what waits, behind `head`: as many as fit into one, and into the segment.
///
/// # Errors
/// An entry has no JSON form.
pub fn plan(head: &Head, waiting: &[News], now: Timestamp) -> Result<Plan, StoreError> {
    let most = MAX_ENTRIES.min(usize::try_from(head.room()).unwrap_or(MAX_ENTRIES));
    let (mut chunk, mut guards, mut count) = (String::new(), Vec::new(), 0);
    for (at, news) in waiting.iter().take(most).enumerate() {
        let entry = Entry {
            seq: head.last + 1 + at as u64,
            event_id: news.event_id.clone(),
            kind: news.kind.clone(),
            subject: news.subject.clone(),
            time: news.time,
            title: news.title.clone(),
            data: news.data.clone(),
        };
        let entry = serde_json::to_string(&entry).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let fits = chunk.len() + entry.len() < MAX_CHUNK_BYTES
            && guards.len() + news.guards.len() + OTHER_ACTIONS <= MAX_ACTIONS;
        if count > 0 && !fits {
            break;
        }
        chunk.push(if count == 0 { '[' } else { ',' });
        chunk.push_str(&entry);
        guards.extend(news.guards.iter().cloned());
        count += 1;
    }
    chunk.push(']');
    Ok(Plan { count, head: head.after(count as u64, now), chunk, guards, before: head.last, now })
}

impl Plan {
    /// The actions, in the order that [`Plan::failed`] knows.
    ///
    /// # Errors
    /// Never in practice: a required field of a request is missing.
    pub fn actions(&self, table: &str) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut actions = vec![self.put_head(table)?, self.put_chunk(table)?];
        for guard in &self.guards {
            actions.push(guard.action(table, self.now)?);
        }
        Ok(actions)
    }

    /// What failed, by the positions of actions whose conditions did not hold: whether the head did, and the guards.
    pub fn failed(&self, positions: &[usize]) -> (bool, Vec<Guard>) {
        let guard = |at: &usize| self.guards.get(at.checked_sub(OTHER_ACTIONS)?).cloned();
        (positions.iter().any(|at| *at < OTHER_ACTIONS), positions.iter().filter_map(guard).collect())
    }

    fn put_head(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(table).set_item(Some(self.head.to_item()));
        let put = if self.before == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            let put = put.condition_expression("#last = :before").expression_attribute_names("#last", "last");
            put.expression_attribute_values(":before", n(self.before))
        };
        Ok(TransactWriteItem::builder().put(put.build().map_err(corrupt)?).build())
    }

    fn put_chunk(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let item = HashMap::from([
            (PK.to_owned(), s(feed::segment(self.head.last))),
            (SK.to_owned(), s(feed::position(self.head.last))),
            (ENTRIES.to_owned(), s(&self.chunk)),
            ("expiresAt".to_owned(), expiry(self.now, RETENTION_DAYS)),
        ]);
        put_new(table, item)
    }
}

impl Guard {
    fn action(&self, table: &str, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        match self {
            Self::Event { id, source } => put_new(
                table,
                HashMap::from([
                    (PK.to_owned(), s(feed::marker(id))),
                    (SK.to_owned(), s(source)),
                    ("expiresAt".to_owned(), expiry(now, MARKER_DAYS)),
                ]),
            ),
            Self::Counted { partition, before, next } => {
                let update = Update::builder().table_name(table).key(PK, s(COUNTED)).key(SK, s(partition));
                let update = update.update_expression("SET #next = :next").expression_attribute_names("#next", NEXT);
                let update = update.expression_attribute_values(":next", n(next));
                let update = match before {
                    Some(before) => {
                        let update = update.condition_expression("#next = :before");
                        update.expression_attribute_values(":before", n(before))
                    }
                    None => update.condition_expression("attribute_not_exists(#next)"),
                };
                Ok(TransactWriteItem::builder().update(update.build().map_err(corrupt)?).build())
            }
        }
    }
}

/// Partition key of the items that say up to where the records of a partition are counted; their sort key is the partition.
pub const COUNTED: &str = "counted";
/// Name of the attribute with the first offset that is not counted.
pub const NEXT: &str = "next";

fn put_new(table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder().table_name(table).set_item(Some(item)).condition_expression("attribute_not_exists(pk)");
    Ok(TransactWriteItem::builder().put(put.build().map_err(corrupt)?).build())
}

fn expiry(now: Timestamp, days: i64) -> aws_sdk_dynamodb::types::AttributeValue {
    n(now.as_second() + days * SECONDS_PER_DAY)
}

fn corrupt(error: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    const NOW: &str = "2026-11-28T06:00:00Z";

    fn news(number: usize, bytes: usize, guards: usize) -> News {
        let guard = |at: usize| Guard::Event { id: format!("e-{number}"), source: format!("s-{at}") };
        News {
            guards: (0..guards).map(guard).collect(),
            event_id: format!("e-{number}"),
            kind: "Notify".to_owned(),
            subject: "beef".to_owned(),
            time: NOW.parse().unwrap(),
            title: "Beef".to_owned(),
            data: RawValue::from_string(format!("\"{}\"", "x".repeat(bytes))).unwrap(),
        }
    }

    /// The numbers of the chunks in which everything is written, one transaction after the other.
    fn chunks(last: u64, waiting: &[News]) -> Vec<Vec<u64>> {
        let (mut head, mut rest, mut chunks) = (Head { last, ..Head::default() }, waiting, Vec::<Vec<u64>>::new());
        while !rest.is_empty() {
            let plan = plan(&head, rest, NOW.parse().unwrap()).unwrap();
            let actions = plan.actions("t").unwrap();
            assert!(actions.len() <= MAX_ACTIONS && plan.count > 0, "{} actions", actions.len());
            let item = actions[1].put().unwrap().item();
            let entries: Vec<Entry> = serde_json::from_str(item[ENTRIES].as_s().unwrap()).unwrap();
            assert!(item[ENTRIES].as_s().unwrap().len() < 400 * 1024);
            chunks.push(entries.iter().map(|entry| entry.seq).collect());
            assert_eq!(feed::segment(*chunks.last().unwrap().first().unwrap()), *item[PK].as_s().unwrap());
            (head, rest) = (plan.head, &rest[plan.count..]);
        }
        chunks
    }

    #[test]
    fn any_batch_becomes_numbers_without_holes_in_transactions_that_fit() {
        let cases = [
            (0, vec![news(0, 10, 1)], vec![1]),
            (7, (0..200).map(|at| news(at, 10, 1)).collect(), vec![90, 90, 20]),
            (995, (0..20).map(|at| news(at, 10, 1)).collect(), vec![5, 15]),
            (0, (0..4).map(|at| news(at, 120 * 1024, 1)).collect(), vec![2, 2]),
            (0, (0..3).map(|at| news(at, 255 * 1024, 1)).collect(), vec![1, 1, 1]),
            (0, (0..10).map(|at| news(at, 10, 12)).collect(), vec![8, 2]),
        ];
        for (last, waiting, sizes) in cases {
            let chunks = chunks(last, &waiting);
            assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), sizes);
            assert!(chunks.concat().into_iter().eq(last + 1..=last + waiting.len() as u64));
        }
    }

    #[test]
    fn a_failure_names_the_head_or_the_guards() {
        let plan = plan(&Head::default(), &[news(0, 1, 1), news(1, 1, 1)], NOW.parse().unwrap()).unwrap();
        let second = Guard::Event { id: "e-1".to_owned(), source: "s-0".to_owned() };
        assert_eq!(plan.failed(&[3]), (false, vec![second.clone()]));
        assert_eq!(plan.failed(&[0, 3]), (true, vec![second]));
        assert_eq!(plan.failed(&[1]), (true, Vec::new()));
    }
}
