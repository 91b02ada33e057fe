//! The analytics table: counters, and the watermark of each shard.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;
use millrace_platform::dynamo::shards::shard_of;
use millrace_platform::dynamo::{Item, OnTable, StoreError, n, s, text, transact};
use millrace_store::analytics::{EXPIRES_AT, PK, SECONDS_PER_DAY, SHARDS, SK, Sheet};

use crate::count::{Ledger, Shard};
use crate::sequence::Sequence;

/// Starts the partition keys of watermarks.
const COUNTED: &str = "counted";

/// Attribute of a watermark: the last record that is counted.
const SEQUENCE: &str = "sequence";

/// Days that a watermark is kept after its last move. A stream keeps its records for one day.
const WATERMARK_DAYS: i64 = 7;

/// The table.
#[derive(Debug, Clone)]
pub struct Table {
    pub dynamo: Client,
    pub name: String,
}

impl Ledger for Table {
    async fn watermark(&self, shard: &Shard<'_>) -> Result<Option<Sequence>, StoreError> {
        let get = self.dynamo.get_item().table_name(&self.name).set_key(Some(key(shard))).consistent_read(true);
        let Some(item) = get.send().await.on(&self.name)?.item else { return Ok(None) };
        let at = text(&item, SEQUENCE)?;
        let sequence = Sequence::read(at).ok_or_else(|| StoreError::Corrupt(format!("a watermark at {at}")))?;
        Ok(Some(sequence))
    }

    async fn add(
        &self,
        shard: &Shard<'_>,
        before: Option<&Sequence>,
        to: &Sequence,
        sheet: &Sheet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let writer = shard_of(shard.id, SHARDS);
        let mut actions = vec![self.watermark_action(shard, before, to, now)?];
        for (row, sums) in sheet {
            actions.push(row.action(&self.name, writer, sums)?);
        }
        transact(&self.dynamo, actions).await
    }
}

impl Table {
    fn watermark_action(
        &self,
        shard: &Shard<'_>,
        before: Option<&Sequence>,
        to: &Sequence,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let mut item = key(shard);
        item.insert(SEQUENCE.to_owned(), s(to.as_str()));
        item.insert(EXPIRES_AT.to_owned(), n(now.as_second() + WATERMARK_DAYS * SECONDS_PER_DAY));
        let put =
            Put::builder().table_name(&self.name).set_item(Some(item)).expression_attribute_names("#at", SEQUENCE);
        let put = match before {
            Some(before) => {
                put.condition_expression("#at = :before").expression_attribute_values(":before", s(before.as_str()))
            }
            None => put.condition_expression("attribute_not_exists(#at)"),
        };
        let put = put.build().map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn key(shard: &Shard<'_>) -> Item {
    Item::from([(PK.to_owned(), s(format!("{COUNTED}#{}", shard.id))), (SK.to_owned(), s(shard.stream))])
}
