//! What is to be put into the feed, and what shows that it is there.

use jiff::Timestamp;
use jiff::ToSpan;
use millrace_domain::event::{AnyEvent, EventType};
use millrace_store::feed::RETENTION_DAYS;
use serde_json::value::RawValue;

use crate::titles::title;

/// Longest title, in bytes.
const MAX_TITLE_BYTES: usize = 200;

/// An entry without a number, and its guards.
#[derive(Debug, Clone)]
pub struct News {
    pub guards: Vec<Guard>,
    pub event_id: String,
    pub kind: String,
    pub subject: String,
    pub time: Timestamp,
    pub title: String,
    pub data: Box<RawValue>,
}

/// What is written with an entry, and only if it is as it says: so nothing is in the feed twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guard {
    /// This event is not in the feed yet.
    Event { id: String, source: String },
    /// The records of a partition are counted up to `before`, and then up to `next`.
    Counted { partition: String, before: Option<i64>, next: i64 },
}

/// The types of events that are news. The mappings in template.yaml have the same.
const KINDS: [EventType; 6] = [
    EventType::LowStockWarning,
    EventType::Notify,
    EventType::OrderConfirmed,
    EventType::OrderRejected,
    EventType::TimerFired,
    EventType::TimerFailed,
];

/// What an event is in the feed. Nothing if it is no news: of another type, or older than what the feed keeps, as an event
/// that is replayed from the archive may be. Its marker may be gone by then.
pub fn of(event: &AnyEvent, now: Timestamp) -> Option<News> {
    if !KINDS.contains(&event.kind) || is_old(event.time, now) {
        return None;
    }
    Some(News {
        guards: vec![Guard::Event { id: event.id.clone(), source: event.source_key().into_owned() }],
        event_id: event.id.clone(),
        kind: event.kind.name().to_owned(),
        subject: event.subject.clone(),
        time: event.time,
        title: cut(title(event)),
        data: event.data.clone(),
    })
}

/// Whether something that happened at `time` is older than what the feed keeps.
pub fn is_old(time: Timestamp, now: Timestamp) -> bool {
    now.checked_sub((RETENTION_DAYS * 24).hours()).is_ok_and(|oldest| time < oldest)
}

/// A title of a bounded length.
pub fn cut(mut title: String) -> String {
    title.truncate(title.floor_char_boundary(MAX_TITLE_BYTES));
    title
}

#[cfg(test)]
mod tests {
    use millrace_domain::event::read;
    use serde_json::json;

    use super::*;

    fn event(kind: EventType, time: &str, data: &serde_json::Value) -> AnyEvent {
        let event = json!({
            "specversion": "1.0", "id": "e-1", "source": "urn:shop", "type": kind.name(), "subject": "s-1", "time": time,
            "data": data
        });
        read(kind.topic().name(), event.to_string().as_bytes(), Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn an_event_is_news_once_and_while_it_is_new() {
        let warning =
            json!({"productId": "burger", "name": "Burger", "stock": 2, "lowStockThreshold": 3, "version": 4});
        let at = "2026-11-21T06:00:00Z";
        let warning = event(EventType::LowStockWarning, at, &warning);
        let news = |now: &str| of(&warning, now.parse().unwrap());
        let found = news("2026-11-28T06:00:00Z").unwrap();
        assert_eq!(found.guards, [Guard::Event { id: "e-1".to_owned(), source: "urn:shop".to_owned() }]);
        assert_eq!((found.kind.as_str(), found.subject.as_str()), ("LowStockWarning", "s-1"));
        assert_eq!(found.title, "Burger: 2 left, fewer than 3");
        assert!(news("2026-11-28T06:00:01Z").is_none(), "replayed from the archive, say");
        let deleted = json!({"id": "burger", "version": 1, "deletedAt": at});
        assert!(of(&event(EventType::ProductDeleted, at, &deleted), at.parse().unwrap()).is_none());
    }

    #[test]
    fn a_title_is_cut_between_characters() {
        assert_eq!(cut("é".repeat(150)).len(), MAX_TITLE_BYTES);
        assert_eq!(cut("short".to_owned()), "short");
    }
}
