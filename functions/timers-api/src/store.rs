//! Timers in `DynamoDB`.

use millrace_domain::id::TimerId;
use millrace_domain::timer::{Status, Timer};
use millrace_platform::dynamo::shards::Direction;
use millrace_platform::dynamo::{List, StoreError};
use millrace_store::timer::{Table, item, keys};

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub timers: Table,
}

impl Store {
    /// The newest timers before the key `after`, all of them or those with a status, and whether there may be more.
    /// Without payloads and secrets.
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
