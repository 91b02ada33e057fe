//! A seeded simulation of the outbox, its relay and the consumers, judged by the same judge as a real stack.
//!
//! Each seed is one interleaving of handlers, crashes, pauses, relay runs, store errors and Kafka errors on a simulated
//! clock. `MILLRACE_SEED=7` runs one seed and prints its trace; `MILLRACE_SEEDS=1000000` runs more than CI does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod access;
mod api;
mod bug;
mod bundle;
mod clients;
mod consumers;
mod kafka;
mod orders;
mod publish;
mod rules;
mod run;
mod runtime;
mod world;

use std::collections::BTreeMap;
use std::time::Instant;

use self::bug::Bug;
use self::run::run;

/// Seeds per run in CI.
const SEEDS: u64 = 10_000;
/// Each planted bug is detected within this many seeds.
const ENOUGH: u64 = 1_500;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

/// Runs the seed again with its trace and fails with it.
fn fail(seed: u64) -> ! {
    let outcome = run(seed, None, true);
    let violations: Vec<String> = outcome.violations.iter().map(ToString::to_string).collect();
    panic!(
        "seed {seed}: {violations:#?}\nreference model: {:#?}\n{}\nMILLRACE_SEED={seed} repeats it",
        outcome.model,
        outcome.trace.join("\n")
    );
}

#[test]
fn whatever_crashes_stops_or_is_lost_nothing_acknowledged_is_missing_and_nothing_is_invented() {
    if let Some(seed) = setting("MILLRACE_SEED") {
        let outcome = run(seed, None, true);
        println!("{}", outcome.trace.join("\n"));
        if !outcome.violations.is_empty() || !outcome.model.is_empty() {
            fail(seed);
        }
        return;
    }
    let (seeds, began) = (setting("MILLRACE_SEEDS").unwrap_or(SEEDS), Instant::now());
    let (mut events, mut repeats) = (0, 0);
    for seed in 0..seeds {
        let outcome = run(seed, None, false);
        if !outcome.violations.is_empty() || !outcome.model.is_empty() {
            fail(seed);
        }
        events += outcome.events;
        repeats += outcome.repeats;
    }
    let rate = seeds as f64 / began.elapsed().as_secs_f64();
    println!("{seeds} seeds, {rate:.0} a second: {events} events, {repeats} repeats");
    assert!(events as u64 > 3 * seeds && repeats as u64 > seeds / 10, "the simulation does something");
}

#[test]
fn a_seed_runs_the_same_way_each_time() {
    for seed in 0..50 {
        assert_eq!(run(seed, None, true).trace, run(seed, None, true).trace, "seed {seed}");
    }
}

#[test]
fn every_planted_bug_is_seen_by_the_judge() {
    let mut unseen = Vec::new();
    println!("{:<40} {:>9} {:>6}  violations", "bug", "first", "seeds");
    for bug in Bug::ALL {
        let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
        let (mut first, mut seen) = (None, 0);
        let mut seed = 0;
        // A few more seeds after the first, to learn which rules detect it.
        while seed < ENOUGH && seen < 10 {
            let violations = run(seed, Some(bug), false).violations;
            if !violations.is_empty() {
                let without = run(seed, None, false).violations;
                assert!(without.is_empty(), "seed {seed} without {bug:?}: {without:?}");
                first = first.or(Some(seed));
                seen += 1;
            }
            for code in violations.iter().map(|violation| violation.code).collect::<std::collections::BTreeSet<_>>() {
                *codes.entry(code).or_default() += 1;
            }
            seed += 1;
        }
        let mut codes: Vec<(&str, u32)> = codes.into_iter().collect();
        codes.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), *code));
        let codes: Vec<String> = codes.iter().map(|(code, count)| format!("{code} {count}")).collect();
        println!("{:<40} {first:>9?} {seen:>3}/{seed:<4}  {}", format!("{bug:?}"), codes.join(", "));
        if first.is_none() {
            unseen.push(bug);
        }
    }
    assert!(unseen.is_empty(), "not seen within {ENOUGH} seeds: {unseen:?}");
}
