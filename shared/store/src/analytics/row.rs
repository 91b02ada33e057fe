//! A row of counters: its key, the action that adds to it, and how it is read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;
use millrace_platform::dynamo::shards::{shard_key, shard_of};
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

use super::{Bucket, EXPIRES_AT, KEPT_DAYS, NAME, PK, SECONDS_PER_DAY, SHARDS, SK, Sums};

/// Starts the partition keys of products.
const PRODUCTS: &str = "products";

/// A row. Each is of constant size, whatever is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    /// Events of a bucket by type, and the outcomes of activity.
    Types {
        /// Length of the bucket.
        bucket: Bucket,
        /// Start of the bucket.
        start: Timestamp,
    },
    /// Value of the orders of a bucket in a currency, by type of event.
    Orders {
        /// Length of the bucket.
        bucket: Bucket,
        /// Start of the bucket.
        start: Timestamp,
        /// Currency.
        currency: String,
    },
    /// A product in the confirmed orders of a day, in a currency.
    Product {
        /// Start of the day.
        day: Timestamp,
        /// Id of the product.
        product: String,
        /// Currency of the line.
        currency: String,
    },
}

/// Partition key of the products of a day with this shard.
#[must_use]
pub fn product_partition(day: Timestamp, shard: u8) -> String {
    format!("{PRODUCTS}#{day}#{}", shard_key(shard))
}

impl Row {
    /// When it expires, in Unix seconds; `None` if it is kept for good.
    #[must_use]
    pub fn expires_at(&self) -> Option<i64> {
        match self {
            Self::Types { bucket, start } | Self::Orders { bucket, start, .. } => bucket.expires_at(*start),
            Self::Product { day, .. } => Some(day.as_second() + (1 + KEPT_DAYS) * SECONDS_PER_DAY),
        }
    }

    /// Partition key of a bucket's counters with this shard.
    #[must_use]
    pub fn partition(bucket: Bucket, shard: u8) -> String {
        format!("{}#{}", bucket.name(), shard_key(shard))
    }

    /// Partition and sort key. `shard` is the writer's; a product has one of its own, because it is ranked by its whole sum.
    fn key(&self, shard: u8) -> (String, String) {
        match self {
            Self::Types { bucket, start } => (Self::partition(*bucket, shard), start.to_string()),
            Self::Orders { bucket, start, currency } => {
                (Self::partition(*bucket, shard), format!("{start}#{currency}"))
            }
            Self::Product { day, product, currency } => {
                (product_partition(*day, shard_of(product, SHARDS)), format!("{product}#{currency}"))
            }
        }
    }

    /// The action that adds sums to the row of this shard, which need not exist.
    ///
    /// # Errors
    /// Never in practice: a required field of the request is missing.
    pub fn action(&self, table: &str, shard: u8, sums: &Sums) -> Result<TransactWriteItem, StoreError> {
        let (pk, sk) = self.key(shard);
        let (mut names, mut values, mut adds, mut sets) = (HashMap::new(), HashMap::new(), Vec::new(), Vec::new());
        for (at, (attribute, sum)) in sums.by.iter().enumerate() {
            names.insert(format!("#a{at}"), attribute.clone());
            values.insert(format!(":a{at}"), n(sum));
            adds.push(format!("#a{at} :a{at}"));
        }
        let others = [(EXPIRES_AT, self.expires_at().map(n)), (NAME, sums.name.as_ref().map(s))];
        for (attribute, value) in others.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            names.insert(format!("#{attribute}"), attribute.to_owned());
            values.insert(format!(":{attribute}"), value);
            sets.push(format!("#{attribute} = :{attribute}"));
        }
        let set = if sets.is_empty() { String::new() } else { format!("SET {} ", sets.join(", ")) };
        let update = Update::builder()
            .table_name(table)
            .key(PK, s(pk))
            .key(SK, s(sk))
            .update_expression(format!("{set}ADD {}", adds.join(", ")))
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .build();
        let update = update.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Reads an item; `None` if it is not a row of counters.
    ///
    /// # Errors
    /// The item is one, but in a form that this code does not write.
    pub fn read(item: &Item) -> Result<Option<(Self, Sums)>, StoreError> {
        let (pk, sk) = (text(item, PK)?, text(item, SK)?);
        let corrupt = || StoreError::Corrupt(format!("{pk} {sk} is no row of counters"));
        let time = |text: &str| text.parse::<Timestamp>().map_err(|_| corrupt());
        let mut parts = pk.split('#');
        let row = match parts.next() {
            Some(PRODUCTS) => {
                let (product, currency) = sk.split_once('#').ok_or_else(corrupt)?;
                let day = time(parts.next().unwrap_or_default())?;
                Self::Product { day, product: product.to_owned(), currency: currency.to_owned() }
            }
            Some(name) => match (Bucket::from_name(name), sk.split_once('#')) {
                (Some(bucket), None) => Self::Types { bucket, start: time(sk)? },
                (Some(bucket), Some((start, currency))) => {
                    Self::Orders { bucket, start: time(start)?, currency: currency.to_owned() }
                }
                (None, _) => return Ok(None),
            },
            None => return Ok(None),
        };
        let counters = item.keys().filter(|name| ![PK, SK, EXPIRES_AT, NAME].contains(&name.as_str()));
        let by = counters.map(|name| Ok((name.clone(), number(item, name)?))).collect::<Result<_, StoreError>>()?;
        Ok(Some((row, Sums { by, name: text(item, NAME).ok().map(str::to_owned) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let start: Timestamp = "2026-11-28T00:00:00Z".parse().unwrap();
        let (product, currency) = ("burger".to_owned(), "EUR".to_owned());
        for row in [
            Row::Types { bucket: Bucket::Minute, start },
            Row::Orders { bucket: Bucket::Day, start, currency: currency.clone() },
            Row::Product { day: start, product, currency },
        ] {
            let mut sums =
                Sums { name: matches!(row, Row::Product { .. }).then(|| "Burger".to_owned()), ..Sums::default() };
            sums.add("a", u128::from(u64::MAX) * 3);
            let (pk, sk) = row.key(3);
            let mut item = Item::from([(PK.to_owned(), s(pk)), (SK.to_owned(), s(sk)), (EXPIRES_AT.to_owned(), n(5))]);
            item.insert("a".to_owned(), n(sums.by["a"]));
            item.extend(sums.name.as_ref().map(|name| (NAME.to_owned(), s(name))));
            assert_eq!(Row::read(&item).unwrap(), Some((row.clone(), sums.clone())));
            let action = row.action("T", 3, &sums).unwrap();
            let expression = action.update().unwrap().update_expression();
            assert_eq!(expression.contains("SET"), row.expires_at().is_some(), "{expression}");
        }
        let other = Item::from([(PK.to_owned(), s("counted#shard")), (SK.to_owned(), s("x"))]);
        assert_eq!(Row::read(&other).unwrap(), None);
    }
}
