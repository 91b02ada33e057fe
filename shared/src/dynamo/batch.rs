//! Reads many items by their ids.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::{Item, StoreError, s};
use crate::clock;

/// Keys of one `BatchGetItem`.
const BATCH: usize = 100;

/// Tries of a batch that is throttled in part, or whose answer would be over 16 MB. Each brings items.
const TRIES: u32 = 8;

/// Longest pause before the second try; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// The items with these ids, consistently, in no order; ids must be distinct. What is not there is left out.
///
/// # Errors
/// The store does not answer, or not with every item.
pub async fn batch_get<'a>(
    dynamo: &Client,
    table: &str,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Item>, StoreError> {
    let keys: Vec<Item> = ids.into_iter().map(|id| Item::from([("id".to_owned(), s(id))])).collect();
    batch_get_keys(dynamo, table, &keys).await
}

/// As [`batch_get`], by whole keys.
///
/// # Errors
/// As [`batch_get`].
pub async fn batch_get_keys(dynamo: &Client, table: &str, keys: &[Item]) -> Result<Vec<Item>, StoreError> {
    let corrupt = |error: aws_sdk_dynamodb::error::BuildError| StoreError::Corrupt(error.to_string());
    let mut items = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(BATCH) {
        let keys = KeysAndAttributes::builder().set_keys(Some(chunk.to_vec())).consistent_read(true);
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
            let mut answer = dynamo.batch_get_item().request_items(table, asked).send().await?;
            items.extend(answer.responses.take().unwrap_or_default().remove(table).unwrap_or_default());
            keys = answer.unprocessed_keys.take().unwrap_or_default().remove(table);
        }
    }
    Ok(items)
}
