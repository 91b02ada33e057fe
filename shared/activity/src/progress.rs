//! Progress of the consumer of a partition, so that the sweeper does not treat events as missing that are still on the
//! topic.
//!
//! A consumer that lags behind skips no gap: the missing event may be in a record still to come. It reports this in an
//! item of its partition, and the sweeper leaves the users of that partition alone until the consumer has caught up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A consumer lags if the newest record of its batch is older than this, in milliseconds.
const BEHIND: i64 = 5_000;

/// A lagging consumer repeats its report after this time, in milliseconds.
const AGAIN: i64 = 10_000;

/// How long a report of a lagging consumer is valid, in milliseconds: longer than a batch may take. A consumer that
/// reports nothing for longer is idle or not running, and the waiting events should not wait for it for ever.
const COUNTS: i64 = 90_000;

/// Progress that the consumer of a partition reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Time of the report, in Unix milliseconds.
    pub at: i64,
    /// Whether the consumer was lagging.
    pub behind: bool,
}

impl Progress {
    /// The progress of a consumer whose newest record has the time `newest`, in Unix milliseconds.
    #[must_use]
    pub fn of(now: i64, newest: i64) -> Self {
        Self { at: now, behind: newest.saturating_add(BEHIND) < now }
    }

    /// Whether the sweeper has to leave the partition's users alone.
    #[must_use]
    pub fn holds(self, now: i64) -> bool {
        self.behind && now < self.at.saturating_add(COUNTS)
    }
}

/// The last progress that this process reported, by partition.
#[derive(Debug, Default)]
pub struct Reported(Mutex<HashMap<i64, Progress>>);

impl Reported {
    /// Whether the progress of a partition has to be reported: it is the first report, it has changed, or the lag has
    /// to be reported again.
    pub fn is_due(&self, partition: i64, progress: Progress) -> bool {
        let reported = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied();
        reported.is_none_or(|reported| {
            reported.behind != progress.behind || (progress.behind && progress.at >= reported.at.saturating_add(AGAIN))
        })
    }

    /// Records a report.
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
