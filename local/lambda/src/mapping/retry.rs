//! What happens to a batch after each answer. Pure: records are numbers, and the time is an argument.
//!
//! One [`Plan`] owns the records of one partition's (or shard's) batch until each of them is completed or given up.
//! Only then does the next batch of that partition start, so a failing batch blocks its partition and no other
//! (LDG/with-msk-process).
//!
//! Sources of the rules: LDG/kafka-retry-configurations for Kafka; where that page is silent, the documented rules of
//! stream sources (LDG/services-ddb-batchfailurereporting, LDG/kinesis-on-failure-destination) are used:
//! - the first invocation does not count as a retry;
//! - splitting a batch does not consume the retry quota;
//! - nor does a throttled invocation, which is retried until the records are too old;
//! - unlimited retries with an on-failure destination are capped at 10.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use local_template::model::Delivery;

/// Retries of a mapping with unlimited retries and an on-failure destination (LDG/kafka-retry-configurations).
pub const RETRIES_WITH_DESTINATION: u32 = 10;

/// Which records of a partly failed batch are sent again.
///
/// Lambda's documentation says "retry only the failed records" for Kafka, and its example identifies records by
/// partition and offset, but this was not verified on a live mapping; streams restart from the first failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PartialRetry {
    /// Only the reported records; the others count as completed.
    ///
    /// The default, because it is the rule under which a faulty function loses data: one that reports only the first
    /// record that it did not complete loses those after it. The other rule only repeats work, which every consumer
    /// must tolerate anyway.
    #[default]
    ReportedOnly,
    /// Everything from the first reported record on.
    FromFirstFailure,
}

/// Waits between two invocations of the same batch. AWS does not publish its own; these are short, because a developer
/// waits for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Wait after the first failure; it doubles with each further one.
    pub first: Duration,
    /// Longest wait.
    pub longest: Duration,
}

/// The waits of the local stack.
pub const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

impl Backoff {
    /// Wait after the n-th consecutive failure, n from 1.
    pub fn after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// The error controls of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Retries after the first invocation; `None` means unlimited.
    pub retries: Option<u32>,
    /// Records older than this are given up; `None` means no limit.
    pub record_age: Option<Duration>,
    /// Whether a failing batch is halved.
    pub bisect: bool,
    /// Which records of a partly failed batch are sent again.
    pub partial: PartialRetry,
    /// Waits between invocations.
    pub backoff: Backoff,
}

impl Policy {
    /// The policy of a mapping in the template.
    pub fn new(delivery: &Delivery, partial: PartialRetry, backoff: Backoff) -> Self {
        let cap = delivery.on_failure.as_ref().map(|_| RETRIES_WITH_DESTINATION);
        Self {
            retries: delivery.maximum_retry_attempts.or(cap),
            record_age: delivery.maximum_record_age,
            bisect: delivery.bisect,
            partial,
            backoff,
        }
    }
}

/// What an invocation means for the records that it carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// All of them are completed.
    Completed,
    /// These were not completed, as positions in the sent list. Never empty.
    Partial(BTreeSet<usize>),
    /// None of them counts as completed.
    Failed,
    /// Nothing ran.
    Throttled,
}

/// Why records are given up; the names are those of the on-failure record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The retries are used up.
    RetryAttemptsExhausted,
    /// The records are older than the mapping allows. AWS's page does not show this name.
    RecordAgeExceeded,
    /// One record alone exceeds the 6 MB of an invocation.
    MaximumPayloadSizeExceeded,
}

impl Condition {
    /// The value of `requestContext.condition` (LDG/kafka-on-failure).
    pub fn name(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
            Self::MaximumPayloadSizeExceeded => "MaximumPayloadSizeExceeded",
        }
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Invoke the function with these records, and report the outcome to [`Plan::answered`].
    Send(Vec<usize>),
    /// Send these records to the on-failure destination, if there is one, and then call [`Plan::gave_up`].
    GiveUp {
        /// The records, in order.
        records: Vec<usize>,
        /// Why.
        condition: Condition,
        /// Invocations that carried them.
        invocations: u32,
    },
    /// Every record is completed or given up.
    Done,
}

/// Records that are sent together.
#[derive(Debug, Clone)]
struct Unit {
    records: Vec<usize>,
    /// Failures that count towards the retry quota.
    failures: u32,
    invocations: u32,
    /// Failed or throttled invocations, for the wait.
    troubles: u32,
}

/// The state of one batch until its end.
#[derive(Debug)]
pub struct Plan {
    policy: Policy,
    created_ms: Vec<i64>,
    settled: Vec<bool>,
    /// In partition order; only the first one is worked on.
    units: VecDeque<Unit>,
}

impl Plan {
    /// A plan for records with these timestamps (milliseconds since the epoch), in partition order.
    pub fn new(policy: Policy, created_ms: Vec<i64>) -> Self {
        let records: Vec<usize> = (0..created_ms.len()).collect();
        let settled = vec![false; created_ms.len()];
        let whole = Unit { records, failures: 0, invocations: 0, troubles: 0 };
        Self { policy, created_ms, settled, units: VecDeque::from([whole]) }
    }

    /// The next step. Calling it twice gives the same answer.
    pub fn next(&mut self, now_ms: i64) -> Step {
        while self.units.front().is_some_and(|unit| unit.records.is_empty()) {
            self.units.pop_front();
        }
        let Some(unit) = self.units.front() else { return Step::Done };
        let old: Vec<usize> = unit.records.iter().copied().filter(|record| self.is_old(*record, now_ms)).collect();
        let give_up = |records, condition| Step::GiveUp { records, condition, invocations: unit.invocations };
        if !old.is_empty() {
            return give_up(old, Condition::RecordAgeExceeded);
        }
        if self.policy.retries.is_some_and(|retries| unit.failures > retries) {
            return give_up(unit.records.clone(), Condition::RetryAttemptsExhausted);
        }
        Step::Send(unit.records.clone())
    }

    /// Records the outcome of the last [`Step::Send`]; returns how long to wait before [`Plan::next`].
    pub fn answered(&mut self, verdict: Verdict) -> Duration {
        let Some(mut unit) = self.units.pop_front() else { return Duration::ZERO };
        if verdict == Verdict::Throttled {
            unit.troubles = unit.troubles.saturating_add(1);
            return self.again(unit);
        }
        unit.invocations = unit.invocations.saturating_add(1);
        let remaining = self.remaining(&unit, &verdict);
        for record in unit.records.iter().filter(|record| !remaining.contains(record)) {
            settle(&mut self.settled, *record);
        }
        if remaining.is_empty() {
            return Duration::ZERO;
        }
        let shrunk = remaining.len() < unit.records.len();
        unit.troubles = unit.troubles.saturating_add(1);
        unit.records = remaining;
        if self.policy.bisect && !shrunk && unit.records.len() > 1 {
            let mut second = unit.clone();
            second.records = unit.records.split_off(unit.records.len() / 2);
            self.units.push_front(second);
        } else if !(self.policy.bisect && shrunk) {
            unit.failures = unit.failures.saturating_add(1);
        }
        self.again(unit)
    }

    /// Records that the records of a [`Step::GiveUp`] are dealt with.
    pub fn gave_up(&mut self, records: &[usize]) {
        for record in records {
            settle(&mut self.settled, *record);
        }
        for unit in &mut self.units {
            unit.records.retain(|record| !records.contains(record));
        }
    }

    /// How many records from the start of the batch are completed or given up without a gap. The offset after them may
    /// be committed, and no later one.
    pub fn settled_prefix(&self) -> usize {
        self.settled.iter().take_while(|settled| **settled).count()
    }

    fn remaining(&self, unit: &Unit, verdict: &Verdict) -> Vec<usize> {
        match verdict {
            Verdict::Completed => Vec::new(),
            Verdict::Failed | Verdict::Throttled => unit.records.clone(),
            Verdict::Partial(failed) => {
                let first = failed.first().copied().unwrap_or_default();
                let keep = |position: usize| match self.policy.partial {
                    PartialRetry::ReportedOnly => failed.contains(&position),
                    PartialRetry::FromFirstFailure => position >= first,
                };
                unit.records.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, record)| *record).collect()
            }
        }
    }

    /// Puts the unit back at the front; returns its wait, which is zero if no retry is left.
    fn again(&mut self, unit: Unit) -> Duration {
        let exhausted = self.policy.retries.is_some_and(|retries| unit.failures > retries);
        let wait = if exhausted { Duration::ZERO } else { self.policy.backoff.after(unit.troubles) };
        self.units.push_front(unit);
        wait
    }

    fn is_old(&self, record: usize, now_ms: i64) -> bool {
        let (Some(age), Some(created)) = (self.policy.record_age, self.created_ms.get(record)) else { return false };
        let limit = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        // A record without a timestamp has -1, and so no age.
        *created >= 0 && now_ms.saturating_sub(*created) > limit
    }
}

fn settle(settled: &mut [bool], record: usize) {
    if let Some(settled) = settled.get_mut(record) {
        *settled = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy { retries: None, record_age: None, bisect: false, partial: PartialRetry::ReportedOnly, backoff: BACKOFF }
    }

    fn partial(failed: &[usize]) -> Verdict {
        Verdict::Partial(failed.iter().copied().collect())
    }

    #[test]
    fn reported_only_sends_just_what_was_reported() {
        let mut plan = Plan::new(policy(), vec![0; 5]);
        plan.answered(partial(&[1, 3]));
        assert_eq!(plan.next(0), Step::Send(vec![1, 3]));
        assert_eq!(plan.settled_prefix(), 1);
        plan.answered(Verdict::Completed);
        assert_eq!((plan.next(0), plan.settled_prefix()), (Step::Done, 5));
    }

    #[test]
    fn from_first_failure_sends_everything_behind_it() {
        let mut plan = Plan::new(Policy { partial: PartialRetry::FromFirstFailure, ..policy() }, vec![0; 5]);
        plan.answered(partial(&[3, 1]));
        assert_eq!(plan.next(0), Step::Send(vec![1, 2, 3, 4]));
        assert_eq!(plan.settled_prefix(), 1);
    }

    #[test]
    fn bisect_isolates_the_bad_record_and_keeps_the_order() {
        let mut plan = Plan::new(Policy { bisect: true, retries: Some(0), ..policy() }, vec![0; 4]);
        let mut sent = Vec::new();
        let mut given_up = Vec::new();
        loop {
            match plan.next(0) {
                Step::Send(records) => {
                    let bad = records.contains(&2);
                    sent.push(records);
                    plan.answered(if bad { Verdict::Failed } else { Verdict::Completed });
                }
                Step::GiveUp { records, condition, invocations } => {
                    assert_eq!((condition, invocations), (Condition::RetryAttemptsExhausted, 3));
                    plan.gave_up(&records);
                    given_up.extend(records);
                }
                Step::Done => break,
            }
        }
        assert_eq!(sent, [vec![0, 1, 2, 3], vec![0, 1], vec![2, 3], vec![2], vec![3]]);
        assert_eq!(given_up, [2]);
    }

    #[test]
    fn a_throttle_uses_no_retry() {
        let mut plan = Plan::new(Policy { retries: Some(0), ..policy() }, vec![0]);
        for _ in 0..20 {
            assert_eq!(plan.next(0), Step::Send(vec![0]));
            plan.answered(Verdict::Throttled);
        }
        plan.answered(Verdict::Failed);
        assert!(matches!(plan.next(0), Step::GiveUp { invocations: 1, .. }));
    }

    #[test]
    fn an_old_record_is_given_up_alone() {
        let mut plan = Plan::new(Policy { record_age: Some(Duration::from_secs(60)), ..policy() }, vec![0, 50_000]);
        let Step::GiveUp { records, condition, .. } = plan.next(60_001) else { unreachable!("too old") };
        assert_eq!((records.as_slice(), condition), ([0].as_slice(), Condition::RecordAgeExceeded));
        plan.gave_up(&records);
        assert_eq!(plan.next(60_001), Step::Send(vec![1]));
    }

    #[test]
    fn the_wait_doubles_up_to_its_bound() {
        assert_eq!(BACKOFF.after(1), Duration::from_millis(100));
        assert_eq!(BACKOFF.after(3), Duration::from_millis(400));
        assert_eq!(BACKOFF.after(u32::MAX), Duration::from_secs(5));
    }
}
