//! Remembers the entries that were produced and are still in the index. Pure: time is an argument.

use std::collections::HashMap;
use std::time::Duration;

/// An entry that is still there after this time is produced again, because the record, its consumer or the attempt was
/// lost. Longer than an attempt takes (1 s of waiting until it is due, 15 s of request), so that an entry is rarely
/// produced too early; if it is, the attempt's claim rejects the duplicate.
pub const REPEAT: Duration = Duration::from_secs(30);

/// Most entries of a shard that one pass reads. Later entries wait until some of these are gone, so a backlog is
/// produced as fast as it is processed, oldest first, with a bounded number of reads.
pub const WINDOW: usize = 1_000;

/// Most entries of a shard that are remembered.
const MOST: usize = 4 * WINDOW;

/// The remembered entries of a shard, by their sort keys.
#[derive(Debug, Default)]
pub struct Produced {
    entries: HashMap<String, Seen>,
    pass: u64,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    /// When it was last produced, in Unix milliseconds.
    at: i64,
    /// Number of the last pass that found it in the index.
    pass: u64,
}

/// Whether to produce an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// For the first time, as far as this process knows.
    First,
    /// Again.
    Again,
    /// Not now.
    Wait,
}

impl Produced {
    /// Begins a pass over the index.
    pub fn begin(&mut self) {
        self.pass += 1;
    }

    /// Whether to produce an entry that was found in the index.
    pub fn turn(&mut self, sk: &str, now: i64) -> Decision {
        let Some(seen) = self.entries.get_mut(sk) else { return Decision::First };
        seen.pass = self.pass;
        if now - seen.at >= i64::try_from(REPEAT.as_millis()).unwrap_or(i64::MAX) {
            Decision::Again
        } else {
            Decision::Wait
        }
    }

    /// Records that Kafka has acknowledged an entry.
    pub fn note(&mut self, sk: String, now: i64) {
        self.entries.insert(sk, Seen { at: now, pass: self.pass });
    }

    /// Ends a pass, and forgets the entries that are no longer in the index. Entries after `last`, where an incomplete
    /// pass stopped, are kept.
    pub fn end(&mut self, last: Option<&str>) {
        let pass = self.pass;
        self.entries.retain(|sk, seen| seen.pass == pass || last.is_some_and(|last| sk.as_str() > last));
        if self.entries.len() > MOST {
            self.entries.retain(|_, seen| seen.pass == pass);
        }
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of remembered entries.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: i64 = 30_000;

    /// A pass over an index with these entries; returns the entries that were produced.
    fn pass(produced: &mut Produced, index: &[String], now: i64) -> Vec<String> {
        produced.begin();
        let window = index.get(..WINDOW).unwrap_or(index);
        let due: Vec<String> = window.iter().filter(|sk| produced.turn(sk, now) != Decision::Wait).cloned().collect();
        for sk in &due {
            produced.note(sk.clone(), now);
        }
        produced.end(window.last().filter(|_| window.len() < index.len()).map(String::as_str));
        due
    }

    fn keys(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| format!("{number:06}")).collect()
    }

    #[test]
    fn an_entry_is_produced_once_in_each_period_until_it_is_gone() {
        let mut produced = Produced::default();
        let index = keys(0..2);
        assert_eq!(pass(&mut produced, &index, 0), index);
        assert!(pass(&mut produced, &index, PERIOD - 1).is_empty());
        assert_eq!(pass(&mut produced, &index, PERIOD), index);
        assert!(pass(&mut produced, &index[1..], PERIOD + 1).is_empty());
        assert_eq!(produced.len(), 1, "what is gone is forgotten");
    }

    #[test]
    fn a_backlog_is_produced_oldest_first_and_only_as_it_is_worked_off() {
        let mut produced = Produced::default();
        let index = keys(0..3 * WINDOW);
        assert_eq!(pass(&mut produced, &index, 0), index[..WINDOW]);
        assert!(pass(&mut produced, &index, 1).is_empty(), "nothing was worked off");
        assert_eq!(pass(&mut produced, &index[10..], 2), index[WINDOW..WINDOW + 10]);
        assert_eq!(produced.len(), WINDOW);
    }

    #[test]
    fn what_older_entries_have_pushed_out_of_the_window_is_not_produced_twice_and_memory_is_bounded() {
        let mut produced = Produced::default();
        let mut index = keys(9_000..9_000 + WINDOW);
        pass(&mut produced, &index, 0);
        index.splice(0..0, keys(0..10));
        assert_eq!(pass(&mut produced, &index, 1), index[..10]);
        assert!(pass(&mut produced, &index[10..], 2).is_empty());
        for round in 0..10 {
            let older = keys((9 - round) * WINDOW..(10 - round) * WINDOW);
            index.splice(0..0, older);
            pass(&mut produced, &index, 3);
            assert!(produced.len() <= MOST);
        }
    }
}
