//! An id belongs to one content of its source. A record that comes with another content is a dead letter of each consumer
//! that counts events once; it is neither processed nor taken for a repeat.

use std::collections::{BTreeMap, BTreeSet};

use super::Found;
use super::dead_letters::check_letter;
use super::topic::{Read, Topic};
use crate::event::{Identity, Kind};
use crate::observed::{DeadLetter, Observed, Place};

/// The reason of such a dead letter.
pub(super) const REASON: &str = "id_reused";

/// The consumer that logs every event.
const LOG: &str = "event-log";
/// The consumer that processes user activity.
const ACTIVITY: &str = "activity-order";

/// The contents that come under one id of one source, each with its records.
type Contents<'t, 'a> = BTreeMap<String, Vec<&'t Read<'a>>>;

pub(super) fn judge(topic: &Topic, observed: &Observed, letters: &[&DeadLetter], found: &mut Found) {
    let mut by_identity: BTreeMap<Identity, (Kind, Contents)> = BTreeMap::new();
    for read in &topic.records {
        if let Ok(event) = &read.event {
            let (_, contents) = by_identity.entry(event.identity()).or_insert((event.kind, Contents::new()));
            contents.entry(event.says()).or_default().push(read);
        }
    }
    let logged: BTreeMap<Identity, &Place> =
        observed.log.iter().map(|copy| ((copy.source.clone(), copy.id.clone()), &copy.place)).collect();
    let mut rest: BTreeSet<(&str, &Place)> =
        letters.iter().map(|letter| (letter.consumer.as_str(), &letter.place)).collect();
    found.check(rest.len() == letters.len(), "dead-letter-twice", REASON, || format!("{} letters", letters.len()));
    for (identity, (kind, contents)) in &by_identity {
        let consumers = [Some(LOG), (*kind == Kind::UserActivity).then_some(ACTIVITY)];
        for consumer in consumers.into_iter().flatten() {
            let logged = logged.get(identity).filter(|_| consumer == LOG).copied();
            check_consumer(consumer, &identity.1, contents, logged, letters, &mut rest, found);
        }
    }
    for (consumer, place) in rest {
        found.add("dead-letter-invented", place, format!("{consumer} refused an id that nobody else has"));
    }
}

/// A consumer takes one of the contents, the one that the log has if it is the log, and gives each other one up once.
fn check_consumer<'l>(
    consumer: &str,
    id: &str,
    contents: &Contents,
    logged: Option<&Place>,
    letters: &[&'l DeadLetter],
    rest: &mut BTreeSet<(&'l str, &'l Place)>,
    found: &mut Found,
) {
    let mut taken = 0;
    for reads in contents.values() {
        let of = letters.iter().filter(|letter| letter.consumer == consumer);
        let own: Vec<(&&'l DeadLetter, &&Read)> = of
            .filter_map(|letter| Some((letter, reads.iter().find(|read| read.record.place == letter.place)?)))
            .collect();
        for (letter, read) in &own {
            rest.remove(&(letter.consumer.as_str(), &letter.place));
            // In binary mode a dead letter has the event in structured mode.
            if read.record.headers.iter().all(|(name, _)| name != "ce_specversion") {
                check_letter(letter, id, read, found);
            }
        }
        found.check(own.len() <= 1, "dead-letter-twice", id, || format!("{} of one content, of {consumer}", own.len()));
        let is_logged = logged.is_some_and(|place| reads.iter().any(|read| read.record.place == *place));
        found.check(own.is_empty() || !is_logged, "logged-and-given-up", id, || "one content is both".to_owned());
        taken += usize::from(own.is_empty());
    }
    found.check(taken <= 1, "reused-id-lost", id, || {
        format!("{consumer} took or lost {taken} of {} contents, and one may have the id", contents.len())
    });
    found.check(taken >= 1, "id-given-up", id, || format!("{consumer} gave up all {} contents", contents.len()));
}
