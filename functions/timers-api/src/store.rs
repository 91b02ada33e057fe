//! Timers in `DynamoDB`.

use std::collections::BTreeSet;

use millrace_domain::activity::UserId;
use millrace_domain::id::TimerId;
use millrace_domain::timer::{Status, Timer};
use millrace_platform::dynamo::shards::Direction;
use millrace_platform::dynamo::{List, Partition, StoreError, text};
use millrace_store::timer::{Table, item, keys};

/// Most reads for a page of a user's timers with one status: a page may have fewer timers than its limit, or none, and a
/// cursor.
const ROUNDS: usize = 5;

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub timers: Table,
}

impl Store {
    /// The newest timers before the key `after`, all of them or those with a status, and the key at which the list goes on.
    /// Without payloads and secrets.
    pub async fn list(
        &self,
        status: Option<Status>,
        limit: usize,
        after: Option<TimerId>,
    ) -> Result<(Vec<Timer>, Option<TimerId>), StoreError> {
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
        let key = |timer: &Timer| timer.id.to_string();
        let (timers, more) = list.page(self.timers.dynamo(), limit, after, key, item::read).await?;
        let next = timers.last().filter(|_| more).map(|last| last.id.clone());
        Ok((timers, next))
    }

    /// As [`Store::list`], of one user. The index has only keys, so that a change of status costs it nothing; the status is
    /// looked at here.
    pub async fn list_of(
        &self,
        owner: &UserId,
        status: Option<Status>,
        limit: usize,
        mut after: Option<TimerId>,
    ) -> Result<(Vec<Timer>, Option<TimerId>), StoreError> {
        let list = Partition {
            table: self.timers.name(),
            index: keys::BY_OWNER,
            key: (keys::OWNER, owner.as_str()),
            sort: keys::ID,
            direction: Direction::Descending,
        };
        let corrupt = |_| StoreError::Corrupt("the id of a timer cannot be read".to_owned());
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            let most = limit - found.len();
            let (items, more) = list.page(self.timers.dynamo(), most, after.as_ref().map(TimerId::as_str)).await?;
            let ids = items.iter().map(|key| TimerId::try_from(text(key, keys::ID)?.to_owned()).map_err(corrupt));
            let ids = ids.collect::<Result<Vec<TimerId>, StoreError>>()?;
            let timers = self.timers.get_all(&ids.iter().collect::<BTreeSet<_>>()).await?;
            let wanted = timers.into_values().rev().filter(|timer| status.is_none_or(|status| timer.status == status));
            found.extend(wanted);
            after = ids.into_iter().next_back().filter(|_| more);
            if after.is_none() || found.len() == limit {
                break;
            }
        }
        Ok((found, after))
    }
}
