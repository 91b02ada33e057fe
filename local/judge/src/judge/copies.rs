//! The log has each event exactly once, the archive at least once, and neither has more.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::Found;
use super::topic::Topic;
use crate::event::Identity;
use crate::json;
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
    let mut events: BTreeMap<Identity, &Place> = BTreeMap::new();
    for read in &topic.records {
        if let Ok(event) = &read.event {
            events.entry(event.identity()).or_insert(&read.record.place);
        }
    }
    let mut logged = BTreeSet::new();
    for copy in &observed.log {
        check_copy(copy, topic, &LOG, found);
        found.check(logged.insert(copy.identity()), "log-twice", &copy.id, || format!("again at {}", copy.place));
    }
    for line in &observed.archive {
        check_copy(&line.copy, topic, &ARCHIVE, found);
        check_name(line, found);
    }
    let archived: BTreeSet<Identity> = observed.archive.iter().map(|line| line.copy.identity()).collect();
    for (identity, place) in events {
        let at = || format!("of {}, at {place}", identity.0);
        found.check(logged.contains(&identity), LOG.missing, &identity.1, at);
        found.check(archived.contains(&identity), ARCHIVE.missing, &identity.1, at);
    }
}

/// A copy has what is at the place that it names.
fn check_copy(copy: &Copy, topic: &Topic, codes: &Codes, found: &mut Found) {
    let event = topic.at.get(&copy.place).and_then(|at| topic.records.get(*at)?.event.as_ref().ok());
    let Some(event) = event.filter(|event| event.identity() == copy.identity()) else {
        let there = event.map_or("no event".to_owned(), |event| format!("the event {}", event.id));
        found.add(codes.invented, &copy.id, format!("at {} there is {there}", copy.place));
        return;
    };
    let time = event.time.is_none() || copy.time == event.time;
    let same = (copy.kind.as_str(), &copy.attributes) == (event.kind.name(), &event.attributes);
    let data = json::without_space(&copy.data) == json::without_space(&event.data);
    found.check(time && same && data, codes.differs, &copy.id, || {
        format!("{:?} {} was {:?} {}", copy.attributes, copy.data, event.attributes, event.data)
    });
}

impl Copy {
    fn identity(&self) -> Identity {
        (self.source.clone(), self.id.clone())
    }
}

/// An object is under the topic and the hour of its lines, by which readers select it.
fn check_name(ArchiveLine { object, timestamp, copy }: &ArchiveLine, found: &mut Found) {
    let hour = timestamp.to_zoned(TimeZone::UTC).strftime("dt=%Y-%m-%d/hour=%H");
    let folder = format!("archive/{}/{hour}/{}-", copy.place.topic, copy.place.partition);
    found.check(object.starts_with(&folder), "archive-misfiled", object, || format!("{} belongs to {folder}", copy.id));
}
