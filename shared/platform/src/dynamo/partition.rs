//! Lists that are one partition of an index.

use aws_sdk_dynamodb::Client;

use super::shards::Direction;
use super::{Item, OnTable, StoreError, s};

/// One partition of an index, in the order of its sort key.
#[derive(Debug, Clone, Copy)]
pub struct Partition<'a> {
    /// Name of the table.
    pub table: &'a str,
    /// Name of the index.
    pub index: &'a str,
    /// Name and value of the partition key.
    pub key: (&'a str, &'a str),
    /// Name of the sort key.
    pub sort: &'a str,
    /// Sort direction.
    pub direction: Direction,
}

impl Partition<'_> {
    /// The first `limit` items after the sort key `after`, and whether there may be more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn page(
        &self,
        dynamo: &Client,
        limit: usize,
        after: Option<&str>,
    ) -> Result<(Vec<Item>, bool), StoreError> {
        let (behind, forward) = match self.direction {
            Direction::Ascending => ("#key = :key AND #sort > :after", true),
            Direction::Descending => ("#key = :key AND #sort < :after", false),
        };
        let query = dynamo.query().table_name(self.table).index_name(self.index).scan_index_forward(forward);
        let query = match after {
            Some(after) => query
                .key_condition_expression(behind)
                .expression_attribute_names("#sort", self.sort)
                .expression_attribute_values(":after", s(after)),
            None => query.key_condition_expression("#key = :key"),
        };
        let answer = query
            .expression_attribute_names("#key", self.key.0)
            .expression_attribute_values(":key", s(self.key.1))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .on(self.table)?;
        let more = answer.last_evaluated_key().is_some();
        Ok((answer.items.unwrap_or_default(), more))
    }
}
