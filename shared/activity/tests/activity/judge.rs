//! Observes every write, and in the end reports events that were lost, duplicated, out of order or invented.

use std::collections::{BTreeMap, BTreeSet};

use millrace_activity::item::Status;
use millrace_activity::plan::{Plan, Write};
use millrace_activity::{Activity, EventState, Identity};
use millrace_domain::activity::UserId;

use crate::run::GAP;
use crate::world::{Letter, World};

/// Backoff between attempts; defined independently of the code under test.
const PAUSES: [i64; 3] = [100, 100, 200];
const ACTIONS: usize = crate::run::ACTIONS;

/// Observations during a run.
#[derive(Default)]
pub struct Witness {
    /// Events put onto the topics, by id and source: one content of each has the id.
    pub sent: BTreeMap<Identity, Vec<Activity>>,
    /// Redrives that were sent, as event and redrive id.
    pub redrives: BTreeSet<(Identity, String)>,
    /// Each final state of an event, in order.
    finals: BTreeMap<Identity, Vec<EventState>>,
    /// The last counted attempt: number and time.
    counts: BTreeMap<Identity, (u32, i64)>,
    gaps: BTreeMap<UserId, Vec<(u64, u64)>>,
    /// Outcomes told to the analytics.
    pub outcomes: BTreeMap<Identity, usize>,
    pub waiting: u32,
    pub violations: Vec<String>,
}

impl Witness {
    fn check(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(violation());
        }
    }

    /// Observes a plan that is about to be written.
    pub fn plan(&mut self, plan: &Plan) {
        let gaps = plan.writes.iter().filter(|write| matches!(write, Write::Gap(..))).count();
        let actions = plan.writes.len() + gaps + 2 * usize::from(plan.next.is_some());
        self.check(actions <= ACTIONS, || format!("actions: {actions} in a transaction"));
        let mut items = BTreeSet::new();
        for write in &plan.writes {
            let item = match write {
                Write::Event { state, .. } => format!("event {:?}", state.identity()),
                Write::Redriven(state) => format!("redrive {} {:?}", state.event_id, state.redrive),
                Write::Outcome { state, .. } => format!("outcome {:?}", state.identity()),
                Write::Buffer(waiting) => {
                    format!("waiting {} {:?}", waiting.activity.rank(), waiting.activity.identity())
                }
                Write::RemoveWaiting(rank, identity) => format!("waiting {rank} {identity:?}"),
                Write::Gap(first, _) => format!("gap {first}"),
                Write::DeadLetter { activity, .. } => format!("letter {:?}", activity.identity()),
            };
            self.check(items.insert(item.clone()), || format!("actions: two on {item}"));
        }
    }

    /// Observes a write of an event.
    pub fn event(&mut self, now: i64, state: &EventState) {
        let id = &state.identity();
        if state.status == Status::Buffered {
            if let Some((tries, at)) = self.counts.insert(id.clone(), (state.tries, now))
                && state.tries == tries + 1
                && tries > 0
            {
                let pause = PAUSES[tries as usize - 1];
                self.check(now - at >= pause, || format!("backoff: {id:?} after {} ms", now - at));
            }
            return;
        }
        self.counts.remove(id);
        let finals = self.finals.entry(id.clone()).or_default();
        finals.push(state.clone());
        let redrives: BTreeSet<&Option<String>> = finals.iter().map(|it| &it.redrive).collect();
        let once = redrives.len() == finals.len();
        let done = finals.iter().filter(|it| it.status == Status::Processed).count();
        self.check(once && done <= 1, || format!("twice: {id:?} {:?}", state.status));
    }

    /// Observes a skipped gap. `behind` is when the first event after it began to wait.
    pub fn gap(&mut self, now: i64, user: &UserId, (first, last): (u64, u64), behind: Option<i64>) {
        let old = behind.is_some_and(|since| now - since >= GAP);
        self.check(old, || format!("gap: {user} {first} to {last} too early"));
        self.gaps.entry(user.clone()).or_default().push((first, last));
    }
}

/// At rest, when all records are consumed, no event may wait whose turn it is, unless a sweeper crashed.
pub fn judge_at_rest(world: &mut World) {
    for (user, waiting) in &world.waiting {
        let next = world.users.get(user).map_or(1, |(cursor, _)| cursor.next);
        let stalls = waiting.keys().next().is_some_and(|(rank, _)| *rank <= next);
        if stalls && !world.witness.gaps.contains_key(user) {
            world.witness.violations.push(format!("stalls: {user} at {next}"));
        }
    }
}

/// All violations, once the system is at rest.
pub fn judge(world: &mut World) -> Vec<String> {
    let mut found = std::mem::take(&mut world.witness.violations);
    let witness = &world.witness;
    let mut add = |holds: bool, violation: String| {
        if !holds {
            found.push(violation);
        }
    };
    for (claimed, sent) in &witness.sent {
        // Whichever content was first has the id; each other one is an event of its own, which fails.
        let owner = world.events.get(claimed).map(|event| event.content.as_str());
        add(sent.iter().any(|it| Some(it.content.as_str()) == owner), format!("lost: {claimed:?} has {owner:?}"));
        let contents: BTreeMap<&str, &Activity> = sent.iter().map(|it| (it.content.as_str(), it)).collect();
        for (content, first) in contents {
            let reused = Some(content) != owner;
            let id = Activity { reused, ..first.clone() }.identity();
            let Some(event) = world.events.get(&id) else {
                add(false, format!("lost: {id:?}"));
                continue;
            };
            let same = (event.user_id.as_str(), event.seq) == (first.user.as_str(), first.seq);
            add(same, format!("invented: {id:?} is {event:?}"));
            let runs = witness.finals.get(&id).map_or(&[][..], Vec::as_slice);
            for violation in of_event(first, reused, event, runs, world.letters.get(&id)) {
                add(false, violation);
            }
        }
    }
    for (id, finals) in &witness.finals {
        let first = finals.first().filter(|it| it.redrive.is_none());
        let due = first.is_some_and(|it| it.late || it.status == Status::Failed);
        let told = witness.outcomes.get(id).copied().unwrap_or_default();
        add(told == usize::from(due), format!("outcome: {id:?} told {told} times"));
    }
    for (id, redrive) in &witness.redrives {
        let over = witness.finals.get(id).into_iter().flatten().any(|it| it.redrive.as_ref() == Some(redrive));
        add(over, format!("redrive: {redrive} of {id:?} came to nothing"));
    }
    for (user, waiting) in &world.waiting {
        add(waiting.is_empty(), format!("waits: {user} {:?}", waiting.keys()));
    }
    add(witness.waiting <= crate::run::WAITING + 1, format!("bound: {} wait", witness.waiting));
    for violation in world.users.keys().flat_map(|user| of_user(world, user)) {
        add(false, violation);
    }
    found
}

/// Reasons of dead letters of events that were never attempted.
const UNTRIED: [&str; 2] = ["buffer_full", "id_reused"];

fn is_untried(event: &EventState) -> bool {
    let error = event.error.as_deref().unwrap_or_default();
    UNTRIED.iter().any(|reason| error.starts_with(reason))
}

fn of_event(
    sent: &Activity,
    reused: bool,
    event: &EventState,
    runs: &[EventState],
    letter: Option<&Letter>,
) -> Vec<String> {
    let id = event.identity();
    let mut found = Vec::new();
    let mut add = |holds: bool, violation: String| found.extend((!holds).then_some(violation));
    let full = event.error.as_deref().is_some_and(|error| error.starts_with("buffer_full"));
    let expected = if sent.fails || full || reused { Status::Failed } else { Status::Processed };
    add(event.status == expected, format!("status: {id:?} is {event:?}"));
    let tried = runs.iter().filter(|it| !is_untried(it)).count() as u32;
    let attempts = if sent.fails { 4 * tried } else { tried };
    add(event.attempts == attempts, format!("attempts: {id:?} has {} and not {attempts}", event.attempts));
    let dead = letter.is_some_and(|letter| letter.attempts == event.attempts && !letter.redriven);
    add(dead == (event.status == Status::Failed), format!("letter: {id:?} {:?} has {letter:?}", event.status));
    if let Some(letter) = letter {
        let reason = match letter.reason {
            "buffer_full" => true,
            "id_reused" => reused,
            _ => letter.activity.fails && !reused,
        };
        add(reason, format!("letter: {id:?} is {}", letter.reason));
    }
    found
}

fn of_user(world: &World, user: &UserId) -> Vec<String> {
    let mut found = Vec::new();
    let finals = world.witness.finals.values().flatten().filter(|it| it.user_id == user.as_str());
    let mut finals: Vec<&EventState> = finals.collect();
    finals.sort_by_key(|it| it.position);
    let positions: Vec<Option<u64>> = finals.iter().map(|it| it.position).collect();
    let expected: Vec<Option<u64>> = (1..=finals.len() as u64).map(Some).collect();
    if positions != expected {
        found.push(format!("position: {user} has {positions:?}"));
    }
    let in_order = |it: &&&EventState| {
        let full = it.error.as_deref().unwrap_or_default().starts_with("buffer_full");
        !it.late && !full
    };
    let seqs: Vec<u64> = finals.iter().filter(in_order).filter_map(|it| it.seq).collect();
    if !seqs.is_sorted_by(|a, b| a < b) {
        found.push(format!("order: {user} has {seqs:?}"));
    }
    let times: Vec<i64> = finals.iter().filter_map(|it| it.processed_at).collect();
    if !times.is_sorted() {
        found.push(format!("order: {user} has times {times:?}"));
    }
    let gaps = world.witness.gaps.get(user).map_or(&[][..], Vec::as_slice);
    for late in finals.iter().filter(|it| it.late) {
        let seq = late.seq.unwrap();
        let stepped = gaps.iter().any(|(first, last)| (*first..=*last).contains(&seq));
        if !stepped && !seqs.contains(&seq) {
            found.push(format!("late: {} of {user}", late.event_id));
        }
    }
    let highest = seqs.last().copied().unwrap_or(0);
    for seq in 1..highest {
        let covered = gaps.iter().filter(|(first, last)| (*first..=*last).contains(&seq)).count();
        if covered + usize::from(seqs.contains(&seq)) != 1 {
            found.push(format!("gap: {user} {seq} is in {covered} gaps and in {seqs:?}"));
        }
    }
    let processed = finals.iter().filter(|it| it.status == Status::Processed).count() as u64;
    let counted = world.users.get(user).map_or(0, |(_, profile)| profile.counts.values().sum::<u64>());
    if processed != counted {
        found.push(format!("profile: {user} counts {counted} of {processed}"));
    }
    found
}

/// A write, formatted for the trace.
pub fn line(write: &Write) -> String {
    match write {
        Write::Event { state, was } => {
            let EventState { event_id, source, reused, status, seq, attempts, late, redrive, .. } = state;
            format!(
                "event {event_id} of {source}, reused {reused}, seq {seq:?}: {was:?} to {status:?}, attempts {attempts}, late {late}, {redrive:?}"
            )
        }
        Write::Redriven(state) => format!("redriven {} {:?}", state.event_id, state.redrive),
        Write::Outcome { state, .. } => format!("outcome {} {} {}", state.event_id, state.status.name(), state.late),
        Write::Buffer(waiting) => format!("wait {} {}", waiting.activity.rank(), waiting.activity.id),
        Write::RemoveWaiting(rank, identity) => format!("remove_waiting {rank} {identity:?}"),
        Write::Gap(first, last) => format!("gap {first} to {last}"),
        Write::DeadLetter { activity, reason, .. } => format!("letter {} {reason}", activity.id),
    }
}
