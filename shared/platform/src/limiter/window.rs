//! The rule of the sliding window. Pure: times are arguments, in Unix microseconds.

/// Length of the window, in microseconds: one second.
const WINDOW: i64 = 1_000_000;

/// The limit per window, and the largest allowed clock difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Most accepted requests of a subject in any second.
    pub limit: usize,
    /// Largest difference between the clocks of two instances, in microseconds.
    pub skew: i64,
}

/// The item of a subject as it was last seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Times of accepted requests, by the clocks of their instances, in no particular order; no more than the limit at
    /// which they were accepted.
    pub stamps: Vec<i64>,
    /// The latest clock reading at which times were dropped.
    pub pruned: i64,
    /// Counts the writes.
    pub version: u64,
}

/// A write of the item, with its condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Appends `stamp` `count` times, on condition that the item has room and was not pruned after `stamp`.
    Append {
        /// The time.
        stamp: i64,
        /// Number of requests.
        count: usize,
    },
    /// Replaces the item, on condition that its version is `from`.
    Replace {
        /// The expected version.
        from: u64,
        /// The new item.
        to: Seen,
    },
}

/// The decision about requests of one subject, valid if `write` succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The write that accepts requests; `None` if all are refused.
    pub write: Option<Write>,
    /// Number of accepted requests.
    pub accepted: usize,
    /// For each refused request, when it may be retried. A client that waits until then, by any instance's clock, finds
    /// room unless other requests take it.
    pub refused: Vec<i64>,
}

impl Rule {
    /// How long a request counts, in microseconds: after this time a second has passed by any clock.
    #[must_use]
    pub fn span(&self) -> i64 {
        WINDOW + self.skew
    }

    /// Decides about `count` requests at `now`, given the item as last `seen`.
    #[must_use]
    pub fn plan(&self, seen: Option<&Seen>, count: usize, now: i64) -> Plan {
        let most = count.min(self.limit);
        let stamps = seen.map_or(&[][..], |seen| &seen.stamps);
        // The time of an instance with a slow clock must not precede `pruned`: others would consider it older than it
        // is.
        let now = seen.map_or(now, |seen| now.max(seen.pruned));
        // For an item that was not seen, the condition of the write checks whether there is room.
        let fits = stamps.len() + most <= self.limit;
        let mut kept = self.kept(stamps, now);
        let accepted = if fits { most } else { most.min(self.limit.saturating_sub(kept.len())) };
        kept.extend(std::iter::repeat_n(now, accepted));
        let refused = self.free_again(&kept, count - accepted);
        let write = match seen {
            _ if accepted == 0 => None,
            Some(seen) if !fits => {
                let to = Seen { stamps: kept, pruned: now, version: seen.version + 1 };
                Some(Write::Replace { from: seen.version, to })
            }
            _ => Some(Write::Append { stamp: now, count: accepted }),
        };
        Plan { write, accepted, refused }
    }

    /// The times that still count at `now`.
    #[must_use]
    pub fn kept(&self, stamps: &[i64], now: i64) -> Vec<i64> {
        stamps.iter().copied().filter(|stamp| now - stamp < self.span()).collect()
    }

    /// When each of `count` refused requests finds room, if they are retried in this order and no other requests
    /// arrive. `stamps` fill the window, or more than that after the limit was lowered.
    fn free_again(&self, stamps: &[i64], count: usize) -> Vec<i64> {
        let mut stamps = stamps.to_vec();
        stamps.sort_unstable();
        // Room comes only when those beyond the limit have left too.
        let stamps = &stamps[stamps.len().saturating_sub(self.limit)..];
        let again = |(round, stamp): (usize, &i64)| {
            let spans = i64::try_from(round / self.limit.max(1) + 1).unwrap_or(i64::MAX);
            // The clock that decides the retry may be behind the one that set the time.
            stamp.saturating_add(self.span().saturating_mul(spans)).saturating_add(self.skew)
        };
        stamps.iter().cycle().enumerate().map(|(at, stamp)| again((at, stamp))).take(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { limit: 100, skew: 50_000 };

    fn full(at: i64) -> Seen {
        Seen { stamps: vec![at; 100], pruned: 0, version: 7 }
    }

    #[test]
    fn of_a_batch_as_many_are_accepted_as_fit() {
        let seen = Seen { stamps: vec![900_000; 70], pruned: 0, version: 3 };
        let plan = RULE.plan(Some(&seen), 50, 1_000_000);
        assert_eq!((plan.accepted, plan.refused.len()), (30, 20));
        let Some(Write::Replace { from: 3, to }) = plan.write else { panic!("not replaced: {:?}", plan.write) };
        assert_eq!((to.stamps.len(), to.pruned, to.version), (100, 1_000_000, 4));
        assert!(plan.refused.iter().all(|again| *again == 900_000 + 1_050_000 + 50_000));
        // Without knowledge of the item, the whole limit is requested at once, and the condition of the write decides.
        let plan = RULE.plan(None, 250, 0);
        assert_eq!((plan.write, plan.accepted), (Some(Write::Append { stamp: 0, count: 100 }), 100));
        assert_eq!((plan.refused.len(), plan.refused[0], plan.refused[149]), (150, 1_100_000, 2_150_000));
    }

    #[test]
    fn a_subject_over_the_limit_is_refused_without_a_write_until_a_time_has_left_the_window() {
        let seen = full(5);
        let refused = RULE.plan(Some(&seen), 1, 1_050_004);
        assert_eq!((refused.write, refused.accepted, refused.refused), (None, 0, vec![1_100_005]));
        let accepted = RULE.plan(Some(&seen), 1, 1_050_005);
        assert_eq!(accepted.accepted, 1);
    }

    #[test]
    fn a_limit_that_was_lowered_holds_at_once_and_says_when_there_is_room() {
        let seen = Seen { stamps: (0..100).map(|at| at * 1_000).collect(), pruned: 0, version: 7 };
        let lower = Rule { limit: 5, ..RULE };
        let refused = lower.plan(Some(&seen), 6, 500_000);
        assert_eq!((&refused.write, refused.accepted), (&None, 0));
        // The fifth last leaves first, and the sixth request comes after all five.
        assert_eq!((refused.refused[0], refused.refused[5]), (95_000 + 1_100_000, 95_000 + 2_150_000));
        let accepted = lower.plan(Some(&seen), 6, refused.refused[0] - lower.skew);
        assert_eq!(accepted.accepted, 1, "four of the last five still count");
    }

    #[test]
    fn a_slow_clock_writes_no_time_before_the_last_pruning() {
        let seen = Seen { stamps: vec![900; 3], pruned: 1_000, version: 1 };
        assert_eq!(RULE.plan(Some(&seen), 1, 400).write, Some(Write::Append { stamp: 1_000, count: 1 }));
    }
}
