//! Timers in `DynamoDB`.

use aws_sdk_dynamodb::types::TransactWriteItem;
use millrace::api::Problem;
use millrace::api::page::Direction;
use millrace::dynamo::{List, StoreError, transact};
use millrace::id::TimerId;
use millrace::idempotency;
use millrace::timer::{Status, Table, Timer, item, keys};

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub timers: Table,
}

/// Why a change was not made.
#[derive(Debug)]
pub enum Refused {
    /// The timer has another version by now.
    Raced,
    /// Another reason, as the client is told it.
    Problem(Problem),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

impl Store {
    /// Writes timer, due index and event, and the stored answer where there is one, all or nothing.
    pub async fn commit(
        &self,
        mut actions: Vec<TransactWriteItem>,
        answer: Option<TransactWriteItem>,
    ) -> Result<(), Refused> {
        let answer_at = actions.len();
        actions.extend(answer);
        transact(self.timers.dynamo(), actions).await.map_err(|error| match error {
            StoreError::Condition(failed) if failed.contains(&answer_at) => Refused::Problem(idempotency::claim_lost()),
            StoreError::Condition(_) => Refused::Raced,
            other => other.into(),
        })
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
