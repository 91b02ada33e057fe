//! The keys of the event log, which its writer and its reader share.
//!
//! One item per event, keyed by its id and source. Two indexes order events by time: one over all events, one per type. A
//! partition key of an index is a day and one of 16 shards, so 5,000 events per second are about 310 writes per second
//! and key. Two more lead from an aggregate and from a trace to their events. They hold keys and little else, so that an
//! event costs each of them one write unit, whatever its size.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use millrace_domain::activity::UserActivity;
use millrace_domain::event::{AnyEvent, Event, EventType};
use millrace_platform::dynamo::shards::{SHARDS, shard_key, shard_of};

/// Partition key of the table.
pub const EVENT_ID: &str = "eventId";
/// Sort key of the table: the source as it appears in keys.
pub const SOURCE_KEY: &str = "sourceKey";
/// Digest of what the event says, which tells a repeat from another event with its id.
pub const CONTENT: &str = "content";
/// Bytes of its data and its other attributes, by which a page stays below the limit of an answer.
pub const BYTES: &str = "bytes";
/// When Kafka got the record, in Unix milliseconds: its timestamp there.
pub const PUBLISHED_AT: &str = "publishedAt";
/// When the log got it, in Unix milliseconds.
pub const LOGGED_AT: &str = "loggedAt";

/// Index of all events.
pub const BY_TIME: &str = "byTime";
/// Index of the events of one type.
pub const BY_TYPE: &str = "byType";

/// Index of an aggregate's events: partition key [`SUBJECT`], sort key [`SUBJECT_ORDER`].
pub const BY_SUBJECT: &str = "bySubject";
/// The event's subject: the id of its aggregate.
pub const SUBJECT: &str = "subject";
/// See [`subject_order`].
pub const SUBJECT_ORDER: &str = "subjectOrder";

/// Index of a trace's events: partition key [`TRACE_SHARD`], sort key [`TIME_ID`].
pub const BY_TRACE: &str = "byTrace";
/// See [`trace_shard`].
pub const TRACE_SHARD: &str = "traceShard";
/// See [`time_id`].
pub const TIME_ID: &str = "timeId";

/// The place of events without a version, behind all that have one.
const UNVERSIONED: &str = "~";

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

/// Sort key of the indexes by time: time to the microsecond, then event id and source. The time has a fixed length, so text order is time
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

/// The kind of aggregate that events of a type belong to. Aggregates of two kinds may share an id.
#[must_use]
pub fn aggregate(kind: EventType) -> &'static str {
    match kind {
        EventType::ProductCreated
        | EventType::ProductUpdated
        | EventType::ProductDeleted
        | EventType::LowStockWarning => "product",
        EventType::OrderCreated | EventType::OrderConfirmed | EventType::OrderRejected => "order",
        EventType::Notify => "ingredient",
        EventType::UserActivity => "user",
        EventType::TimerRequested
        | EventType::TimerCancelled
        | EventType::TimerFired
        | EventType::TimerFailed
        | EventType::TimerDue => "timer",
    }
}

/// Sort key of [`BY_SUBJECT`]: the kind of aggregate, the version, and the [`time_id`]. The version of a user's activity is
/// its seq. What has no version comes behind, by time.
///
/// Of one version the change comes first, then what follows from it. The version of a `TimerDue` is its attempt, which is
/// never above the version that the timer has then, so that it is behind the timer's request and before its end.
#[must_use]
pub fn subject_order(event: &AnyEvent, source_key: &str) -> String {
    let version = match event.kind {
        EventType::UserActivity => Event::<UserActivity>::typed(event).ok().and_then(|activity| activity.payload.seq()),
        _ => event.aggregateversion.map(u64::from),
    };
    let place = version.map_or_else(|| UNVERSIONED.to_owned(), |version| format!("{version:020}"));
    let follows = u8::from(matches!(event.kind, EventType::LowStockWarning | EventType::TimerDue));
    let time_id = time_id(event.time, &event.id, source_key);
    format!("{}#{place}#{follows}#{time_id}", aggregate(event.kind))
}

/// The time within a [`subject_order`].
#[must_use]
pub fn time_of_order(order: &str) -> Option<Timestamp> {
    order.split('#').nth(3)?.parse().ok()
}

/// Partition key of [`BY_TRACE`]: the trace and a shard. User activity, which may come with any number of events in one
/// trace, is spread over 16; all others are in the first, where one query finds what a request has caused.
#[must_use]
pub fn trace_shard(trace_id: &str, kind: EventType, event_id: &str) -> String {
    let shard = if kind == EventType::UserActivity { shard_of(event_id, SHARDS) } else { 0 };
    format!("{trace_id}#{}", shard_key(shard))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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

    /// The place of an event; ids that sort against the order show that ids do not decide.
    fn order(kind: &str, topic: &str, id: &str, version: Value, data: &Value) -> String {
        let mut event = json!({
            "specversion": "1.0", "id": id, "source": "s", "type": kind, "subject": "x",
            "time": "2026-11-21T06:00:00Z", "data": data
        });
        if version.is_u64() {
            event["aggregateversion"] = version;
        }
        let event = event.to_string();
        let event = millrace_domain::event::read(topic, event.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        subject_order(&event, "s")
    }

    #[test]
    fn a_subjects_events_are_in_the_order_of_their_versions_whatever_their_ids() {
        let product = |id: &str, version: u64| {
            let data = json!({"id": "x", "version": version, "deletedAt": "2026-11-21T06:00:00Z"});
            order("ProductDeleted", "product-events", id, json!(version), &data)
        };
        let warning = json!({"productId": "x", "name": "X", "stock": 1, "lowStockThreshold": 3, "version": 9});
        let warning = order("LowStockWarning", "product-events", "a", json!(9), &warning);
        let keys = [product("z", 1), product("y", 9), warning, product("b", 10)];
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(time_of_order(&keys[0]), "2026-11-21T06:00:00Z".parse().ok());

        let activity = |id: &str, payload: &Value| {
            let data = json!({"userId": "x", "type": "click", "payload": payload});
            order("UserActivity", "user-activity-events", id, json!(null), &data)
        };
        let seqs =
            [json!({"seq": 1}), json!({"seq": 9.0}), json!({"seq": 10}), json!({"seq": u64::MAX >> 1}), json!({})];
        let keys: Vec<String> = ["z", "y", "c", "b", "a"].iter().zip(&seqs).map(|(id, it)| activity(id, it)).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn what_a_request_has_caused_is_in_one_partition_and_activity_in_many() {
        let shard = |kind, id: usize| trace_shard("t", kind, &id.to_string());
        let of = |kind| (0..200).map(|id| shard(kind, id)).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(of(EventType::OrderConfirmed), ["t#00".to_owned()].into());
        assert_eq!(of(EventType::UserActivity).len(), usize::from(SHARDS));
    }
}
