//! Writes a timer and its entry in the due index in one transaction; those of many timers share one.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use futures::future::join_all;
use jiff::Timestamp;
use millrace_domain::timer::Status;
use millrace_platform::dynamo::{MAX_ACTIONS, StoreError, n, s, transact_each};
use millrace_store::timer::{DueEntry, item, keys};

/// Actions per timer. Their items have at most 30 KB.
const ACTIONS: usize = 2;

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub dynamo: Client,
    pub timers: String,
}

impl Store {
    /// Changes pending timers to scheduled, and adds their first attempts to the due index; returns one result per
    /// timer, in the same order. The status makes this idempotent: a timer that is no longer pending was entered
    /// before, or cancelled.
    pub async fn enter(&self, entries: &[&DueEntry], now: Timestamp) -> Vec<Result<(), StoreError>> {
        let write = async |entries: &[&DueEntry]| {
            let actions = entries.iter().map(|entry| self.actions(entry, now)).collect::<Result<Vec<_>, _>>();
            match actions {
                Ok(actions) => transact_each(&self.dynamo, actions).await,
                Err(error) => vec![Err(error); entries.len()],
            }
        };
        let written = join_all(entries.chunks(MAX_ACTIONS / ACTIONS).map(write)).await;
        let entered = |written| match written {
            Err(StoreError::Condition(_)) => Ok(()),
            written => written,
        };
        written.into_iter().flatten().map(entered).collect()
    }

    fn actions(&self, entry: &DueEntry, now: Timestamp) -> Result<Vec<TransactWriteItem>, StoreError> {
        let scheduled = Status::Scheduled;
        let update = Update::builder()
            .table_name(&self.timers)
            .set_key(Some(item::key(&entry.due.timer_id)))
            .update_expression(
                "SET #status = :scheduled, #shard = :shard, updatedAt = :now, #entered = :now ADD version :one",
            )
            .condition_expression("#status = :pending")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#shard", keys::STATUS_SHARD)
            .expression_attribute_names("#entered", item::SCHEDULED_AT)
            .expression_attribute_values(":scheduled", s(scheduled.name()))
            .expression_attribute_values(":pending", s(Status::Pending.name()))
            .expression_attribute_values(":shard", s(keys::status_shard(scheduled, &entry.due.timer_id)))
            .expression_attribute_values(":now", n(now.as_millisecond()))
            .expression_attribute_values(":one", n(1))
            .build()
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(vec![TransactWriteItem::builder().update(update).build(), entry.put(&self.timers)?])
    }
}
