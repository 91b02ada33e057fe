//! What was published: its form, its order, and the resulting history of each product.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Found;
use crate::event::{CONTENT_TYPE, Event, Kind, Payload};
use crate::journal::Journal;
use crate::observed::{Observed, Place, TopicRecord};

/// A record and its event.
pub(super) struct Read<'a> {
    pub record: &'a TopicRecord,
    pub event: Result<Event, String>,
    /// Produced by a test, so that no API accounts for it.
    pub by_hand: bool,
}

/// Every record.
pub(super) struct Topic<'a> {
    pub records: Vec<Read<'a>>,
    pub at: HashMap<&'a Place, usize>,
}

/// The events of one product, each at its first occurrence.
#[derive(Default)]
pub(super) struct History<'a> {
    pub changes: BTreeMap<u64, Vec<&'a Event>>,
    pub warnings: BTreeMap<u64, Vec<&'a Event>>,
}

/// Histories by product.
pub(super) type Histories<'a> = BTreeMap<&'a str, History<'a>>;

/// First occurrences by order or ingredient.
pub(super) type Events<'a> = BTreeMap<&'a str, Vec<&'a Event>>;

/// The first occurrence of every event, by subject.
#[derive(Default)]
pub(super) struct Published<'a> {
    pub histories: Histories<'a>,
    pub orders: Events<'a>,
    pub notices: Events<'a>,
    pub timers: Events<'a>,
}

impl<'a> Topic<'a> {
    pub fn read(journal: &Journal, observed: &'a Observed) -> Self {
        let read = |record: &'a TopicRecord| {
            let event = Event::of_record(record);
            Read { record, event, by_hand: journal.produced.contains(&record.place) }
        };
        let records: Vec<_> = observed.records.iter().map(read).collect();
        let at = records.iter().enumerate().map(|(at, read)| (&read.record.place, at)).collect();
        Self { records, at }
    }
}

/// Checks the records that functions produced and collects the histories.
pub(super) fn judge<'a>(topic: &'a Topic<'a>, found: &mut Found) -> Published<'a> {
    let mut published = Published::default();
    let mut first: HashMap<(&str, &str), &Read> = HashMap::new();
    let mut last: HashMap<(&str, &str), (&Event, &Place)> = HashMap::new();
    for read in topic.records.iter().filter(|read| !read.by_hand) {
        let place = &read.record.place;
        let event = match &read.event {
            Ok(event) => event,
            Err(why) => {
                found.add("published-unreadable", place, why.as_str());
                continue;
            }
        };
        check_form(read.record, event, found);
        if let Some(earlier) = first.get(&(event.source.as_str(), event.id.as_str())) {
            let same =
                |a: &TopicRecord, b: &TopicRecord| (&a.key, &a.headers, &a.value) == (&b.key, &b.headers, &b.value);
            // A client that resends its event gets a new envelope around it. Whether it may say something else is
            // judged with the dead letters.
            let may_differ = event.redrive.is_some() || event.kind == Kind::UserActivity;
            found.check(may_differ || same(earlier.record, read.record), "repeat-differs", &event.id, || {
                format!("{} and {place} have one id and not the same bytes", earlier.record.place)
            });
            continue;
        }
        first.insert((&event.source, &event.id), read);
        if let Some((before, at)) = last.insert((&place.topic, &event.subject), (event, place)) {
            check_order(&event.subject, (before, at), (event, place), found);
        }
        match event.payload {
            Payload::Order(_) => published.orders.entry(event.subject.as_str()).or_default().push(event),
            Payload::Notify(_) => published.notices.entry(event.subject.as_str()).or_default().push(event),
            Payload::Timer(_) => published.timers.entry(event.subject.as_str()).or_default().push(event),
            Payload::Activity(_) => {}
            Payload::Product(_) | Payload::Deleted(_) | Payload::Warning(_) => {
                add_change(event, &mut published.histories);
            }
        }
    }
    published
}

fn add_change<'a>(event: &'a Event, histories: &mut Histories<'a>) {
    let history = histories.entry(event.subject.as_str()).or_default();
    let events = if event.is_change() { &mut history.changes } else { &mut history.warnings };
    events.entry(event.version).or_default().push(event);
}

fn check_form(record: &TopicRecord, event: &Event, found: &mut Found) {
    let key = record.key.as_deref().unwrap_or_default();
    found.check(key == event.key().as_bytes(), "key-differs", &record.place, || {
        format!("the key is {:?}, and {:?} was expected", String::from_utf8_lossy(key), event.key())
    });
    let headers: BTreeSet<(&str, &[u8])> =
        record.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let trace = event.traceparent.as_deref().map(|trace| ("traceparent", trace.as_bytes()));
    let expected = [Some((CONTENT_TYPE.0, CONTENT_TYPE.1.as_bytes())), trace];
    found.check(
        expected.iter().flatten().all(|header| headers.contains(header)),
        "header-missing",
        &record.place,
        || format!("{} headers, and not {} and the trace of the event", headers.len(), CONTENT_TYPE.0),
    );
    let named = (event.subject.as_str(), event.version);
    let carried = (event.payload.subject(), event.payload.version());
    found.check(named == carried, "event-disagrees", &event.id, || {
        format!("the envelope says {named:?} and the data {carried:?}")
    });
}

/// First occurrences of a subject's events on a topic: ordered by version, the change before its warning, in one
/// partition.
fn check_order(subject: &str, (before, at): (&Event, &Place), (event, place): (&Event, &Place), found: &mut Found) {
    // Users' events are published as they were sent; their consumer orders them.
    let ordered = |event: &Event| if event.kind == Kind::UserActivity { 0 } else { event.version };
    let rank = |event: &Event| (ordered(event), event.kind == Kind::LowStockWarning);
    let one_partition = (&at.topic, at.partition) == (&place.topic, place.partition);
    found.check(one_partition, "two-partitions", subject, || format!("events are at {at} and at {place}"));
    found.check(rank(before) <= rank(event), "order-broken", subject, || {
        let tell =
            |event: &Event, place: &Place| format!("{} of version {} at {place}", event.kind.name(), event.version);
        format!("{} comes before {}", tell(before, at), tell(event, place))
    });
}
