//! Lists that are spread over several partition keys, and their merge into one ordered list.
//!
//! If every writer appended to one key, that key would be a bottleneck; so a list is spread over [`SHARDS`] keys and
//! merged when it is read. For a page, each shard is read for a little more than its share, and read again only if it
//! runs out. So the cost depends on the size of the page, not on the number of stored items.

use futures::future::try_join_all;
use sha2::{Digest, Sha256};

/// Partition keys that a list is spread over. At 1,000 writes per second and key, that allows 16,000 writes per second.
pub const SHARDS: u8 = 16;

/// The shard of an id, out of `shards`: always the same for the same id.
#[must_use]
pub fn shard_of(id: &str, shards: u8) -> u8 {
    Sha256::digest(id.as_bytes()).first().map_or(0, |byte| byte % shards.max(1))
}

/// A shard as it appears in a key: two digits.
#[must_use]
pub fn shard_key(shard: u8) -> String {
    format!("{shard:02}")
}

/// The order in which a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smallest key first.
    Ascending,
    /// Largest key first, such as the newest.
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
/// `fetch(shard, after, most)` returns up to `most` items of one shard, ordered by `key` and starting after `after`,
/// and whether the shard may hold more: a `DynamoDB` query stops at 1 MB, so a short result does not mean the end. The
/// result says whether the list may hold more items.
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
    // Twice the fair share: ids are spread by a hash, so a second round is rare.
    let most = 2 * limit.div_ceil(usize::from(SHARDS)) + 1;
    let mut shards: Vec<Shard> = (0..SHARDS).map(|shard| Shard { shard, after: after.clone(), more: true }).collect();
    let mut found: Vec<(String, T)> = Vec::new();
    loop {
        let last = limit.checked_sub(1).and_then(|last| found.get(last)).map(|(key, _)| key.clone());
        // A shard is read further as long as it may hold an item that sorts before the last one of the page.
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
    /// Whether the shard may hold items after `after`.
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
            limit in 1_usize..=100,
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
