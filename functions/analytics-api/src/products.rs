//! The products that were sold most in a range of days. The sums and the order are pure.
//!
//! Each day has an index of its products by pieces, in shards. Of each shard the first rows are read, so that the cost depends on
//! the number of days and not on that of the products; whether that was all is part of the answer.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use millrace_api::Problem;
use millrace_platform::dynamo::{OnTable, StoreError, s};
use millrace_store::analytics::{AMOUNT, BY_PIECES, PIECES, PK, Row, SHARDS, Sums, product_partition};
use serde::Serialize;

use crate::counts::Amount;
use crate::range::Range;

/// Rows that are read of each shard of a day; at least the largest `limit`, so that the answer for a day is exact.
pub const ROWS_PER_SHARD: usize = 100;

/// Concurrent queries.
const AT_ONCE: usize = 32;

/// A product, and what was sold of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sold {
    product_id: String,
    name: String,
    pieces: u128,
    value: Vec<Amount>,
}

/// The products that were sold most.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Top {
    items: Vec<Sold>,
    /// Whether every product that was sold in the range was looked at.
    complete: bool,
}

type Rows = Vec<(Row, Sums)>;

/// Reads the rows of a range, and whether these are all.
pub async fn read(dynamo: &Client, table: &str, range: Range) -> Result<(Rows, bool), Problem> {
    let shards = range.starts().flat_map(|day| (0..SHARDS).map(move |shard| (day, shard)));
    let reads = shards.map(|(day, shard)| of_shard(dynamo, table, day, shard));
    let read: Vec<(Rows, bool)> = stream::iter(reads.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await?;
    let complete = read.iter().all(|(_, complete)| *complete);
    Ok((read.into_iter().flat_map(|(rows, _)| rows).collect(), complete))
}

async fn of_shard(dynamo: &Client, table: &str, day: Timestamp, shard: u8) -> Result<(Rows, bool), StoreError> {
    let query = dynamo
        .query()
        .table_name(table)
        .index_name(BY_PIECES)
        .key_condition_expression("#pk = :pk")
        .expression_attribute_names("#pk", PK)
        .expression_attribute_values(":pk", s(product_partition(day, shard)))
        .scan_index_forward(false)
        .limit((ROWS_PER_SHARD + 1) as i32);
    let answer = query.send().await.on(table)?;
    let items = answer.items();
    let rows = items.iter().take(ROWS_PER_SHARD).filter_map(|item| Row::read(item).transpose());
    Ok((rows.collect::<Result<_, _>>()?, items.len() <= ROWS_PER_SHARD))
}

/// The `limit` products with the most pieces; of as many, the one with the smaller id is first.
pub fn top(rows: Rows, complete: bool, limit: usize) -> Top {
    let mut products: BTreeMap<String, (Timestamp, String, u128, BTreeMap<String, u128>)> = BTreeMap::new();
    for (row, sums) in rows {
        let Row::Product { day, product, currency } = row else { continue };
        let of = |name: &str| sums.by.get(name).copied().unwrap_or_default();
        let (named, name, pieces, value) = products.entry(product).or_default();
        if *named <= day {
            (*named, *name) = (day, sums.name.clone().unwrap_or_default());
        }
        *pieces = pieces.saturating_add(of(PIECES));
        let sum = value.entry(currency).or_default();
        *sum = sum.saturating_add(of(AMOUNT));
    }
    let sold = |(product_id, (_, name, pieces, value)): (_, (_, _, _, BTreeMap<_, _>))| {
        let value = value.into_iter().map(|(currency, amount)| Amount { amount, currency }).collect();
        Sold { product_id, name, pieces, value }
    };
    let mut items: Vec<Sold> = products.into_iter().map(sold).collect();
    items.sort_by_key(|sold| Reverse(sold.pieces));
    items.truncate(limit);
    Top { items, complete }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn products_are_summed_over_days_and_currencies_and_the_latest_name_is_shown() {
        let row = |day: &str, product: &str, currency: &str, (pieces, amount): (u128, u128), name: &str| {
            let by = BTreeMap::from([(PIECES.to_owned(), pieces), (AMOUNT.to_owned(), amount)]);
            let (product, currency) = (product.to_owned(), currency.to_owned());
            (Row::Product { day: day.parse().unwrap(), product, currency }, Sums { by, name: Some(name.to_owned()) })
        };
        let (first, second) = ("2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z");
        let rows = vec![
            row(second, "burger", "EUR", (2, 1900), "Big burger"),
            row(first, "burger", "EUR", (1, 900), "Burger"),
            row(first, "burger", "JPY", (1, 5), "Burger"),
            row(first, "soup", "EUR", (4, 400), "Soup"),
            row(first, "tea", "EUR", (3, 300), "Tea"),
        ];
        let burger = json!({"productId": "burger", "name": "Big burger", "pieces": 4,
            "value": [{"amount": 2800, "currency": "EUR"}, {"amount": 5, "currency": "JPY"}]});
        let soup =
            json!({"productId": "soup", "name": "Soup", "pieces": 4, "value": [{"amount": 400, "currency": "EUR"}]});
        let shown = serde_json::to_value(top(rows, true, 2)).unwrap();
        assert_eq!(shown, json!({"items": [burger, soup], "complete": true}));
    }
}
