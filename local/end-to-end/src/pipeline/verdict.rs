//! Checks that what is stored is what was acknowledged: every event once, in order, and none lost. Pure.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::load::Sent;
use super::stored::{Stored, StoredEvent};

/// Minimum number of attempts of a failing event.
const MIN_ATTEMPTS: u64 = 3;
/// Violations shown per kind.
const SHOWN: usize = 5;

/// The headlines of the summary, and the kinds of violations under each.
const NAMES: [(&str, &[&str]); 4] = [
    ("lost", &["lost", "lost in the buffer"]),
    ("processed twice", &["processed twice", "counted wrong", "changed by a later delivery"]),
    ("out of order", &["out of order"]),
    ("in flight", &["inflight", "still waiting"]),
];

/// The findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Acknowledged events that were processed.
    pub processed: usize,
    /// Acknowledged events that failed, as marked.
    pub failed: usize,
    /// Violations, by kind.
    pub violations: BTreeMap<&'static str, Vec<String>>,
}

impl Verdict {
    /// Judges what is `stored` after everything is done. `earlier` is what was stored before further deliveries.
    #[must_use]
    pub fn of(acknowledged: &HashMap<String, Sent>, stored: &Stored, earlier: &Stored) -> Self {
        let mut verdict = Self::default();
        for (id, sent) in acknowledged {
            match stored.events.get(id) {
                Some(event) => verdict.judge_event(id, sent, event, stored),
                None => verdict.add("lost", id.clone()),
            }
        }
        verdict.judge_users(stored);
        for (id, before) in &earlier.events {
            if before.status != "buffered" && stored.events.get(id) != Some(before) {
                verdict.add("changed by a later delivery", format!("{id}: {before:?}"));
            }
        }
        for id in stored.events.keys().filter(|id| !acknowledged.contains_key(*id)) {
            verdict.add("never acknowledged", id.clone());
        }
        for key in &stored.waiting {
            verdict.add("still waiting", key.clone());
        }
        for key in &stored.gaps {
            verdict.add("stepped over", key.clone());
        }
        for key in &stored.unknown {
            verdict.add("item of no known kind", key.clone());
        }
        for id in stored.dead_letters.keys().filter(|id| !acknowledged.get(*id).is_some_and(|sent| sent.fail)) {
            verdict.add("dead letter of a good event", id.clone());
        }
        verdict
    }

    /// Whether there are no violations.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    fn add(&mut self, kind: &'static str, what: String) {
        self.violations.entry(kind).or_default().push(what);
    }

    fn judge_event(&mut self, id: &str, sent: &Sent, event: &StoredEvent, stored: &Stored) {
        if (event.user.as_str(), event.seq) != (sent.user.as_str(), Some(sent.seq)) {
            self.add("stored as another", format!("{id}: {event:?}"));
        }
        match event.status.as_str() {
            "buffered" if event.attempts > 0 => self.add("inflight", id.to_owned()),
            "buffered" => self.add("lost in the buffer", id.to_owned()),
            "processed" if !sent.fail => {
                self.processed += 1;
                if event.attempts != 1 || event.processed_at.is_none() {
                    self.add("processed twice", format!("{id}: {} attempts", event.attempts));
                }
            }
            "failed" if sent.fail => {
                self.failed += 1;
                let letter = stored.dead_letters.get(id);
                if event.attempts < MIN_ATTEMPTS || event.error.is_none() {
                    self.add("failed too early", format!("{id}: {event:?}"));
                }
                if letter.is_none_or(|attempts| *attempts < MIN_ATTEMPTS) {
                    self.add("failed without a dead letter", format!("{id}: {letter:?}"));
                }
            }
            _ => self.add("ended wrong", format!("{id}: {event:?}")),
        }
    }

    /// Checks the order of each user's events, and that the profile counts each of them once.
    fn judge_users(&mut self, stored: &Stored) {
        let mut by_user: BTreeMap<&str, Vec<&StoredEvent>> = BTreeMap::new();
        for event in stored.events.values() {
            by_user.entry(&event.user).or_default().push(event);
        }
        for (user, mut events) in by_user {
            events.sort_by_key(|event| event.seq);
            for (before, after) in events.iter().zip(events.iter().skip(1)) {
                if before.seq == after.seq || (before.position.is_some() && before.position >= after.position) {
                    self.add("out of order", format!("{user}: {before:?} before {after:?}"));
                }
            }
            let times: Vec<i64> = events.iter().filter_map(|event| event.processed_at).collect();
            if !times.is_sorted() {
                self.add("out of order", format!("{user}: times {times:?}"));
            }
            let processed = events.iter().filter(|event| event.status == "processed").count() as u64;
            let counted = stored.profiles.get(user).copied().unwrap_or(0);
            if counted != processed {
                self.add("counted wrong", format!("{user}: {counted} of {processed}"));
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} processed, {} failed as asked", self.processed, self.failed)?;
        let mut others: usize = self.violations.values().map(Vec::len).sum();
        for (name, kinds) in NAMES {
            let count: usize = kinds.iter().filter_map(|kind| self.violations.get(kind)).map(Vec::len).sum();
            others -= count;
            write!(f, ", {count} {name}")?;
        }
        write!(f, ", {others} other violations")?;
        for (kind, found) in &self.violations {
            for what in found.iter().take(SHOWN) {
                write!(f, "\n  {kind}: {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One user with three events, the second of which fails.
    fn right() -> (HashMap<String, Sent>, Stored) {
        let sent = |seq: u64| Sent { id: format!("e-{seq}"), user: "u".to_owned(), seq, fail: seq == 2 };
        let event = |sent: &Sent| StoredEvent {
            status: if sent.fail { "failed" } else { "processed" }.to_owned(),
            user: sent.user.clone(),
            seq: Some(sent.seq),
            processed_at: (!sent.fail).then_some(100 + sent.seq as i64),
            position: Some(sent.seq),
            attempts: if sent.fail { 4 } else { 1 },
            error: sent.fail.then(|| "it says so".to_owned()),
        };
        let all: Vec<Sent> = (1..=3).map(sent).collect();
        let stored = Stored {
            events: all.iter().map(|sent| (sent.id.clone(), event(sent))).collect(),
            profiles: BTreeMap::from([("u".to_owned(), 2)]),
            dead_letters: BTreeMap::from([("e-2".to_owned(), 4)]),
            ..Stored::default()
        };
        (all.into_iter().map(|sent| (sent.id.clone(), sent)).collect(), stored)
    }

    type Break = fn(&mut Stored);

    #[test]
    fn what_is_right_is_clean_and_each_thing_that_may_be_wrong_is_seen() {
        let (acknowledged, stored) = right();
        let verdict = Verdict::of(&acknowledged, &stored, &stored);
        assert!(verdict.is_clean() && (verdict.processed, verdict.failed) == (2, 1), "{verdict}");

        let breaks: [(&str, Break); 14] = [
            ("lost", |it| drop(it.events.remove("e-1"))),
            ("lost in the buffer", |it| {
                (it.event("e-3").status, it.event("e-3").attempts) = ("buffered".to_owned(), 0);
            }),
            ("inflight", |it| (it.event("e-2").status, it.event("e-2").attempts) = ("buffered".to_owned(), 2)),
            ("processed twice", |it| it.event("e-1").attempts = 2),
            ("counted wrong", |it| it.profiles = BTreeMap::from([("u".to_owned(), 3)])),
            ("changed by a later delivery", |it| it.event("e-3").processed_at = Some(104)),
            ("out of order", |it| it.event("e-1").position = Some(4)),
            ("out of order", |it| it.event("e-1").processed_at = Some(104)),
            ("failed too early", |it| it.event("e-2").attempts = 2),
            ("failed without a dead letter", |it| it.dead_letters.clear()),
            ("ended wrong", |it| it.event("e-2").status = "processed".to_owned()),
            ("still waiting", |it| it.waiting.push("order#u seq#4".to_owned())),
            ("stepped over", |it| it.gaps.push("order#u gap#4".to_owned())),
            ("dead letter of a good event", |it| it.dead_letters.extend([("e-1".to_owned(), 4)])),
        ];
        for (kind, break_it) in breaks {
            let mut wrong = stored.clone();
            break_it(&mut wrong);
            let verdict = Verdict::of(&acknowledged, &wrong, &stored);
            assert!(verdict.violations.contains_key(kind), "{kind} goes unseen: {verdict}");
        }
        let verdict = Verdict::of(&HashMap::new(), &stored, &Stored::default());
        assert_eq!(verdict.violations["never acknowledged"].len(), 3);
    }

    impl Stored {
        fn event(&mut self, id: &str) -> &mut StoredEvent {
            self.events.get_mut(id).unwrap()
        }
    }
}
