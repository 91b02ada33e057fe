//! The runtime itself: seeds, crashes, and runs that do not end.
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use local_simulation::{Rates, Sim};

const RATES: Rates = Rates { crash: 0.0, stop: 0.0, stopped: 100..=1_000, tick: 0..=5, most_steps: 10_000 };

/// Three fragile tasks append their names to the world in the order that the seed decides, and each has a waiter.
fn race(seed: u64) -> (String, Vec<String>) {
    let rates = Rates { crash: 0.05, stop: 0.05, ..RATES };
    let sim = Sim::new(seed, String::new(), rates, true);
    for name in ["a", "b", "c"] {
        let own = sim.clone();
        let task = sim.spawn(name, true, async move {
            for _ in 0..10 {
                let pause = own.pick(0..=20);
                own.sleep(pause).await;
                own.world().push_str(name);
            }
        });
        let own = sim.clone();
        sim.spawn("waiter", false, async move {
            let answer = task.within(500).await;
            own.tell(|| format!("{name} answers {answer:?} after {} ms", own.now()));
        });
    }
    assert!(sim.run(), "every task ends");
    let world = sim.world().clone();
    (world, sim.take_trace())
}

#[test]
fn a_seed_runs_the_same_way_each_time_and_seeds_differ() {
    let runs: Vec<_> = (0..50).map(race).collect();
    assert_eq!(runs, (0..50).map(race).collect::<Vec<_>>());
    let mut worlds: Vec<&String> = runs.iter().map(|(world, _)| world).collect();
    worlds.sort_unstable();
    worlds.dedup();
    assert!(worlds.len() > 45, "{} orders in 50 seeds", worlds.len());
    for what in ["CRASHES", "STANDS STILL", "answers Some(())", "answers None"] {
        assert!(runs.iter().flat_map(|(_, trace)| trace).any(|line| line.contains(what)), "no seed has {what}");
    }
}

/// What the waiter of a fragile task gets, and when, if the task answers after a second and its waiter has a minute.
fn waited(rates: Rates, faults: bool) -> (Option<&'static str>, u64, bool) {
    let sim = Sim::new(1, None, rates, false);
    if !faults {
        sim.end_faults();
    }
    let (task, waiter) = (sim.clone(), sim.clone());
    let handle = sim.spawn("task", true, async move {
        task.sleep(1_000).await;
        "done"
    });
    sim.spawn("waiter", false, async move {
        let answer = handle.within(60_000).await;
        *waiter.world() = Some((answer, waiter.now()));
    });
    assert!(sim.run(), "both end");
    let (answer, at) = sim.world().unwrap();
    (answer, at, sim.is_at_work())
}

#[test]
fn the_waiter_of_a_task_is_told_at_once_of_its_answer_and_of_its_crash() {
    let crashing = Rates { crash: 1.0, ..RATES };
    let (answer, at, at_work) = waited(crashing.clone(), true);
    assert!(answer.is_none() && at < 100 && !at_work, "{answer:?} after {at} ms, {at_work}");
    for (rates, faults) in [(RATES, true), (crashing, false)] {
        let (answer, at, at_work) = waited(rates, faults);
        assert!(answer == Some("done") && (1_000..1_100).contains(&at) && !at_work, "{answer:?} after {at} ms");
    }
}

#[test]
fn a_run_that_does_not_end_by_itself_is_given_up() {
    let busy = Sim::new(0, (), RATES, false);
    let own = busy.clone();
    busy.spawn("busy", false, async move {
        loop {
            own.step().await;
        }
    });
    assert!(!busy.run(), "it goes on for ever");
    let stuck = Sim::new(0, (), RATES, false);
    stuck.spawn("stuck", false, std::future::pending::<()>());
    assert!(!stuck.run(), "nobody wakes it");
}
