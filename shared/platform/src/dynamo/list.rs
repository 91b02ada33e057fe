//! Lists that are spread over the shards of an index.

use aws_sdk_dynamodb::Client;

use super::shards::{self, Direction, shard_key};
use super::{Item, Partition, StoreError};

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
        let read = &read;
        shards::merge(self.direction, limit, after, key, |shard, after, most| async move {
            let key = format!("{}{}", self.prefix, shard_key(shard));
            let Self { table, index, sort, direction, .. } = *self;
            let partition = Partition { table, index, key: (self.shard, &key), sort, direction };
            let (items, more) = partition.page(dynamo, most, after.as_deref()).await?;
            Ok((items.iter().map(read).collect::<Result<Vec<_>, _>>()?, more))
        })
        .await
    }
}
