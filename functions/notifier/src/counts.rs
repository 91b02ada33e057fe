//! Users' events are too many to be told one by one: an entry says how many came since the one before.
//!
//! Each record counts once: what is counted of a partition is written with the entry, and a batch that comes again counts
//! only what lies behind that. A record that a producer wrote twice counts twice; telling them apart would cost a write for
//! each event.

use std::collections::BTreeMap;

use millrace_delivery::consumer::KafkaRecord;
use millrace_platform::clock;
use millrace_platform::dynamo::{Item, StoreError, batch_get_keys, number, s, text};
use millrace_store::feed::{PK, SK};
use serde_json::json;
use serde_json::value::to_raw_value;

use crate::append::Feed;
use crate::news::{Guard, News};
use crate::plan::{COUNTED, NEXT};

/// The topic of users' events; the batch has it in the names of its partitions.
pub const PREFIX: &str = "user-activity-events-";

/// Type of the entries.
const KIND: &str = "UserActivityCount";

/// Races for a partition that may be lost, which only happens if a batch is delivered twice at once.
const RACES: u32 = 5;

/// Counts the records of a batch that are not counted yet.
///
/// # Errors
/// They may not be counted, and have to come again.
pub async fn count(feed: &Feed, batch: &BTreeMap<String, Vec<KafkaRecord>>) -> Result<(), StoreError> {
    let offsets: BTreeMap<&str, Vec<i64>> = batch
        .iter()
        .map(|(partition, records)| (partition.as_str(), records.iter().map(|record| record.offset).collect()))
        .collect();
    for _ in 0..RACES {
        let counted = counted(feed, offsets.keys().copied()).await?;
        let Some(news) = news(&offsets, &counted)? else { return Ok(()) };
        if feed.append(vec![news]).await? > 0 {
            return Ok(());
        }
    }
    Err(StoreError::Unavailable("others count the same records".to_owned()))
}

/// Up to where each partition is counted.
async fn counted(feed: &Feed, partitions: impl Iterator<Item = &str>) -> Result<BTreeMap<String, i64>, StoreError> {
    let key = |partition| Item::from([(PK.to_owned(), s(COUNTED)), (SK.to_owned(), s(partition))]);
    let keys: Vec<Item> = partitions.map(key).collect();
    let items = batch_get_keys(&feed.dynamo, &feed.table, &keys).await?;
    items.iter().map(|item| Ok((text(item, SK)?.to_owned(), number(item, NEXT)?))).collect()
}

/// The entry about the offsets that are not counted, if there are any. Pure but for the time and the id.
fn news(offsets: &BTreeMap<&str, Vec<i64>>, counted: &BTreeMap<String, i64>) -> Result<Option<News>, StoreError> {
    let (mut count, mut guards) = (0, Vec::new());
    for (partition, offsets) in offsets {
        let before = counted.get(*partition).copied();
        let new = offsets.iter().filter(|offset| before.is_none_or(|before| **offset >= before));
        let Some(last) = new.clone().max() else { continue };
        count += new.count();
        guards.push(Guard::Counted { partition: (*partition).to_owned(), before, next: last + 1 });
    }
    if guards.is_empty() {
        return Ok(None);
    }
    let corrupt = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
    Ok(Some(News {
        guards,
        event_id: clock::new_id().to_string(),
        kind: KIND.to_owned(),
        subject: "users".to_owned(),
        time: clock::now(),
        title: format!("{count} events of users"),
        data: to_raw_value(&json!({"count": count})).map_err(corrupt)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_comes_again_in_another_cut_counts_what_is_new() {
        let of = |offsets: &[(&'static str, &[i64])], counted: &[(&str, i64)]| {
            let offsets = offsets.iter().map(|(partition, offsets)| (*partition, offsets.to_vec())).collect();
            let counted = counted.iter().map(|(partition, next)| ((*partition).to_owned(), *next)).collect();
            news(&offsets, &counted).unwrap().map(|news| (news.data.get().to_owned(), news.guards))
        };
        let guard = |partition: &str, before, next| Guard::Counted { partition: partition.to_owned(), before, next };
        let (data, guards) = of(&[("t-0", &[5, 6, 7]), ("t-1", &[0])], &[("t-0", 6)]).unwrap();
        assert_eq!(data, r#"{"count":3}"#);
        assert_eq!(guards, [guard("t-0", Some(6), 8), guard("t-1", None, 1)]);
        assert!(of(&[("t-0", &[5, 6])], &[("t-0", 7)]).is_none());
        assert!(of(&[], &[]).is_none());
    }
}
