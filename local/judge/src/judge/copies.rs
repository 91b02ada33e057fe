//! The log has each event exactly once, the archive at least once, and neither has more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::Found;
use super::topic::Topic;
use crate::observed::{ArchiveLine, Copy, Observed, Place};

/// The rule codes of one place that has copies.
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
}

/// A copy has what is at the place that it names.
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

/// An object is under the topic and the hour of its lines, by which readers select it.
fn check_name(ArchiveLine { object, timestamp, copy }: &ArchiveLine, found: &mut Found) {
    let hour = timestamp.to_zoned(TimeZone::UTC).strftime("dt=%Y-%m-%d/hour=%H");
    let folder = format!("archive/{}/{hour}/{}-", copy.place.topic, copy.place.partition);
    found.check(object.starts_with(&folder), "archive-misfiled", object, || format!("{} belongs to {folder}", copy.id));
}
