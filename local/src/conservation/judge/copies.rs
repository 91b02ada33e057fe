//! The log has each event once, the archive each at least once, the dead letters what is no event, and none has more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::Found;
use super::topic::Topic;
use crate::conservation::observed::{ArchiveLine, Copy, DeadLetter, Observed, Place};

/// Those that give up a record of a topic that is no event, each for itself.
fn consumers(topic: &str) -> &'static [&'static str] {
    match topic {
        "order_created" => &["event-log", "archive", "stock"],
        _ => &["event-log", "archive"],
    }
}

/// The codes of one place that has copies.
struct Codes {
    missing: &'static str,
    differs: &'static str,
    invented: &'static str,
}

const LOG: Codes = Codes { missing: "log-missing", differs: "log-differs", invented: "log-invented" };
const ARCHIVE: Codes = Codes { missing: "archive-missing", differs: "archive-differs", invented: "archive-invented" };

pub(super) fn judge(topic: &Topic, observed: &Observed, found: &mut Found) {
    let mut events: BTreeMap<&str, &Place> = BTreeMap::new();
    for read in &topic.records {
        if let Ok(event) = &read.event {
            events.entry(&event.id).or_insert(&read.record.place);
        }
    }
    let mut logged = BTreeSet::new();
    for copy in &observed.log {
        check_copy(copy, topic, &LOG, found);
        found.check(logged.insert(copy.id.as_str()), "log-twice", &copy.id, || format!("again at {}", copy.place));
    }
    for line in &observed.archive {
        check_copy(&line.copy, topic, &ARCHIVE, found);
        check_name(line, found);
    }
    let archived: BTreeSet<&str> = observed.archive.iter().map(|line| line.copy.id.as_str()).collect();
    for (id, place) in events {
        found.check(logged.contains(id), LOG.missing, id, || format!("it is at {place}"));
        found.check(archived.contains(id), ARCHIVE.missing, id, || format!("it is at {place}"));
    }
    check_letters(topic, &observed.dead_letters, found);
}

/// A copy tells what is at the place that it names.
fn check_copy(copy: &Copy, topic: &Topic, codes: &Codes, found: &mut Found) {
    let event = topic.at.get(&copy.place).and_then(|at| topic.records.get(*at)?.event.as_ref().ok());
    let Some(event) = event.filter(|event| event.id == copy.id) else {
        let there = event.map_or("no event".to_owned(), |event| format!("the event {}", event.id));
        found.add(codes.invented, &copy.id, format!("at {} there is {there}", copy.place));
        return;
    };
    let same =
        (copy.kind.as_str(), copy.time, copy.data.as_str()) == (event.kind.name(), event.time, event.data.as_str());
    found.check(same, codes.differs, &copy.id, || {
        format!("{} {} {} was {} {} {}", copy.kind, copy.time, copy.data, event.kind.name(), event.time, event.data)
    });
}

/// An object lies under the topic and the hour of its lines, which a reader selects by.
fn check_name(ArchiveLine { object, timestamp, copy }: &ArchiveLine, found: &mut Found) {
    let hour = timestamp.to_zoned(TimeZone::UTC).strftime("dt=%Y-%m-%d/hour=%H");
    let folder = format!("archive/{}/{hour}/{}-", copy.place.topic, copy.place.partition);
    found.check(object.starts_with(&folder), "archive-misfiled", object, || format!("{} belongs to {folder}", copy.id));
}

fn check_letters(topic: &Topic, letters: &[DeadLetter], found: &mut Found) {
    let mut kept: BTreeMap<(&str, &Place), &DeadLetter> = BTreeMap::new();
    for letter in letters {
        let twice = kept.insert((&letter.consumer, &letter.place), letter).is_some();
        found.check(!twice, "dead-letter-twice", &letter.id, || format!("of {} at {}", letter.consumer, letter.place));
    }
    for read in topic.records.iter().filter(|read| read.event.is_err()) {
        let record = read.record;
        for consumer in consumers(&record.place.topic) {
            let Some(letter) = kept.remove(&(*consumer, &record.place)) else {
                found.add("dead-letter-missing", &record.place, format!("{consumer} has given it up nowhere"));
                continue;
            };
            // A named position, because an id inside such a record may be anybody's.
            let named = letter.id == format!("{consumer}:{}", record.place);
            let same = (&letter.key, &letter.value) == (&record.key, &record.value);
            found.check(named && same, "dead-letter-differs", &letter.id, || {
                let size = |bytes: &Option<Vec<u8>>| bytes.as_ref().map(Vec::len);
                format!("it has {:?} bytes and the record {:?}", size(&letter.value), size(&record.value))
            });
        }
    }
    for letter in kept.values() {
        found.add("dead-letter-invented", &letter.id, format!("{} is an event or nothing", letter.place));
    }
}
