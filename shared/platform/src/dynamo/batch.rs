//! Reads and writes many items in few calls.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures::future::try_join_all;

use super::{Item, OnTable, StoreError, s};
use crate::clock;

/// Most keys of one `BatchGetItem` call.
const BATCH: usize = 100;

/// Most items of one `BatchWriteItem` call.
pub const WRITE_BATCH: usize = 25;

/// Attempts of a batch that is partly throttled, or whose response would exceed 16 MB. Each attempt makes progress.
const TRIES: u32 = 8;

/// Longest backoff before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The items with these ids, read consistently and returned in no particular order. Ids must be distinct; missing items
/// are left out.
///
/// # Errors
/// The store does not answer, or does not return every item.
pub async fn batch_get<'a>(
    dynamo: &Client,
    table: &str,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Item>, StoreError> {
    let keys: Vec<Item> = ids.into_iter().map(|id| Item::from([("id".to_owned(), s(id))])).collect();
    batch_get_keys(dynamo, table, &keys).await
}

/// As [`batch_get`], by full primary keys.
///
/// # Errors
/// As [`batch_get`].
pub async fn batch_get_keys(dynamo: &Client, table: &str, keys: &[Item]) -> Result<Vec<Item>, StoreError> {
    get(dynamo, table, keys, &[]).await
}

/// As [`batch_get_keys`], but reads only the attributes `names` of each item.
///
/// # Errors
/// As [`batch_get`].
pub async fn batch_get_attributes(
    dynamo: &Client,
    table: &str,
    keys: &[Item],
    names: &[&str],
) -> Result<Vec<Item>, StoreError> {
    get(dynamo, table, keys, names).await
}

async fn get(dynamo: &Client, table: &str, keys: &[Item], names: &[&str]) -> Result<Vec<Item>, StoreError> {
    let corrupt = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Corrupt(error.to_string());
    let mut items = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(BATCH) {
        let mut keys = KeysAndAttributes::builder().set_keys(Some(chunk.to_vec())).consistent_read(true);
        if !names.is_empty() {
            let placeholders: Vec<String> = names.iter().map(|name| format!("#{name}")).collect();
            keys = keys.projection_expression(placeholders.join(", "));
            for (placeholder, name) in placeholders.into_iter().zip(names) {
                keys = keys.expression_attribute_names(placeholder, *name);
            }
        }
        let mut keys = Some(keys.build().map_err(corrupt)?);
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        while let Some(asked) = keys {
            if tries == TRIES {
                return Err(StoreError::Unavailable(format!("{} reads were throttled", asked.keys().len())));
            }
            if tries > 0 {
                tokio::time::sleep(pause.mul_f64(clock::fraction())).await;
                pause *= 2;
            }
            tries += 1;
            let mut answer = dynamo.batch_get_item().request_items(table, asked).send().await.on(table)?;
            items.extend(answer.responses.take().unwrap_or_default().remove(table).unwrap_or_default());
            keys = answer.unprocessed_keys.take().unwrap_or_default().remove(table);
        }
    }
    Ok(items)
}

/// A request that stores an item and replaces an existing one.
///
/// # Errors
/// Never in practice: a required field of the request is missing.
pub fn put_request(item: Item) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder().set_item(Some(item)).build();
    put.map(|put| WriteRequest::builder().put_request(put).build())
        .map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// A request that deletes an item; it need not exist.
///
/// # Errors
/// As [`put_request`].
pub fn delete_request(key: Item) -> Result<WriteRequest, StoreError> {
    let delete = DeleteRequest::builder().set_key(Some(key)).build();
    let delete = delete.map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}

/// Writes these items in no particular order; each key may occur once. A call is limited to 16 MB, so its 25 items to
/// about 600 KB each.
///
/// # Errors
/// The store does not answer, or does not write every item.
pub async fn batch_write(dynamo: &Client, table: &str, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
    let chunks = requests.chunks(WRITE_BATCH).map(|chunk| write(dynamo, table, chunk.to_vec()));
    try_join_all(chunks).await.map(drop)
}

async fn write(dynamo: &Client, table: &str, mut requests: Vec<WriteRequest>) -> Result<(), StoreError> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..TRIES {
        let answer = dynamo.batch_write_item().request_items(table, requests).send().await.on(table)?;
        requests = answer.unprocessed_items.unwrap_or_default().remove(table).unwrap_or_default();
        if requests.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause.mul_f64(clock::fraction())).await;
        pause *= 2;
    }
    Err(StoreError::Unavailable(format!("{} writes were throttled", requests.len())))
}
