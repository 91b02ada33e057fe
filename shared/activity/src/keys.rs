//! All keys of the activity table.
//!
//! | item | `pk` | `sk` |
//! |---|---|---|
//! | an event: status, attempts, result | `event#{eventId}` | `event#{source}` |
//! | an event whose id belongs to another content | `event#{eventId}` | `event#{source}#{digest}` |
//! | the outcome of a redrive of it | `event#{eventId}` | `redrive#{redriveId}` |
//! | a user's cursor: the next seq, the number of waiting events | `order#{userId}` | `cursor` |
//! | a waiting event | `order#{userId}` | `seq#{seq, 19 digits}#{eventId}#{source}` |
//! | a skipped gap | `order#{userId}` | `gap#{first seq, 19 digits}` |
//! | a user's profile | `profile#{userId}` | `profile` |
//! | the times of a user's accepted requests | `rate#{userId}` | `rate` |
//! | the progress of a partition's consumer | `partition#{number}` | `progress` |
//!
//! A source of more than 256 bytes is written as `sha256:` and its digest; see
//! [`identity`](millrace_domain::event::identity).
//!
//! `dedup#{eventId}` and `inflight#{eventId}` are merged into the event's own item: a consumer writes that item on
//! condition that it does not exist (or is `buffered`), in the transaction that has the effect. So the item itself
//! deduplicates the event, and an event in flight is one that is `buffered` with `attempts` of 1 or more. Dead letters,
//! `dlq#{eventId}`, are the items of the dead-letter table with that id.

use jiff::Timestamp;

use crate::event::Identity;
use millrace_platform::dynamo::shards::{SHARDS, shard_key, shard_of};
use millrace_platform::dynamo::{Item, s};

/// Partition key of the table.
pub const PK: &str = "pk";
/// Sort key of the table.
pub const SK: &str = "sk";

/// Index of processed events by time: partition key [`PROCESSED_SHARD`], sort key [`PROCESSED_ID`]. Sparse: it contains
/// only processed events. Projects all attributes.
pub const PROCESSED: &str = "processed";
/// One of 16 shards, `00` to `15`.
pub const PROCESSED_SHARD: &str = "processedShard";
/// Time and event id; see [`processed_id`].
pub const PROCESSED_ID: &str = "processedId";

/// Index of a user's events in the order of seq: partition key [`USER_ID`], sort key [`USER_ORDER`]. Projects all
/// attributes.
pub const BY_USER: &str = "byUser";
/// The user.
pub const USER_ID: &str = "userId";
/// Seq and event id; see [`user_order`].
pub const USER_ORDER: &str = "userOrder";

/// Index of the users that have to be checked: partition key [`DUE_SHARD`], sort key [`DUE_AT`]. Sparse: it contains a
/// cursor while events of its user wait. Projects all attributes.
pub const DUE: &str = "due";
/// One of 16 shards, `00` to `15`.
pub const DUE_SHARD: &str = "dueShard";
/// Time of the check; see [`time`].
pub const DUE_AT: &str = "dueAt";

/// Prefix of the sort keys of events.
pub const EVENT: &str = "event#";
/// Sort key of a user's cursor.
pub const CURSOR_SK: &str = "cursor";
/// Sort key of a user's profile.
pub const PROFILE_SK: &str = "profile";
/// Sort key of a partition's progress.
pub const PROGRESS_SK: &str = "progress";
/// Prefix of the sort keys of waiting events.
pub const WAITING: &str = "seq#";

/// Partition key of an event.
#[must_use]
pub fn event(id: &str) -> String {
    format!("event#{id}")
}

/// Sort key of an event.
#[must_use]
pub fn event_of(identity: &Identity) -> String {
    format!("{EVENT}{}", identity.source)
}

/// Sort key of a redrive's outcome, under its event.
#[must_use]
pub fn redrive(id: &str) -> String {
    format!("redrive#{id}")
}

/// Partition key of a user's cursor, waiting events and gaps.
#[must_use]
pub fn order(user: &str) -> String {
    format!("order#{user}")
}

/// Partition key of a user's profile.
#[must_use]
pub fn profile(user: &str) -> String {
    format!("profile#{user}")
}

/// Key of a user's rate-limit item.
#[must_use]
pub fn rate(user: &str) -> Item {
    Item::from([(PK.to_owned(), s(format!("rate#{user}"))), (SK.to_owned(), s("rate"))])
}

/// Partition key of a topic partition's progress.
#[must_use]
pub fn partition(number: i64) -> String {
    format!("partition#{number}")
}

/// Sort key of a waiting event: text order is the order of seq. Events without a seq have 0.
#[must_use]
pub fn waiting(seq: u64, identity: &Identity) -> String {
    format!("{WAITING}{seq:019}#{}#{}", identity.id, identity.source)
}

/// Sort key of a gap that starts at this seq.
#[must_use]
pub fn gap(first: u64) -> String {
    format!("gap#{first:019}")
}

/// Shard of an event or a user in [`PROCESSED`] and [`DUE`].
#[must_use]
pub fn shard(id: &str) -> String {
    shard_key(shard_of(id, SHARDS))
}

/// Sort key of [`BY_USER`]: events with a seq come first, in its order; events without one follow by id, which is in
/// the order of time for ids that we generate.
#[must_use]
pub fn user_order(seq: Option<u64>, Identity { id, source }: &Identity) -> String {
    match seq {
        Some(seq) => format!("seq#{seq:019}#{id}#{source}"),
        None => format!("time#{id}#{source}"),
    }
}

/// A time in Unix milliseconds as it appears in sort keys: text order is time order.
#[must_use]
pub fn time(at: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(at).unwrap_or_default())
}

/// Sort key of [`PROCESSED`].
#[must_use]
pub fn processed_id(at: i64, Identity { id, source }: &Identity) -> String {
    format!("{}#{id}#{source}", time(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_domain::activity::MAX_SEQ;

    #[test]
    fn text_order_is_the_order_of_seq_and_time() {
        let e = Identity::new("e", "urn:shop", None);
        let keys = [0, 9, 10, MAX_SEQ].map(|seq| waiting(seq, &e));
        assert!(keys.is_sorted(), "{keys:?}");
        let orders = [Some(9), Some(10), Some(MAX_SEQ), None].map(|seq| user_order(seq, &e));
        assert!(orders.is_sorted(), "{orders:?}");
        let keys = [0, 1_795_240_799_999, 1_795_240_800_000, 1_795_240_800_500].map(|at| processed_id(at, &e));
        assert!(keys.is_sorted() && keys[2] == "2026-11-21T06:00:00.000Z#e#urn:shop", "{keys:?}");
        assert!(CURSOR_SK < gap(1).as_str() && gap(MAX_SEQ) < waiting(0, &e));
    }
}
