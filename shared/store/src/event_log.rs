//! The keys of the event log, which its writer and its reader share.
//!
//! One item per event, keyed by its id and source. Two indexes order events by time: one over all events, one per type. A
//! partition key of an index is a day and one of 16 shards, so 5,000 events per second are about 310 writes per second
//! and key.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use millrace_domain::event::EventType;
use millrace_platform::dynamo::shards::shard_key;

/// Partition key of the table.
pub const EVENT_ID: &str = "eventId";
/// Sort key of the table: the source as it appears in keys.
pub const SOURCE_KEY: &str = "sourceKey";
/// Digest of what the event says, which tells a repeat from another event with its id.
pub const CONTENT: &str = "content";

/// Index of all events.
pub const BY_TIME: &str = "byTime";
/// Index of the events of one type.
pub const BY_TYPE: &str = "byType";

/// The day (UTC) of a time.
#[must_use]
pub fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

/// Partition key of [`BY_TIME`], or with a type of [`BY_TYPE`].
#[must_use]
pub fn bucket(kind: Option<EventType>, day: Date, shard: u8) -> String {
    let shard = shard_key(shard);
    match kind {
        Some(kind) => format!("{}#{day}#{shard}", kind.name()),
        None => format!("{day}#{shard}"),
    }
}

/// Sort key of both indexes: time to the microsecond, then event id and source. The time has a fixed length, so text order is time
/// order.
#[must_use]
pub fn time_id(time: Timestamp, event_id: &str, source_key: &str) -> String {
    format!("{}{event_id}#{source_key}", time_prefix(time))
}

/// Prefix of the sort keys of this time.
#[must_use]
pub fn time_prefix(time: Timestamp) -> String {
    format!("{time:.6}#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_keys_are_in_the_order_of_time() {
        let times =
            ["2026-11-21T05:59:59.999999Z", "2026-11-21T06:00:00Z", "2026-11-21T06:00:00.5Z", "2026-11-21T06:00:01Z"];
        let keys = times.map(|time| time_id(time.parse().unwrap(), "z", "urn:shop"));
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(
            bucket(Some(EventType::ProductCreated), day(times[1].parse().unwrap()), 3),
            "ProductCreated#2026-11-21#03"
        );
    }
}
