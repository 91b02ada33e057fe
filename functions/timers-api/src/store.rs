//! Timers in `DynamoDB`.

use aws_sdk_dynamodb::types::TransactWriteItem;
use millrace::api::page::Direction;
use millrace::dynamo::{List, StoreError};
use millrace::id::TimerId;
use millrace::idempotency::{self, Refused};
use millrace::timer::{Status, Table, Timer, item, keys};

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub timers: Table,
}

impl Store {
    /// Writes timer, due index and event, and the stored answer where there is one, all or nothing.
    pub async fn commit(
        &self,
        actions: Vec<TransactWriteItem>,
        answer: Option<TransactWriteItem>,
    ) -> Result<(), Refused> {
        idempotency::commit(self.timers.dynamo(), actions, answer).await
    }

    /// The newest timers before `after`, all or those of a status, and whether there may be more. They come without
    /// payloads and secrets.
    pub async fn list(
        &self,
        status: Option<Status>,
        limit: usize,
        after: Option<TimerId>,
    ) -> Result<(Vec<Timer>, bool), StoreError> {
        let prefix = status.map_or_else(String::new, |status| format!("{}#", status.name()));
        let (index, shard) = match status {
            None => (keys::BY_TIME, keys::SHARD),
            Some(_) => (keys::BY_STATUS, keys::STATUS_SHARD),
        };
        let list = List {
            table: self.timers.name(),
            index,
            shard,
            prefix: &prefix,
            sort: keys::ID,
            direction: Direction::Descending,
        };
        let after = after.map(String::from);
        list.page(self.timers.dynamo(), limit, after, |timer: &Timer| timer.id.to_string(), item::read).await
    }
}
