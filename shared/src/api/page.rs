//! Cursor pages, and the merge of sharded indexes into one ordered list.
//!
//! A list that everybody appends to would write to one key; so it is spread over [`SHARDS`] keys and put back
//! together when it is read. A page reads from each shard a little more than its share and then again only where
//! a shard ran dry, so the cost is bound by the page and not by what is stored.

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::try_join_all;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Problem;
use crate::dynamo::StoreError;

/// Keys that a list is spread over. At 1,000 writes per second and key, 16,000 writes per second in all.
pub const SHARDS: u8 = 16;

/// Items of a page when `limit` is absent.
const DEFAULT_LIMIT: usize = 50;
/// Most items of a page.
const MAX_LIMIT: usize = 100;
/// Longest cursor that is read, in bytes.
const MAX_CURSOR_BYTES: usize = 1_024;

/// The shard of an id, out of `shards`: the same id always has the same.
#[must_use]
pub fn shard_of(id: &str, shards: u8) -> u8 {
    Sha256::digest(id.as_bytes()).first().map_or(0, |byte| byte % shards.max(1))
}

/// A shard as it stands in a key: two digits.
#[must_use]
pub fn shard_key(shard: u8) -> String {
    format!("{shard:02}")
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// Answers a page: its items in order, and the cursor of the page that follows, null after the last.
///
/// # Errors
/// The cursor has no JSON form.
pub fn answer<T: Serialize, C: Serialize>(items: Vec<T>, next: Option<&C>) -> Result<Response, Problem> {
    let next_cursor = next.map(|cursor| Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor)?))).transpose();
    let next_cursor = next_cursor.map_err(|error: serde_json::Error| StoreError::Corrupt(error.to_string()))?;
    Ok(Json(Page { items, next_cursor }).into_response())
}

/// The query parameters of every list.
#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

impl PageQuery {
    /// Items asked for.
    ///
    /// # Errors
    /// 400 for a limit that is not 1 to 100.
    pub fn limit(&self) -> Result<usize, Problem> {
        let Some(limit) = &self.limit else { return Ok(DEFAULT_LIMIT) };
        limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
            Problem::invalid_field("limit", "out_of_range", format!("an integer from 1 to {MAX_LIMIT} was expected"))
        })
    }

    /// Where the page starts.
    ///
    /// # Errors
    /// 400 for a cursor that no page of this list gave.
    pub fn cursor<C: DeserializeOwned>(&self) -> Result<Option<C>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(Some(cursor).filter(|text| text.len() <= MAX_CURSOR_BYTES)?).ok()?;
            serde_json::from_slice(&bytes).ok()
        };
        let invalid =
            || Problem::invalid_field("cursor", "invalid_cursor", "the nextCursor of an earlier page was expected");
        read().map(Some).ok_or_else(invalid)
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest key.
    Ascending,
    /// From the largest key, such as the newest.
    Descending,
}

impl Direction {
    fn compare(self, a: &str, b: &str) -> std::cmp::Ordering {
        match self {
            Self::Ascending => a.cmp(b),
            Self::Descending => b.cmp(a),
        }
    }
}

/// Reads the first `limit` items after `after` of a list that is spread over [`SHARDS`] keys.
///
/// `fetch(shard, after, most)` gives at most `most` items of one shard in the order of `key`, starting behind
/// `after`, and whether the shard may hold more; a query of `DynamoDB` stops at 1 MB, so few items do not mean the
/// end. The answer says whether there may be more.
///
/// # Errors
/// The first error of `fetch`.
pub async fn merge<T, E, F, R>(
    direction: Direction,
    limit: usize,
    after: Option<String>,
    key: impl Fn(&T) -> String,
    fetch: F,
) -> Result<(Vec<T>, bool), E>
where
    F: Fn(u8, Option<String>, usize) -> R,
    R: Future<Output = Result<(Vec<T>, bool), E>>,
{
    // Twice the fair share: ids are spread by a hash, so that a second round is rare.
    let most = 2 * limit.div_ceil(usize::from(SHARDS)) + 1;
    let mut shards: Vec<Shard> = (0..SHARDS).map(|shard| Shard { shard, after: after.clone(), more: true }).collect();
    let mut found: Vec<(String, T)> = Vec::new();
    loop {
        let last = limit.checked_sub(1).and_then(|last| found.get(last)).map(|(key, _)| key.clone());
        // A shard is read on while it may hold an item that belongs before the last of the page.
        let before_last = |shard: &Shard| match (&shard.after, &last) {
            (Some(after), Some(last)) => direction.compare(after, last).is_lt(),
            _ => true,
        };
        let behind = shards.iter_mut().filter(|shard| shard.more && before_last(shard));
        let rounds = try_join_all(behind.map(|shard| {
            let items = fetch(shard.shard, shard.after.clone(), most);
            async move { Ok::<_, E>((shard, items.await?)) }
        }))
        .await?;
        if rounds.is_empty() {
            break;
        }
        for (shard, (items, more)) in rounds {
            shard.more = more;
            for item in items {
                let key = key(&item);
                shard.after = Some(key.clone());
                found.push((key, item));
            }
        }
        found.sort_by(|(a, _), (b, _)| direction.compare(a, b));
    }
    let more = found.len() > limit || shards.iter().any(|shard| shard.more);
    Ok((found.into_iter().take(limit).map(|(_, item)| item).collect(), more))
}

struct Shard {
    shard: u8,
    /// Key of the last item that was read.
    after: Option<String>,
    /// Whether the shard may hold items behind `after`.
    more: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pages_give_every_item_once_and_in_order(
            items in proptest::collection::btree_map(0_u32..100_000, 0..SHARDS, 0..300),
            limit in 1_usize..=MAX_LIMIT,
            newest_first: bool,
        ) {
            let direction = if newest_first { Direction::Descending } else { Direction::Ascending };
            let mut all: Vec<(String, u8)> = items.iter().map(|(id, shard)| (format!("{id:06}"), *shard)).collect();
            all.sort_by(|(a, _), (b, _)| direction.compare(a, b));
            let shards = |shard: u8, after: Option<String>, most: usize| {
                let of_shard: Vec<String> = all
                    .iter()
                    .filter(|(_, of)| *of == shard)
                    .map(|(id, _)| id.clone())
                    .filter(|id| after.as_ref().is_none_or(|after| direction.compare(id, after).is_gt()))
                    .take(most)
                    .collect();
                let more = of_shard.len() == most;
                async move { Ok::<_, ()>((of_shard, more)) }
            };
            let mut read = Vec::new();
            let mut after = None;
            loop {
                let page = merge(direction, limit, after.clone(), String::clone, shards);
                let (page, more) = futures::executor::block_on(page).unwrap();
                prop_assert!(page.len() == limit || !more, "a short page is the last");
                after = page.last().cloned();
                read.extend(page);
                if !more {
                    break;
                }
            }
            let all: Vec<String> = all.iter().map(|(id, _)| id.clone()).collect();
            prop_assert_eq!(read, all);
        }
    }
}
