//! The rule of the window. Pure: times are arguments, in Unix microseconds.

/// Microseconds of the window that the limit holds for: one second.
const WINDOW: i64 = 1_000_000;

/// How many requests a window may hold, and how far clocks may be apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Most accepted requests of one user in any second.
    pub limit: usize,
    /// Largest difference between the clocks of two instances, in microseconds.
    pub skew: i64,
}

/// The item of a user as it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// When requests were accepted, by the clocks of who accepted them; at most the limit, in no order.
    pub stamps: Vec<i64>,
    /// The latest clock by which times were dropped.
    pub pruned: i64,
    /// Counts the writes.
    pub version: u64,
}

/// A write of the item, with its condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Appends `stamp` `count` times, on condition that the item has room for it and was not pruned after `stamp`.
    Append {
        /// The time.
        stamp: i64,
        /// How often.
        count: usize,
    },
    /// Replaces the item, on condition that its version is `from`.
    Replace {
        /// The version that was seen.
        from: u64,
        /// What the item becomes.
        to: Seen,
    },
}

/// What becomes of some requests of one user if `write` succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The write that accepts them; none where all are refused.
    pub write: Option<Write>,
    /// How many are accepted.
    pub accepted: usize,
    /// For each refused one when it may come again. Who waits until then, by any instance's clock, finds room unless
    /// others take it.
    pub refused: Vec<i64>,
}

impl Rule {
    /// Time that a request counts for, in microseconds: by whatever clocks, a second has passed then.
    #[must_use]
    pub fn span(&self) -> i64 {
        WINDOW + self.skew
    }

    /// Decides about `count` requests at `now`, knowing what was `seen` of the item.
    #[must_use]
    pub fn plan(&self, seen: Option<&Seen>, count: usize, now: i64) -> Plan {
        let most = count.min(self.limit);
        let stamps = seen.map_or(&[][..], |seen| &seen.stamps);
        // An instance with a slow clock must not write what others would take for older than it is.
        let now = seen.map_or(now, |seen| now.max(seen.pruned));
        // Of an item that was not seen, the write's condition says whether it has room.
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

    /// What still counts at `now`.
    #[must_use]
    pub fn kept(&self, stamps: &[i64], now: i64) -> Vec<i64> {
        stamps.iter().copied().filter(|stamp| now - stamp < self.span()).collect()
    }

    /// When each of `count` refused requests finds room, if they come again in this order and nobody else does. `stamps`
    /// fill the window.
    fn free_again(&self, stamps: &[i64], count: usize) -> Vec<i64> {
        let mut stamps = stamps.to_vec();
        stamps.sort_unstable();
        let again = |(round, stamp): (usize, &i64)| {
            let spans = i64::try_from(round / self.limit.max(1) + 1).unwrap_or(i64::MAX);
            // The clock that judges it then may be behind the one that stamped it.
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
        // Without knowledge the whole limit is asked for at once, and the write's condition decides.
        let plan = RULE.plan(None, 250, 0);
        assert_eq!((plan.write, plan.accepted), (Some(Write::Append { stamp: 0, count: 100 }), 100));
        assert_eq!((plan.refused.len(), plan.refused[0], plan.refused[149]), (150, 1_100_000, 2_150_000));
    }

    #[test]
    fn a_user_over_the_limit_is_refused_without_a_write_until_a_time_has_left_the_window() {
        let seen = full(5);
        let refused = RULE.plan(Some(&seen), 1, 1_050_004);
        assert_eq!((refused.write, refused.accepted, refused.refused), (None, 0, vec![1_100_005]));
        let accepted = RULE.plan(Some(&seen), 1, 1_050_005);
        assert_eq!(accepted.accepted, 1);
    }

    #[test]
    fn a_slow_clock_writes_no_time_before_the_last_pruning() {
        let seen = Seen { stamps: vec![900; 3], pruned: 1_000, version: 1 };
        assert_eq!(RULE.plan(Some(&seen), 1, 400).write, Some(Write::Append { stamp: 1_000, count: 1 }));
    }
}
