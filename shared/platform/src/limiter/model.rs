//! Tests the rule against a model: instances with different clocks, slow writes, and one item.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::known::Known;
use super::window::{Plan, Rule, Seen, Write};

const SECOND: i64 = 1_000_000;
const SKEW: i64 = 50_000;
const USER: &str = "ann";
/// Attempts of a request that conflicts with others.
const TRIES: usize = 8;

/// A mistake that a developer might make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    /// Clocks are assumed to be equal.
    ClocksAreTrusted,
    /// An append does not check whether the item was pruned after the append's time.
    AppendIgnoresPruning,
    /// An append does not check whether there is room.
    AppendIgnoresRoom,
    /// The condition allows one more than fits.
    OffByOne,
    /// A replacement does not check whether the item has changed.
    ReplaceIgnoresVersion,
    /// An append does not increase the version.
    AppendKeepsVersion,
    /// A batch counts as one request.
    BatchCountsOnce,
    /// A failed write counts as accepted.
    FailureIsAccepted,
    /// When the attempts are used up, all requests are accepted.
    ExhaustedIsAccepted,
    /// A replacement drops times that it has to keep.
    ReplaceForgets,
}

impl Bug {
    const ALL: [Self; 10] = [
        Self::ClocksAreTrusted,
        Self::AppendIgnoresPruning,
        Self::AppendIgnoresRoom,
        Self::OffByOne,
        Self::ReplaceIgnoresVersion,
        Self::AppendKeepsVersion,
        Self::BatchCountsOnce,
        Self::FailureIsAccepted,
        Self::ExhaustedIsAccepted,
        Self::ReplaceForgets,
    ];
}

/// The load of a simulated run.
#[derive(Debug, Clone, Copy)]
struct Load {
    instances: usize,
    /// True time between two requests, in microseconds; part of it is random.
    every: i64,
    even: bool,
    requests: usize,
    /// Largest batch.
    batch: usize,
    /// Longest duration of a write, in microseconds.
    latency: i64,
    skew: i64,
}

/// A step at a true time. `Arrive` reads the clock and plans; `Commit` applies the write to the item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrive { instance: usize, count: usize, tries: usize },
    Commit { instance: usize, count: usize, tries: usize, decided: i64, accepted: usize, write: usize },
}

/// Result of a run.
#[derive(Debug, Default)]
struct Outcome {
    /// True times at which accepted requests were decided.
    accepted: Vec<i64>,
    offered: usize,
    /// Writes whose conditions failed.
    failed: usize,
}

impl Outcome {
    /// Most accepted requests in any one-second window.
    fn busiest(&self) -> usize {
        let mut times = self.accepted.clone();
        times.sort_unstable();
        let within = |(at, first): (usize, &i64)| times[at..].iter().take_while(|time| *time - first < SECOND).count();
        times.iter().enumerate().map(within).max().unwrap_or_default()
    }
}

struct Model {
    rule: Rule,
    bug: Option<Bug>,
    random: fastrand::Rng,
    offsets: Vec<i64>,
    known: Vec<Known>,
    item: Seen,
    writes: Vec<Write>,
    steps: BinaryHeap<Reverse<(i64, u64, Step)>>,
    number: u64,
    outcome: Outcome,
}

impl Model {
    fn run(seed: u64, load: Load, bug: Option<Bug>) -> Outcome {
        let mut random = fastrand::Rng::with_seed(seed);
        let skew = if bug == Some(Bug::ClocksAreTrusted) { 0 } else { SKEW };
        let mut offsets: Vec<i64> = (0..load.instances).map(|_| random.i64(0..=load.skew)).collect();
        // Two instances have the largest allowed clock difference.
        (offsets[0], offsets[1]) = (0, load.skew);
        let mut model = Self {
            rule: Rule { limit: 100, skew },
            bug,
            random,
            offsets,
            known: (0..load.instances).map(|_| Known::default()).collect(),
            item: Seen::default(),
            writes: Vec::new(),
            steps: BinaryHeap::new(),
            number: 0,
            outcome: Outcome::default(),
        };
        let mut time = 10 * SECOND;
        for at in 0..load.requests {
            time += if load.even { load.every } else { model.random.i64(0..=2 * load.every) };
            let count = model.random.usize(1..=load.batch);
            let instance = if load.even { at % load.instances } else { model.random.usize(0..load.instances) };
            model.outcome.offered += count;
            model.schedule(time, Step::Arrive { instance, count, tries: 0 });
        }
        while let Some(Reverse((time, _, step))) = model.steps.pop() {
            model.step(time, step, load.latency);
        }
        model.outcome
    }

    fn schedule(&mut self, time: i64, step: Step) {
        self.number += 1;
        self.steps.push(Reverse((time, self.number, step)));
    }

    fn step(&mut self, time: i64, step: Step, latency: i64) {
        match step {
            Step::Arrive { instance, count, tries } => {
                let clock = time + self.offsets[instance];
                let seen = self.known[instance].get(USER);
                let Plan { write, accepted, refused } = self.rule.plan(seen, count, clock);
                assert_eq!(accepted + refused.len(), count);
                let Some(write) = write else { return };
                self.writes.push(write);
                let write = self.writes.len() - 1;
                // Most writes are quick, and some are delayed.
                let held_up = self.random.u8(0..10) == 0;
                let delay = self.random.i64(0..=if held_up { latency } else { latency / 100 });
                self.schedule(time + delay, Step::Commit { instance, count, tries, decided: time, accepted, write });
            }
            Step::Commit { instance, count, tries, decided, accepted, write } => {
                let write = self.writes[write].clone();
                let done = self.commit(&write);
                if done || self.bug == Some(Bug::FailureIsAccepted) {
                    self.outcome.accepted.extend(std::iter::repeat_n(decided, accepted));
                } else if tries < TRIES {
                    self.schedule(time, Step::Arrive { instance, count, tries: tries + 1 });
                } else if self.bug == Some(Bug::ExhaustedIsAccepted) {
                    self.outcome.accepted.extend(std::iter::repeat_n(decided, count));
                }
                if done {
                    self.known[instance].written(USER, &write);
                } else {
                    self.outcome.failed += 1;
                    self.known[instance].put(&self.rule, USER, self.item.clone(), time + self.offsets[instance]);
                }
            }
        }
    }

    fn commit(&mut self, write: &Write) -> bool {
        let bug = |bug| self.bug == Some(bug);
        match write {
            Write::Append { stamp, count } => {
                let limit = self.rule.limit + usize::from(bug(Bug::OffByOne));
                let room = self.item.stamps.len() + count <= limit || bug(Bug::AppendIgnoresRoom);
                if !room || (*stamp < self.item.pruned && !bug(Bug::AppendIgnoresPruning)) {
                    return false;
                }
                let count = if bug(Bug::BatchCountsOnce) { 1 } else { *count };
                let keeps_version = bug(Bug::AppendKeepsVersion);
                self.item.stamps.extend(std::iter::repeat_n(*stamp, count));
                self.item.version += u64::from(!keeps_version);
            }
            Write::Replace { from, to } => {
                if *from != self.item.version && !bug(Bug::ReplaceIgnoresVersion) {
                    return false;
                }
                let forgets = bug(Bug::ReplaceForgets);
                self.item = to.clone();
                if forgets {
                    self.item.stamps.retain(|stamp| *stamp == to.pruned);
                }
            }
        }
        true
    }
}

/// A subject that requests far more than allowed, on every instance, singly and in batches.
fn flood(seed: u64) -> Load {
    let batch = if seed.is_multiple_of(2) { 1 } else { 12 };
    let every = if batch == 1 { 3_000 } else { 15_000 };
    Load { instances: 8, every, even: false, requests: 1_500, batch, latency: 1_500_000, skew: SKEW }
}

#[test]
fn no_true_second_holds_more_than_the_limit() {
    for seed in 0..400 {
        let outcome = Model::run(seed, flood(seed), None);
        let busiest = outcome.busiest();
        assert!(busiest <= 100, "seed {seed}: {busiest} in a second");
        assert!(outcome.accepted.len() < outcome.offered, "seed {seed}: the load is no flood");
    }
}

#[test]
fn what_a_developer_may_get_wrong_is_seen_by_the_model() {
    for bug in Bug::ALL {
        let seen = (0..400).any(|seed| Model::run(seed, flood(seed), Some(bug)).busiest() > 100);
        assert!(seen, "{bug:?} goes unseen");
    }
}

/// With a limit of 100, a write is 2 units; the item's partition takes 1,000 a second.
#[test]
fn a_flood_costs_less_than_the_partition_of_the_item_takes_at_however_many_instances() {
    for (seed, instances) in [(1, 2), (2, 8), (3, 40)] {
        for every in [9_000, 4_000, 1_000, 300] {
            let (requests, latency) = (12_000, 20_000);
            let load = Load { instances, every, even: false, requests, batch: 1, latency, skew: SKEW };
            let outcome = Model::run(seed, load, None);
            let writes = (outcome.accepted.len() + outcome.failed) as i64 * SECOND / (12_000 * every);
            assert!(writes <= 300, "{instances} instances, a request each {every} us: {writes} writes a second");
        }
    }
}

#[test]
fn at_exactly_the_limit_evenly_spread_nearly_all_are_accepted() {
    for (skew, least) in [(0, 95), (SKEW, 88)] {
        for seed in 0..50 {
            let load = Load { instances: 8, every: 10_000, even: true, requests: 2_000, batch: 1, latency: 0, skew };
            let outcome = Model::run(seed, load, None);
            let share = outcome.accepted.len() * 100 / outcome.offered;
            assert!(share >= least, "skew {skew}, seed {seed}: {share} of 100");
        }
    }
}

#[test]
fn who_comes_again_when_told_is_accepted_by_any_clock() {
    let rule = Rule { limit: 100, skew: SKEW };
    let now = 10 * SECOND;
    for slow in [0, SKEW] {
        let item = Seen { stamps: vec![now; 100], pruned: now, version: 1 };
        let refused = rule.plan(Some(&item), 30, now);
        assert_eq!((refused.accepted, refused.refused.len()), (0, 30));
        // The instance that decides the retry may have a slower clock.
        let later = refused.refused[29] - slow;
        assert_eq!(rule.plan(Some(&item), 30, later).accepted, 30);
    }
}
