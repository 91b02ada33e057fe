//! Stores many events with a single action of a transaction.
//!
//! A transaction has at most 100 actions, and one that decides many orders has nearly as many events. So its events are
//! stored together in a few items, a bundle, and moved to their own aggregates afterwards ([`expand`]). Any process may
//! expand a bundle, at any time and more than once: an entry that is already published is then published again, and
//! consumers deduplicate it by its event id.
//!
//! One rule keeps the events of an aggregate in order. An item whose events are in a bundle holds the bundle's key, and
//! every writer of the item's next version expands that bundle **before** its own commit. So the entries of a version
//! are in the outbox, under their aggregate, before the next version is committed.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Entry, SHARDS};
use millrace_platform::dynamo::shards::{shard_key, shard_of};
use millrace_platform::dynamo::{Item, OnTable, StoreError, batch_write, delete_request, n, put_request, s, text};

/// Prefix of the partition keys of bundles.
const PREFIX: &str = "bundle#";

/// Most bytes of events in one item; `DynamoDB` limits an item to 400 KB.
pub const MAX_ITEM_BYTES: usize = 300 * 1024;

/// Size of an entry besides its event, in bytes: keys and attribute names.
const ENTRY_OVERHEAD: usize = 1_024;

/// Whether a partition key of the outbox is that of a bundle.
#[must_use]
pub fn is_bundle(aggregate: &str) -> bool {
    aggregate.starts_with(PREFIX)
}

/// The key of a new bundle.
#[must_use]
pub fn key(id: Uuid) -> String {
    format!("{PREFIX}{id}")
}

/// How many bytes of [`MAX_ITEM_BYTES`] an entry needs.
#[must_use]
pub fn size(entry: &Entry) -> usize {
    entry.value.len() + ENTRY_OVERHEAD
}

/// The actions that store entries as a bundle: one per [`MAX_ITEM_BYTES`].
///
/// # Errors
/// Never in practice: a required field of the request is missing.
pub fn put(
    table: &str,
    key: &str,
    entries: &[Entry],
    created_at: Timestamp,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let mut items: Vec<(usize, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        match items.last_mut() {
            Some((bytes, item)) if *bytes + size(entry) <= MAX_ITEM_BYTES => {
                *bytes += size(entry);
                item.push(entry);
            }
            _ => items.push((size(entry), vec![entry])),
        }
    }
    let put = |(at, (bytes, entries)): (usize, (usize, Vec<&Entry>))| {
        let entries = entries.into_iter().map(|entry| AttributeValue::M(entry.to_item())).collect();
        let put = Put::builder()
            .table_name(table)
            .item("aggregate", s(key))
            .item("entry", s(format!("{at:03}")))
            .item("bundle", AttributeValue::L(entries))
            .item("createdAt", s(format!("{created_at:.3}")))
            .item("shard", s(shard_key(shard_of(key, SHARDS))))
            .item("bytes", n(bytes))
            .build();
        let put = put.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    };
    items.into_iter().enumerate().map(put).collect()
}

/// Moves the entries of a bundle to their own aggregates, where each wakes the relay, and then deletes the bundle.
/// Returns the aggregates, or none if the bundle was expanded before.
///
/// # Errors
/// The outbox does not answer. The next caller completes the expansion.
pub async fn expand(dynamo: &Client, table: &str, key: &str) -> Result<BTreeSet<String>, StoreError> {
    let items = read(dynamo, table, key).await?;
    let mut entries = Vec::new();
    for item in &items {
        let list = item.get("bundle").and_then(|list| list.as_l().ok());
        let list = list.ok_or_else(|| StoreError::Corrupt(format!("{key} has no entries")))?;
        for entry in list {
            let entry = entry.as_m().map_err(|_| StoreError::Corrupt(format!("an entry of {key} is no map")))?;
            entries.push(Entry { wake: true, ..Entry::from_item(entry)? });
        }
    }
    let aggregates = entries.iter().map(|entry| entry.aggregate.clone()).collect();
    for wave in waves(entries) {
        let puts = wave.iter().map(|entry| put_request(entry.to_item())).collect::<Result<_, _>>()?;
        batch_write(dynamo, table, puts).await?;
    }
    // After all entries, so that a crash in between leaves the bundle to the next caller.
    let delete = |item: &Item| {
        let key = ["aggregate", "entry"].iter().filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone())));
        delete_request(key.collect())
    };
    batch_write(dynamo, table, items.iter().map(delete).collect::<Result<_, _>>()?).await?;
    Ok(aggregates)
}

/// Splits entries into waves that are written one after the other: entries of the same aggregate are in different
/// waves, in their order, those of different aggregates may share one.
#[must_use]
pub fn waves(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut waves: Vec<Vec<Entry>> = Vec::new();
    for entry in entries {
        let at = seen.entry(entry.aggregate.clone()).or_default();
        if waves.len() == *at {
            waves.push(Vec::new());
        }
        if let Some(wave) = waves.get_mut(*at) {
            *at += 1;
            wave.push(entry);
        }
    }
    waves
}

async fn read(dynamo: &Client, table: &str, key: &str) -> Result<Vec<Item>, StoreError> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let answer = dynamo
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("#aggregate = :aggregate")
            .expression_attribute_names("#aggregate", "aggregate")
            .expression_attribute_values(":aggregate", s(key))
            .set_exclusive_start_key(after)
            .send()
            .await
            .on(table)?;
        items.extend(answer.items.unwrap_or_default());
        after = answer.last_evaluated_key;
        if after.is_none() {
            return Ok(items);
        }
    }
}

/// Keys of the bundles that these items refer to.
pub fn named<'a>(items: impl Iterator<Item = &'a Item>) -> BTreeSet<String> {
    items.filter_map(|item| text(item, "bundle").ok().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(aggregate: &str, entry: &str, bytes: usize) -> Entry {
        Entry {
            aggregate: aggregate.to_owned(),
            entry: entry.to_owned(),
            topic: "product-events".to_owned(),
            key: "p".to_owned(),
            event_id: format!("{aggregate}-{entry}"),
            value: "x".repeat(bytes),
            traceparent: None,
            created_at: "2026-11-21T06:00:00.500Z".parse().unwrap(),
            wake: false,
        }
    }

    #[test]
    fn a_bundle_has_every_entry_in_order_and_no_item_that_is_too_large() {
        let entries: Vec<Entry> = (0..7).map(|at| entry("product#p", &at.to_string(), 100 * 1024)).collect();
        let actions = put("outbox", "bundle#b", &entries, entries[0].created_at).unwrap();
        let mut read = Vec::new();
        for action in &actions {
            let item = action.put().unwrap().item();
            let list = item["bundle"].as_l().unwrap();
            let of_item: Vec<Entry> = list.iter().map(|it| Entry::from_item(it.as_m().unwrap()).unwrap()).collect();
            assert!(of_item.iter().map(size).sum::<usize>() <= MAX_ITEM_BYTES);
            read.extend(of_item);
        }
        assert_eq!((actions.len(), read), (4, entries));
        let alone = [entry("product#p", "0", millrace_domain::event::MAX_EVENT_BYTES)];
        assert_eq!(put("outbox", "bundle#b", &alone, alone[0].created_at).unwrap().len(), 1);
    }

    #[test]
    fn entries_of_an_aggregate_go_one_behind_the_other_and_aggregates_at_once() {
        let of = |aggregate: &str, at: &str| entry(aggregate, at, 1);
        let waves = waves(vec![of("a", "1"), of("a", "2"), of("b", "1"), of("c", "1"), of("a", "3")]);
        let names: Vec<Vec<&str>> =
            waves.iter().map(|wave| wave.iter().map(|entry| entry.event_id.as_str()).collect()).collect();
        assert_eq!(names, [vec!["a-1", "b-1", "c-1"], vec!["a-2"], vec!["a-3"]]);
    }
}
