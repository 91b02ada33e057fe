//! Every record that a consumer cannot process is a dead letter, every notice is a mail, and there are no others.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Found;
use super::reused;
use super::topic::{Read, Topic};
use crate::event::{Event, Kind};
use crate::observed::{DeadLetter, Observed, Place, TopicRecord};

/// The consumer of orders.
const STOCK: &str = "stock";
/// The consumer of users' events.
const ACTIVITY: &str = "activity-order";
/// The consumer of notices.
const ALERT_MAIL: &str = "alert-mail";

/// The consumer of requested timers.
const TIMER_STORE: &str = "timer-store";
/// The consumer of due attempts. It also gives up timers, which `timers` judges.
pub(super) const WEBHOOK_SENDER: &str = "webhook-sender";

/// The consumers that dead-letter a record that is not an event, each for itself.
fn consumers(record: &TopicRecord) -> &'static [&'static str] {
    match record.place.topic.as_str() {
        "order_created" => &["event-log", "archive", STOCK],
        "notify" => &["event-log", "archive", ALERT_MAIL],
        "user-activity-events" => &["event-log", "archive", ACTIVITY],
        "timer-requests" if names_a_request(record) => &["event-log", "archive", TIMER_STORE],
        "timer-due" => &["event-log", "archive", WEBHOOK_SENDER],
        _ => &["event-log", "archive"],
    }
}

/// Whether the timer-store's filter lets a record pass.
fn names_a_request(record: &TopicRecord) -> bool {
    let value = record.value.as_deref().unwrap_or_default();
    serde_json::from_slice::<Value>(value).is_ok_and(|value| value["type"] == "TimerRequested")
}

/// The dead letters, by consumer and place.
type Kept<'a> = BTreeMap<(&'a str, &'a Place), &'a DeadLetter>;

pub(super) fn judge<'a>(topic: &Topic<'a>, observed: &'a Observed, found: &mut Found) {
    let mut kept = Kept::new();
    // Users' events that were processed and failed, gaps, and timers that were given up also have dead letters, but not
    // as unreadable records.
    let is_record = |letter: &&DeadLetter| {
        let consumer = letter.consumer.as_str();
        ![ACTIVITY, WEBHOOK_SENDER].contains(&consumer) || letter.id.starts_with(&format!("{consumer}:"))
    };
    let (reused, letters): (Vec<_>, Vec<_>) =
        observed.dead_letters.iter().partition(|letter| letter.reason == reused::REASON);
    reused::judge(topic, observed, &reused, found);
    for letter in letters.into_iter().filter(is_record) {
        let twice = kept.insert((&letter.consumer, &letter.place), letter).is_some();
        found.check(!twice, "dead-letter-twice", &letter.id, || format!("of {} at {}", letter.consumer, letter.place));
    }
    for read in topic.records.iter().filter(|read| read.event.is_err()) {
        let record: &'a TopicRecord = read.record;
        let place = &record.place;
        for consumer in consumers(record) {
            let Some(letter) = kept.remove(&(*consumer, place)) else {
                found.add("dead-letter-missing", place, format!("{consumer} has given it up nowhere"));
                continue;
            };
            // The id must be the position, because an id inside such a record is not trustworthy.
            check_letter(letter, &format!("{consumer}:{place}"), read, found);
        }
    }
    check_stray_orders(topic, observed, &mut kept, found);
    check_mails(topic, observed, &mut kept, found);
    for letter in kept.values() {
        found.add("dead-letter-invented", &letter.id, format!("{} is an event or nothing", letter.place));
    }
}

pub(super) fn check_letter(letter: &DeadLetter, id: &str, read: &Read, found: &mut Found) {
    let same = (&letter.key, &letter.value) == (&read.record.key, &read.record.value);
    found.check(letter.id == id && same, "dead-letter-differs", &letter.id, || {
        let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(Vec::len);
        format!("of {id} it has {:?} bytes and the record {:?}", size(&letter.value), size(&read.record.value))
    });
}

/// Events of a kind by id and source, each with its records.
fn of_kind<'t, 'a>(topic: &'t Topic<'a>, kind: Kind) -> BTreeMap<String, Vec<(&'t Read<'a>, &'t Event)>> {
    let mut events: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for read in &topic.records {
        if let Some(event) = read.event.as_ref().ok().filter(|event| event.kind == kind) {
            events.entry(format!("{}#{}", event.id, event.source)).or_default().push((read, event));
        }
    }
    events
}

/// Removes the dead letter of an event, which is kept once, for any one of its records.
fn letter_of<'a>(
    kept: &mut Kept<'a>,
    consumer: &'static str,
    records: &[(&Read<'a>, &Event)],
    found: &mut Found,
) -> bool {
    for (read, event) in records {
        let record: &'a TopicRecord = read.record;
        if let Some(letter) = kept.remove(&(consumer, &record.place)) {
            check_letter(letter, &event.id, read, found);
            return true;
        }
    }
    false
}

/// An event about an order that no API stored is given up by the stock consumer.
fn check_stray_orders<'a>(topic: &Topic<'a>, observed: &Observed, kept: &mut Kept<'a>, found: &mut Found) {
    let stored: BTreeSet<&str> = observed.orders.iter().map(|order| order.id.as_str()).collect();
    for (id, records) in of_kind(topic, Kind::OrderCreated) {
        let stray = records.iter().any(|(read, event)| read.by_hand && !stored.contains(event.payload.subject()));
        if stray && !letter_of(kept, STOCK, &records, found) {
            found.add("dead-letter-missing", id, format!("{STOCK} has not given up an order that is not stored"));
        }
    }
}

/// The mail of each notice was either sent or given up; one that was given up and redriven may be sent then.
fn check_mails<'a>(topic: &Topic<'a>, observed: &Observed, kept: &mut Kept<'a>, found: &mut Found) {
    let mut sent: BTreeMap<&str, bool> = observed.mails.iter().map(|mail| (mail.event.as_str(), mail.sent)).collect();
    for (id, records) in of_kind(topic, Kind::Notify) {
        let given_up = letter_of(kept, ALERT_MAIL, &records, found);
        let sent = sent.remove(id.as_str()) == Some(true);
        found.check(sent || given_up, "mail-missing", &id, || "it is neither sent nor given up".to_owned());
        let redriven = records.iter().any(|(_, event)| event.redrive.is_some());
        found
            .check(!(sent && given_up) || redriven, "mail-given-up", &id, || "it is sent, and given up too".to_owned());
    }
    for id in sent.into_keys() {
        found.add("mail-invented", id, "a mail without its event");
    }
}
