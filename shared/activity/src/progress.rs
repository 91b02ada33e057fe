//! How far the consumer of a partition is, so that the sweeper does not take for missing what is on the topic.
//!
//! A consumer that is behind steps over no gap: what is missing may be in front of it. It says so in an item of its
//! partition, and the sweeper leaves the users of that partition alone until it has caught up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A consumer whose newest record is older than this is behind, in milliseconds.
const BEHIND: i64 = 5_000;

/// A consumer that is behind says so again after this time, in milliseconds.
const AGAIN: i64 = 10_000;

/// What a consumer that was behind has said counts for this time, in milliseconds: longer than a batch may take. One that
/// says nothing for longer has nothing to do or does not run, and what waits for it should not wait for ever.
const COUNTS: i64 = 90_000;

/// How far the consumer of a partition was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// When it said so, in Unix milliseconds.
    pub at: i64,
    /// Whether there were older records than those of that time.
    pub behind: bool,
}

impl Progress {
    /// Where a consumer is whose newest record is of the time `newest`, in Unix milliseconds.
    #[must_use]
    pub fn of(now: i64, newest: i64) -> Self {
        Self { at: now, behind: newest.saturating_add(BEHIND) < now }
    }

    /// Whether the sweeper has to leave users of the partition alone.
    #[must_use]
    pub fn holds(self, now: i64) -> bool {
        self.behind && now < self.at.saturating_add(COUNTS)
    }
}

/// What this process last reported of its partitions.
#[derive(Debug, Default)]
pub struct Reported(Mutex<HashMap<i64, Progress>>);

impl Reported {
    /// Whether the progress of a partition has to be reported: it is the first, it has changed, or it is time to repeat that
    /// the consumer is behind.
    pub fn is_due(&self, partition: i64, progress: Progress) -> bool {
        let reported = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied();
        reported.is_none_or(|reported| {
            reported.behind != progress.behind || (progress.behind && progress.at >= reported.at.saturating_add(AGAIN))
        })
    }

    /// Notes what was reported.
    pub fn note(&self, partition: i64, progress: Progress) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_says_when_it_falls_behind_and_when_it_has_caught_up_and_silence_ends_it() {
        let reported = Reported::default();
        let news = |now: i64, newest: i64| {
            let progress = Progress::of(now, newest);
            let news = reported.is_due(3, progress);
            if news {
                reported.note(3, progress);
            }
            (progress.behind, news)
        };
        assert_eq!(news(100_000, 99_000), (false, true), "the first");
        assert_eq!(news(110_000, 109_000), (false, false));
        assert_eq!(news(120_000, 110_000), (true, true));
        assert_eq!(news(121_000, 111_000), (true, false));
        assert_eq!(news(131_000, 112_000), (true, true), "again");
        assert_eq!(news(132_000, 131_000), (false, true));
        let behind = Progress { at: 0, behind: true };
        assert!(behind.holds(89_999) && !behind.holds(90_000));
        assert!(!Progress { at: 0, behind: false }.holds(1));
    }
}
