//! A timer and its entry in the due index: one transaction.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;
use millrace::dynamo::{StoreError, n, s, transact};
use millrace::timer::{DueEntry, Status, item, keys};

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub dynamo: Client,
    pub timers: String,
}

/// What became of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// It was entered.
    Now,
    /// It is not pending any more: it was entered before, or cancelled meanwhile.
    NotPending,
}

impl Store {
    /// Makes a pending timer scheduled, and enters its first attempt. The status is the mark that it was done.
    pub async fn enter(&self, entry: &DueEntry, now: Timestamp) -> Result<Entered, StoreError> {
        let scheduled = Status::Scheduled;
        let update = Update::builder()
            .table_name(&self.timers)
            .set_key(Some(item::key(&entry.due.timer_id)))
            .update_expression("SET #status = :scheduled, #shard = :shard, updatedAt = :now ADD version :one")
            .condition_expression("#status = :pending")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#shard", keys::STATUS_SHARD)
            .expression_attribute_values(":scheduled", s(scheduled.name()))
            .expression_attribute_values(":pending", s(Status::Pending.name()))
            .expression_attribute_values(":shard", s(keys::status_shard(scheduled, &entry.due.timer_id)))
            .expression_attribute_values(":now", n(now.as_millisecond()))
            .expression_attribute_values(":one", n(1))
            .build()
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let actions = vec![TransactWriteItem::builder().update(update).build(), entry.put(&self.timers)?];
        match transact(&self.dynamo, actions).await {
            Ok(()) => Ok(Entered::Now),
            Err(StoreError::Condition(_)) => Ok(Entered::NotPending),
            Err(error) => Err(error),
        }
    }
}
