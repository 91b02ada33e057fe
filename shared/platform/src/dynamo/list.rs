//! Lists that are spread over the shards of an index.

use aws_sdk_dynamodb::Client;

use super::shards::{self, Direction, shard_key};
use super::{Item, OnTable, StoreError, s};

/// An index with a shard as its partition key and the list's order as its sort key.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Name of the table.
    pub table: &'a str,
    /// Name of the index.
    pub index: &'a str,
    /// Name of the partition key: its values are [`List::prefix`] followed by the [`shard_key`] of a shard.
    pub shard: &'a str,
    /// Prefix of the list's partition keys, where the index holds several lists.
    pub prefix: &'a str,
    /// Name of the sort key.
    pub sort: &'a str,
    /// Sort direction.
    pub direction: Direction,
}

impl List<'_> {
    /// The first `limit` items after the sort key `after`, and whether there may be more. `key` returns an item's sort
    /// key.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn page<T>(
        &self,
        dynamo: &Client,
        limit: usize,
        after: Option<String>,
        key: impl Fn(&T) -> String,
        read: impl Fn(&Item) -> Result<T, StoreError>,
    ) -> Result<(Vec<T>, bool), StoreError> {
        let (behind, forward) = match self.direction {
            Direction::Ascending => ("#shard = :shard AND #sort > :after", true),
            Direction::Descending => ("#shard = :shard AND #sort < :after", false),
        };
        let read = &read;
        shards::merge(self.direction, limit, after, key, |shard, after, most| async move {
            let query = dynamo.query().table_name(self.table).index_name(self.index).scan_index_forward(forward);
            let query = match after {
                Some(after) => query
                    .key_condition_expression(behind)
                    .expression_attribute_names("#sort", self.sort)
                    .expression_attribute_values(":after", s(after)),
                None => query.key_condition_expression("#shard = :shard"),
            };
            let answer = query
                .expression_attribute_names("#shard", self.shard)
                .expression_attribute_values(":shard", s(format!("{}{}", self.prefix, shard_key(shard))))
                .limit(i32::try_from(most).unwrap_or(i32::MAX))
                .send()
                .await
                .on(self.table)?;
            let items = answer.items().iter().map(read).collect::<Result<Vec<_>, _>>()?;
            Ok((items, answer.last_evaluated_key().is_some()))
        })
        .await
    }
}
