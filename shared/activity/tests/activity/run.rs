//! One run: a seed determines the traffic and the faults; then the faults stop, the system comes to rest, and the
//! stored state is judged.

use std::sync::{Arc, Mutex};

use millrace_activity::Activity;
use millrace_activity::plan::{MAX_ACTIONS, Rules};
use millrace_activity::process::{Arrived, process_all};
use millrace_domain::activity::UserId;

use crate::bug::Bug;
use crate::judge::{judge, judge_at_rest};
use crate::runtime::Sim;
use crate::traffic::traffic;
use crate::world::World;

/// Deadline of a gap, in milliseconds.
pub const GAP: i64 = 3_000;
/// Most waiting events of a user.
pub const WAITING: u32 = 5;
/// Actions per transaction: few, so that plans are split.
pub const ACTIONS: usize = 14;
const _: () = assert!(ACTIONS < MAX_ACTIONS);

const PARTITIONS: usize = 2;
/// Chance that the mapping assigns a partition to a second consumer while the first still has its batch.
const REBALANCE: f64 = 0.08;
/// Rounds of the sweeper after which the system is at rest.
const ROUNDS: usize = 40;

/// Result of a run.
pub struct Outcome {
    pub violations: Vec<String>,
    pub trace: Vec<String>,
    pub events: usize,
}

/// The topic: records by partition, and whether more will be produced.
#[derive(Default)]
struct Topic {
    partitions: [Vec<Activity>; PARTITIONS],
    producers: usize,
}

#[derive(Clone)]
struct Run {
    sim: Sim,
    topic: Arc<Mutex<Topic>>,
    rules: Rules,
    /// Whether Lambda redelivers everything from the first failure on.
    from_first: bool,
    /// A reference held by every active task.
    at_work: Arc<()>,
}

/// Runs one seed.
pub fn run(seed: u64, bug: Option<Bug>, trace: bool) -> Outcome {
    let sim = Sim::new(seed, World::new(bug), trace);
    let gap = if bug == Some(Bug::StepsOverGapsAtOnce) { 0 } else { GAP };
    let rules = Rules { gap, waiting: WAITING, actions: ACTIONS, behind: false };
    let run =
        Run { sim: sim.clone(), topic: Arc::default(), rules, from_first: sim.chance(0.5), at_work: Arc::new(()) };
    run.topic.lock().unwrap().producers = 2;
    sim.spawn("producer", false, run.clone().produce());
    sim.spawn("redriver", false, run.clone().redrive());
    for partition in 0..PARTITIONS {
        sim.spawn("mapping", false, run.clone().map(partition));
    }
    let Run { topic, rules, from_first, at_work, .. } = run;
    let finish = Run { sim: sim.clone(), topic, rules, from_first, at_work };
    sim.spawn("sweeper", false, finish.finish());
    let ended = sim.run();
    let mut world = sim.world();
    let mut violations = judge(&mut world);
    if !ended {
        violations.push("endless: it does not come to rest".to_owned());
    }
    Outcome { violations, trace: sim.take_trace(), events: world.events.len() }
}

impl Run {
    fn append(&self, mut event: Activity) {
        // A record may have a wrong key, and so be in a partition other than its user's.
        let user = usize::from(event.user.as_str().ends_with('1'));
        let partition = if self.sim.chance(0.05) { 1 - user } else { user };
        let mut topic = self.topic.lock().unwrap();
        (event.record.partition, event.record.offset) = (partition as i64, topic.partitions[partition].len() as i64);
        self.sim.tell(|| {
            format!("sent to {partition}: {} {} seq {:?}, fails {}", event.user, event.id, event.seq, event.fails)
        });
        self.sim.world().witness.sent.entry(event.claimed()).or_default().push(event.clone());
        topic.partitions[partition].push(event);
    }

    async fn produce(self) {
        let sent = traffic(&mut self.sim.dice());
        for (pause, event) in sent {
            self.sim.sleep(pause).await;
            self.append(event);
        }
        self.topic.lock().unwrap().producers -= 1;
    }

    /// Redrives some dead letters, occasionally twice.
    async fn redrive(self) {
        for number in 0..self.sim.pick(0..=3) {
            let pause = self.sim.pick(200..=6_000);
            self.sim.sleep(pause).await;
            let letter = {
                let mut world = self.sim.world();
                let letter = world.letters.values_mut().find(|letter| !letter.redriven && !letter.activity.reused);
                letter.map(|letter| {
                    letter.redriven = true;
                    Activity { redrive: Some(format!("r{number}")), ..letter.activity.clone() }
                })
            };
            let Some(event) = letter else { continue };
            self.sim.world().witness.redrives.insert((event.identity(), event.redrive.clone().unwrap()));
            for _ in 0..self.sim.pick(1..=2) {
                self.append(event.clone());
            }
        }
        self.topic.lock().unwrap().producers -= 1;
    }

    /// The event source mapping of a partition.
    async fn map(self, partition: usize) {
        let mut committed = 0;
        loop {
            let (batch, finished): (Vec<Activity>, bool) = {
                let topic = self.topic.lock().unwrap();
                let most = self.sim.pick(1..=6) as usize;
                let rest = topic.partitions[partition].iter().skip(committed).take(most).cloned();
                (rest.collect(), topic.producers == 0)
            };
            if batch.is_empty() {
                if finished {
                    return;
                }
                self.sim.sleep(20).await;
                continue;
            }
            let end = committed + batch.len();
            if self.deliver(batch).await {
                committed = end;
            }
        }
    }

    /// Delivers a batch until it is completed; returns false if another consumer is to get the partition first.
    async fn deliver(&self, batch: Vec<Activity>) -> bool {
        let bug = self.sim.world().bug;
        let mut todo = batch;
        loop {
            let consumer = self.sim.spawn("consumer", true, self.clone().consume(todo.clone()));
            let rebalance = self.sim.fault(REBALANCE);
            let patience = if rebalance { self.sim.pick(1..=40) } else { u64::MAX };
            let failed = consumer.within(patience).await;
            if rebalance && failed.is_none() {
                self.sim.tell(|| "the partition goes to another consumer".to_owned());
                return false;
            }
            if bug == Some(Bug::CommitsTheOffsetEarly) {
                return true;
            }
            // A crash redelivers the whole batch.
            if let Some(failed) = failed {
                let first = failed.iter().position(|failed| *failed).unwrap_or(failed.len());
                let again = |at: usize| if self.from_first { at >= first } else { failed[at] };
                todo = todo.into_iter().enumerate().filter(|(at, _)| again(*at)).map(|(_, event)| event).collect();
            }
            if todo.is_empty() {
                return true;
            }
        }
    }

    /// Processes a batch; returns for each record whether it failed.
    async fn consume(self, records: Vec<Activity>) -> Vec<bool> {
        let bug = self.sim.world().bug;
        let mut arrived = Arrived::new();
        for event in &records {
            let mut event = event.clone();
            match bug {
                Some(Bug::DeduplicatesByOffset) => {
                    event.id = format!("{}:{}", event.record.partition, event.record.offset);
                }
                Some(Bug::DeduplicatesWithoutTheSource) => "urn:shop".clone_into(&mut event.source),
                Some(Bug::DeduplicatesARedriveAway) => event.redrive = None,
                Some(Bug::IgnoresTheOrder) => event.seq = None,
                _ => {}
            }
            arrived.entry(event.user.clone()).or_default().push(event);
        }
        let rules = Rules { behind: self.sim.chance(0.3), ..self.rules };
        let results = process_all(&self.sim, &self.sim, &rules, arrived, 4).await;
        let mut failed: Vec<bool> = records.iter().map(|event| results[&event.user].is_err()).collect();
        match bug {
            Some(Bug::AcknowledgesAFailedRecord) => failed.fill(false),
            Some(Bug::ReportsTheFirstFailureOnly) => {
                let first = failed.iter().position(|failed| *failed);
                failed.iter_mut().enumerate().for_each(|(at, failed)| *failed = Some(at) == first);
            }
            _ => {}
        }
        self.sim.step().await;
        failed
    }

    /// Runs the sweeper continuously; without faults once everything is consumed, until no event waits.
    async fn finish(self) {
        let mut rounds = 0;
        while rounds < ROUNDS {
            // Producers, mappings, consumers and this task hold a reference.
            let alone = Arc::strong_count(&self.at_work) == 1;
            if alone {
                if rounds == 0 {
                    judge_at_rest(&mut self.sim.world());
                }
                rounds += 1;
                self.sim.end_faults();
            }
            let pause = if alone { 35_000 } else { self.sim.pick(200..=3_000) };
            self.sim.sleep(pause).await;
            let due: Vec<UserId> = {
                let (now, world) = (self.sim.now(), self.sim.world());
                let due = world.users.iter().filter(|(_, (cursor, _))| cursor.waiting > 0 && cursor.due_at <= now);
                due.map(|(user, _)| user.clone()).collect()
            };
            if alone && due.is_empty() && Arc::strong_count(&self.at_work) == 1 {
                return;
            }
            let sweep: Arrived = due.into_iter().map(|user| (user, Vec::new())).collect();
            if alone {
                process_all(&self.sim, &self.sim, &self.rules, sweep, 4).await;
            } else {
                let (sim, rules) = (self.sim.clone(), self.rules);
                self.sim.spawn("sweep", true, async move {
                    process_all(&sim, &sim, &rules, sweep, 4).await;
                });
            }
        }
    }
}
