//! The feed of notifications: numbers without holes, and each event that is news once.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use super::topic::Topic;
use crate::event::Kind;
use crate::observed::{FeedEntry, Observed};

/// The types of events that are news.
const NEWS: [(Kind, &str); 6] = [
    (Kind::LowStockWarning, "LowStockWarning"),
    (Kind::Notify, "Notify"),
    (Kind::OrderConfirmed, "OrderConfirmed"),
    (Kind::OrderRejected, "OrderRejected"),
    (Kind::TimerFired, "TimerFired"),
    (Kind::TimerFailed, "TimerFailed"),
];

/// The types of entries that are no events.
const OTHERS: [&str; 2] = ["DeadLetter", "UserActivityCount"];

/// Checks the feed, if there is one to look at.
pub(super) fn judge(topic: &Topic, observed: &Observed, found: &mut Found) {
    let Some(feed) = &observed.feed else { return };
    let mut numbers: Vec<u64> = feed.iter().map(|entry| entry.seq).collect();
    numbers.sort_unstable();
    for (number, expected) in numbers.iter().zip(1..) {
        found.check(*number == expected, "feed-number", number, || format!("{expected} was expected"));
        if *number != expected {
            break;
        }
    }
    let mut left: BTreeMap<(&str, &str), Vec<&FeedEntry>> = BTreeMap::new();
    for entry in feed.iter().filter(|entry| !OTHERS.contains(&entry.kind.as_str())) {
        left.entry((&entry.kind, &entry.event_id)).or_default().push(entry);
    }
    // By source and id: an event may be on its topic several times, and several events may have an id.
    let mut seen = BTreeSet::new();
    for read in &topic.records {
        let Ok(event) = &read.event else { continue };
        let Some((_, kind)) = NEWS.iter().find(|(kind, _)| *kind == event.kind) else { continue };
        if event.redrive.is_some() || !seen.insert((&event.source, &event.id)) {
            continue;
        }
        let told = left.get_mut(&(*kind, event.id.as_str())).and_then(Vec::pop);
        // What a test produces may be too old to be news.
        found.check(told.is_some() || read.by_hand, "feed-missing", &event.id, || format!("{kind} is not in the feed"));
    }
    for entry in left.into_values().flatten() {
        found.add(
            "feed-invented",
            entry.seq,
            format!("{} {} is there twice, or on no topic", entry.kind, entry.event_id),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::Journal;
    use crate::observed::{Place, TopicRecord};

    fn record(offset: i64, id: &str) -> TopicRecord {
        let data = json!({"timerId": "t", "fireAt": "2026-11-21T06:00:00Z", "attempt": 1, "version": 3});
        let event = json!({
            "specversion": "1.0", "id": id, "source": "s", "type": "TimerFired", "subject": "t",
            "time": "2026-11-21T06:00:00Z", "datacontenttype": "application/json", "dataschema": "d",
            "aggregateversion": 3, "data": data
        });
        let place = Place { topic: "timer-requests".to_owned(), partition: 0, offset };
        TopicRecord { place, key: None, headers: Vec::new(), value: Some(event.to_string().into_bytes()) }
    }

    fn entry(seq: u64, id: &str) -> FeedEntry {
        FeedEntry { seq, event_id: id.to_owned(), kind: "TimerFired".to_owned() }
    }

    #[test]
    fn a_hole_a_repeat_a_loss_and_an_invention_are_seen() {
        let letter = |seq| FeedEntry { kind: "DeadLetter".to_owned(), ..entry(seq, "poison") };
        for (feed, expected) in [
            (vec![entry(2, "b"), letter(3), entry(1, "a")], vec![]),
            (vec![entry(1, "a"), entry(3, "b")], vec!["feed-number"]),
            (vec![entry(1, "a"), entry(2, "b"), entry(2, "b")], vec!["feed-number", "feed-invented"]),
            (vec![entry(1, "a"), entry(2, "b"), entry(3, "a")], vec!["feed-invented"]),
            (vec![entry(1, "a"), letter(2)], vec!["feed-missing"]),
            (vec![entry(1, "a"), entry(2, "b"), entry(3, "c")], vec!["feed-invented"]),
        ] {
            let records = vec![record(0, "a"), record(1, "b"), record(2, "a")];
            let observed = Observed { records, feed: Some(feed), ..Observed::default() };
            let mut found = Found::default();
            judge(&Topic::read(&Journal::default(), &observed), &observed, &mut found);
            let codes: Vec<&str> = found.0.iter().map(|violation| violation.code).collect();
            assert_eq!(codes, expected, "{:?}", observed.feed);
        }
    }
}
