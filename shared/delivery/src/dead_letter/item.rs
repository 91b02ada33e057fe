//! The table item of a dead letter.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use bytes::Bytes;
use jiff::Timestamp;

use super::{ADDRESS, DeadLetter, OPEN_SHARD, SHARD, TIME_ID};
use millrace_platform::dynamo::shards::{SHARDS, shard_key, shard_of};
use millrace_platform::dynamo::{Item, StoreError, n, s};

/// Longest detail, in bytes.
const MAX_DETAIL: usize = 2_000;

/// State of a dead letter that has not been redriven since it failed.
pub const DEAD: &str = "dead";

/// The action that stores a new dead letter in the transaction of a consumer, which ensures that it is the first one.
/// The record's bytes are stored in the item: they fit, because the record was a valid event.
///
/// # Errors
/// Never in practice: a required field of the request is missing.
pub fn put(table: &str, letter: &DeadLetter, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
    let corrupt = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Corrupt(error.to_string());
    let item = attributes(letter, now);
    if letter.redrive.is_none() {
        let put = Put::builder().table_name(table).set_item(Some(item)).build().map_err(corrupt)?;
        return Ok(TransactWriteItem::builder().put(put).build());
    }
    let (key, expression, names, values) = replace(letter, item);
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(key))
        .update_expression(expression)
        .set_expression_attribute_names(Some(names))
        .set_expression_attribute_values(Some(values))
        .build()
        .map_err(corrupt)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// The condition that this dead letter is not stored yet.
pub(super) fn condition(letter: &DeadLetter) -> &'static str {
    match letter.redrive {
        None => "attribute_not_exists(id)",
        // Names and values as `replace` sets them.
        Some(_) => "attribute_not_exists(id) OR #status <> :status OR #redriveId <> :redriveId",
    }
}

/// All attributes of a dead letter. Earlier failures are in `history`, which is not one of them.
pub(super) fn attributes(letter: &DeadLetter, now: Timestamp) -> Item {
    let blob = |bytes: &Bytes| AttributeValue::B(Blob::new(bytes.to_vec()));
    let detail = &letter.detail[..letter.detail.floor_char_boundary(MAX_DETAIL)];
    let address = letter.address();
    let mut item = Item::from([
        ("id".to_owned(), s(&letter.id)),
        (ADDRESS.to_owned(), s(&address)),
        ("consumer".to_owned(), s(letter.consumer)),
        ("reason".to_owned(), s(letter.reason)),
        ("detail".to_owned(), s(detail)),
        ("topic".to_owned(), s(&letter.topic)),
        ("partition".to_owned(), n(letter.partition)),
        ("offset".to_owned(), n(letter.offset)),
        ("attempts".to_owned(), n(letter.attempts)),
        ("status".to_owned(), s(DEAD)),
        ("at".to_owned(), s(format!("{now:.3}"))),
        (SHARD.to_owned(), s(shard_key(shard_of(&letter.id, SHARDS)))),
        (OPEN_SHARD.to_owned(), s(shard_key(shard_of(&letter.id, SHARDS)))),
        (TIME_ID.to_owned(), s(format!("{now:.3}#{}#{address}", letter.id))),
    ]);
    item.extend(letter.source.as_ref().map(|source| ("source".to_owned(), s(source))));
    item.extend(letter.key.as_ref().map(|key| ("recordKey".to_owned(), blob(key))));
    item.extend(letter.value.as_ref().map(|value| ("bytes".to_owned(), blob(value))));
    item.extend(letter.redrive.as_ref().map(|redrive| ("redriveId".to_owned(), s(redrive))));
    item
}

/// Key, expression, names and values of an update that replaces all attributes of an item.
pub(super) fn replace(
    letter: &DeadLetter,
    item: Item,
) -> (Item, String, HashMap<String, String>, HashMap<String, AttributeValue>) {
    let key = Item::from([("id".to_owned(), s(&letter.id)), (ADDRESS.to_owned(), s(letter.address()))]);
    let others: Vec<(String, AttributeValue)> = item.into_iter().filter(|(name, _)| !key.contains_key(name)).collect();
    let set: Vec<String> = others.iter().map(|(name, _)| format!("#{name} = :{name}")).collect();
    let names = others.iter().map(|(name, _)| (format!("#{name}"), name.clone())).collect();
    let values = others.into_iter().map(|(name, value)| (format!(":{name}"), value)).collect();
    (key, format!("SET {}", set.join(", ")), names, values)
}
