//! The counts of a range: read from every shard, summed, and shown by bucket and type. The sums and the view are pure.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;
use jiff::Timestamp;
use millrace_api::Problem;
use millrace_domain::event::EventType;
use millrace_platform::dynamo::{Item, OnTable, s};
use millrace_store::analytics::{FAILED, LATE, PK, Row, SHARDS, SK, Sheet, merge};
use serde::Serialize;

use crate::range::Range;

/// Most pages of 1 MB that a shard is read for; 750 buckets with their currencies are less than one.
const MAX_PAGES: usize = 8;

/// What comes behind the time in a sort key starts with `#`, and this is behind all of it.
const BEHIND: char = '~';

/// An amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Amount {
    pub amount: u128,
    pub currency: String,
}

/// The events of a type in a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Start of the bucket.
    bucket: Timestamp,
    #[serde(rename = "type")]
    kind: String,
    count: u128,
    /// Of orders, what they were worth, by currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Vec<Amount>>,
    /// Of users' activity, how many failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed: Option<u128>,
    /// Of users' activity, how many were processed after their turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<u128>,
}

/// Reads the counters of a range.
pub async fn read(dynamo: &Client, table: &str, range: Range) -> Result<Sheet, Problem> {
    let shards = try_join_all((0..SHARDS).map(|shard| of_shard(dynamo, table, range, shard))).await?;
    let mut sheet = Sheet::new();
    for (row, sums) in shards.into_iter().flatten() {
        merge(&mut sheet, Sheet::from([(row, sums)]));
    }
    Ok(sheet)
}

async fn of_shard(dynamo: &Client, table: &str, range: Range, shard: u8) -> Result<Sheet, Problem> {
    let (Some(first), Some(last)) = (range.starts().next(), range.starts().last()) else { return Ok(Sheet::new()) };
    let mut sheet = Sheet::new();
    let mut from: Option<HashMap<String, AttributeValue>> = None;
    for _ in 0..MAX_PAGES {
        let query = dynamo
            .query()
            .table_name(table)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", s(Row::partition(range.bucket, shard)))
            .expression_attribute_values(":first", s(first.to_string()))
            .expression_attribute_values(":last", s(format!("{last}{BEHIND}")))
            .set_exclusive_start_key(from.take());
        let answer = query.send().await.on(table)?;
        add_items(&mut sheet, answer.items())?;
        from = answer.last_evaluated_key;
        if from.is_none() {
            return Ok(sheet);
        }
    }
    Err(Problem::invalid_field("from", "out_of_range", "it holds too many currencies; a shorter range was expected"))
}

fn add_items(sheet: &mut Sheet, items: &[Item]) -> Result<(), Problem> {
    for item in items {
        if let Some((row, sums)) = Row::read(item)? {
            merge(sheet, Sheet::from([(row, sums)]));
        }
    }
    Ok(())
}

/// The counts by bucket and type, of one type or all. A bucket without events of a type is left out.
pub fn view(sheet: &Sheet, only: Option<EventType>) -> Vec<Count> {
    let mut values: BTreeMap<(Timestamp, &str), Vec<Amount>> = BTreeMap::new();
    for (row, sums) in sheet {
        if let Row::Orders { start, currency, .. } = row {
            for (kind, amount) in &sums.by {
                let amount = Amount { amount: *amount, currency: currency.clone() };
                values.entry((*start, kind.as_str())).or_default().push(amount);
            }
        }
    }
    let mut counts = Vec::new();
    for (row, sums) in sheet {
        let Row::Types { start, .. } = row else { continue };
        let of = |name: &str| sums.by.get(name).copied().unwrap_or_default();
        let activity = EventType::UserActivity.name();
        for (kind, count) in sums.by.iter().filter(|(name, _)| ![FAILED, LATE].contains(&name.as_str())) {
            if only.is_some_and(|only| only.name() != kind) {
                continue;
            }
            let outcome = |name: &str| (kind == activity).then(|| of(name));
            counts.push(Count {
                bucket: *start,
                kind: kind.clone(),
                count: *count,
                value: values.remove(&(*start, kind.as_str())),
                failed: outcome(FAILED),
                late: outcome(LATE),
            });
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use millrace_store::analytics::{Bucket, Fact};
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_shown_by_bucket_and_type_with_the_value_of_orders_and_the_outcome_of_activity() {
        let [early, now]: [Timestamp; 2] =
            ["2026-11-28T04:59:59Z", "2026-11-28T05:12:00Z"].map(|it| it.parse().unwrap());
        let order = |amount: u64, currency: &str| {
            let price = json!({"amount": amount, "currency": currency});
            let at = now.to_string();
            json!({"id": "o", "status": "confirmed", "lines": [], "total": price, "version": 2, "createdAt": at,
                   "updatedAt": at})
            .to_string()
        };
        let orders = [order(950, "EUR"), order(50, "EUR"), order(7, "JPY")];
        let mut facts: Vec<Fact> =
            orders.iter().map(|data| Fact::Event { kind: "OrderConfirmed", time: now, data }).collect();
        facts.extend([
            Fact::Event { kind: "UserActivity", time: now, data: "{}" },
            Fact::Event { kind: "UserActivity", time: early, data: "{}" },
            Fact::Outcome { time: early, failed: true, late: false },
        ]);
        let mut sheet = Sheet::new();
        for fact in &facts {
            merge(&mut sheet, fact.sheet(now));
        }
        sheet.retain(|row, _| {
            matches!(row, Row::Types { bucket: Bucket::Hour, .. } | Row::Orders { bucket: Bucket::Hour, .. })
        });
        let four =
            json!({"bucket": "2026-11-28T04:00:00Z", "type": "UserActivity", "count": 1, "failed": 1, "late": 0});
        let five =
            json!({"bucket": "2026-11-28T05:00:00Z", "type": "UserActivity", "count": 1, "failed": 0, "late": 0});
        let value = json!([{"amount": 1000, "currency": "EUR"}, {"amount": 7, "currency": "JPY"}]);
        let orders = json!({"bucket": "2026-11-28T05:00:00Z", "type": "OrderConfirmed", "count": 3, "value": value});
        let shown = |only| serde_json::to_value(view(&sheet, only)).unwrap();
        assert_eq!(shown(None), json!([four, orders, five]));
        assert_eq!(shown(Some(EventType::OrderConfirmed)), json!([orders]));
        assert_eq!(shown(Some(EventType::Notify)), json!([]));
    }
}
