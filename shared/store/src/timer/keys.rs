//! All keys of the timers table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | a timer | `timer#{timerId}` | `timer` |
//! | an entry of the due index: an outstanding attempt | `due#{shard}` | `{dueAt, 15 digits of Unix ms}#{timerId}` |
//! | the lease for reading the due index | `runner` | `lease` |
//!
//! The due index consists of items, not of a `DynamoDB` index, because an entry is written and deleted in the
//! transaction that changes its timer.

use jiff::Timestamp;

use millrace_domain::id::TimerId;
use millrace_domain::timer::Status;
use millrace_platform::dynamo::shards::{shard_key, shard_of};

/// Partition key of the table.
pub const PK: &str = "pk";
/// Sort key of the table.
pub const SK: &str = "sk";

/// Index of all timers by creation: partition key [`SHARD`], sort key [`ID`]. Without payloads and secrets.
pub const BY_TIME: &str = "byTime";
/// One of 16 shards, `00` to `15`.
pub const SHARD: &str = "shard";
/// The timer's id.
pub const ID: &str = "id";

/// Index of timers by status and creation: partition key [`STATUS_SHARD`], sort key [`ID`]. Without payloads and
/// secrets.
pub const BY_STATUS: &str = "byStatus";
/// Status and shard, such as `scheduled#03`.
pub const STATUS_SHARD: &str = "statusShard";

/// Index of the timers that a user has made: partition key [`OWNER`], sort key [`ID`]. Sparse and of keys only, so that a
/// timer is written to it once in its life.
pub const BY_OWNER: &str = "byOwner";
/// The user who made the timer.
pub const OWNER: &str = "owner";

/// Sort key of a timer.
pub const TIMER_SK: &str = "timer";

/// Partition key of the lease for reading the due index.
pub const RUNNER_PK: &str = "runner";
/// Sort key of the lease.
pub const LEASE_SK: &str = "lease";

/// Partitions of the due index. The number must never shrink, because an entry is looked up where it was put. Each
/// takes 1,000 writes per second.
pub const DUE_SHARDS: u8 = 16;

/// Partition key of a timer.
#[must_use]
pub fn timer(id: &TimerId) -> String {
    format!("timer#{id}")
}

/// Partition key of a shard of the due index.
#[must_use]
pub fn due(shard: u8) -> String {
    format!("due#{}", shard_key(shard))
}

/// Partition key of a timer's entries in the due index.
#[must_use]
pub fn due_of(id: &TimerId) -> String {
    due(shard_of(id.as_str(), DUE_SHARDS))
}

/// Sort key of an entry of the due index: text order is time order.
#[must_use]
pub fn due_at(at: Timestamp, id: &TimerId) -> String {
    format!("{}#{id}", millis(at))
}

/// A sort key after every entry that is due by this time.
#[must_use]
pub fn due_by(at: Timestamp) -> String {
    // '$' follows '#'.
    format!("{}$", millis(at))
}

/// Time and timer id from the sort key of a due-index entry.
#[must_use]
pub fn read_due(sk: &str) -> Option<(Timestamp, TimerId)> {
    let (at, id) = sk.split_once('#')?;
    let at = Timestamp::from_millisecond(at.parse().ok()?).ok()?;
    Some((at, TimerId::try_from(id.to_owned()).ok()?))
}

/// Partition key of [`BY_STATUS`].
#[must_use]
pub fn status_shard(status: Status, id: &TimerId) -> String {
    format!("{}#{}", status.name(), shard(id))
}

/// Partition key of [`BY_TIME`].
#[must_use]
pub fn shard(id: &TimerId) -> String {
    shard_key(shard_of(id.as_str(), millrace_platform::dynamo::shards::SHARDS))
}

/// 15 digits suffice until the year 33658. No timer is due before 1970.
fn millis(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_order_is_the_order_of_time_and_an_entry_is_read_as_it_was_written() {
        let id = |id: &str| TimerId::try_from(id.to_owned()).unwrap();
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let keys = [0, 9, 10, 1_795_240_799_999, 1_795_240_800_000].map(|ms| due_at(at(ms), &id("t")));
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(read_due(&keys[3]), Some((at(1_795_240_799_999), id("t"))));
        assert!(due_at(at(7), &id("zzz")) < due_by(at(7)) && due_by(at(7)) < due_at(at(8), &id("0")));
        assert_eq!(read_due("x#t"), None);
    }
}
