//! The scheduler, the clock, the random generator and the trace. None of them is generic, so that they are compiled here,
//! optimised, and not anew in each test.

use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use fastrand::Rng;

use super::{Rates, lock};

/// When a task goes on that only another one can wake.
const NEVER: u64 = u64::MAX;

/// What a simulation has besides its world.
pub struct Runtime {
    rates: Rates,
    dice: Mutex<Rng>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Milliseconds since the start.
    now: u64,
    /// Whether anything may go wrong.
    faults: bool,
    trace: Option<Vec<String>>,
    /// The task that runs, and when it wants to go on.
    current: u32,
    wake_at: u64,
    /// Tasks started so far.
    started: u32,
    /// Fragile tasks that have not ended.
    at_work: u32,
    spawned: Vec<Task>,
    woken: Vec<u32>,
}

/// What a task does.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Task {
    id: u32,
    name: &'static str,
    fragile: bool,
    wake_at: u64,
    work: Work,
}

impl Runtime {
    pub(super) fn new(seed: u64, rates: Rates, traced: bool) -> Self {
        let state = State { faults: true, trace: traced.then(Vec::new), ..State::default() };
        Self { rates, dice: Mutex::new(Rng::with_seed(seed)), state: Mutex::new(state) }
    }

    /// The random generator. The guard must not be kept over an await.
    pub fn dice(&self) -> MutexGuard<'_, Rng> {
        lock(&self.dice)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Milliseconds since the start.
    pub fn now(&self) -> u64 {
        self.state().now
    }

    /// Whether anything may go wrong.
    pub fn faults(&self) -> bool {
        self.state().faults
    }

    /// From now on nothing goes wrong.
    pub fn end_faults(&self) {
        self.state().faults = false;
    }

    /// A random number in the range.
    pub fn pick(&self, range: RangeInclusive<u64>) -> u64 {
        self.dice().u64(range)
    }

    /// True with this probability.
    pub fn chance(&self, probability: f64) -> bool {
        self.dice().f64() < probability
    }

    /// True with this probability while faults are on.
    pub fn fault(&self, probability: f64) -> bool {
        self.faults() && self.chance(probability)
    }

    /// Adds a line to the trace, if there is one.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if self.state().trace.is_none() {
            return;
        }
        // Made while nothing is locked, because it may ask for the time.
        let line = line();
        let State { now, current, trace, .. } = &mut *self.state();
        trace.get_or_insert_default().push(format!("{now:>7} ms  #{current:<3} {line}"));
    }

    /// The trace so far, which is taken away.
    pub fn take_trace(&self) -> Vec<String> {
        self.state().trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Lets others go first.
    pub async fn step(&self) {
        let mut waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            self.wake_at(self.now(), context);
            Poll::Pending
        })
        .await;
    }

    /// Waits for some milliseconds.
    pub async fn sleep(&self, milliseconds: u64) {
        let until = self.now().saturating_add(milliseconds);
        poll_fn(|context| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.wake_at(until, context);
            Poll::Pending
        })
        .await;
    }

    /// Has the current task go on at this time, or before if another future of it asks for that.
    pub(super) fn wake_at(&self, time: u64, context: &Context<'_>) {
        let mut state = self.state();
        state.wake_at = state.wake_at.min(time);
        // A future that joins others, as a stream does, polls only those that woke it.
        context.waker().wake_by_ref();
    }

    /// Wakes the task that waits for another one, if there is one.
    pub(super) fn wake(&self, waiter: Option<u32>) {
        self.state().woken.extend(waiter);
    }

    /// The task that runs.
    pub(super) fn current(&self) -> u32 {
        self.state().current
    }

    pub(super) fn start(&self, name: &'static str, fragile: bool, work: Work) {
        let id = {
            let mut state = self.state();
            state.started += 1;
            state.at_work += u32::from(fragile);
            let (id, wake_at) = (state.started, state.now);
            state.spawned.push(Task { id, name, fragile, wake_at, work });
            id
        };
        self.tell(|| format!("starts #{id}, {name}"));
    }

    /// Whether a fragile task has not ended.
    pub fn is_at_work(&self) -> bool {
        self.state().at_work > 0
    }

    /// Runs until every task has ended; false if they do not.
    pub fn run(&self) -> bool {
        let (mut tasks, mut ready): (Vec<Task>, Vec<usize>) = (Vec::new(), Vec::new());
        for _ in 0..self.rates.most_steps {
            let now = self.receive(&mut tasks);
            let Some(next) = tasks.iter().map(|task| task.wake_at).min() else { return true };
            if next == NEVER {
                return false;
            }
            let now = now.max(next) + self.pick(self.rates.tick.clone());
            ready.clear();
            ready.extend((0..tasks.len()).filter(|at| tasks[*at].wake_at <= now));
            let chosen = self.dice().usize(..ready.len());
            self.go_on(&mut tasks, ready[chosen], now);
        }
        false
    }

    /// Takes in the tasks that were started, and wakes those whose answers have come. Returns the time.
    fn receive(&self, tasks: &mut Vec<Task>) -> u64 {
        let mut state = self.state();
        tasks.append(&mut state.spawned);
        let now = state.now;
        for id in state.woken.drain(..) {
            tasks.iter_mut().filter(|task| task.id == id).for_each(|task| task.wake_at = now);
        }
        now
    }

    /// A step of a task.
    fn go_on(&self, tasks: &mut Vec<Task>, at: usize, now: u64) {
        let task = &mut tasks[at];
        let fragile = {
            let mut state = self.state();
            (state.now, state.current, state.wake_at) = (now, task.id, NEVER);
            task.fragile && state.faults
        };
        if fragile && self.chance(self.rates.crash) {
            self.tell(|| format!("CRASHES: {}", task.name));
            self.end(tasks.swap_remove(at));
            return;
        }
        if fragile && self.chance(self.rates.stop) {
            let stopped = self.pick(self.rates.stopped.clone());
            self.tell(|| format!("STANDS STILL for {stopped} ms: {}", task.name));
            task.wake_at = now + stopped;
            return;
        }
        if task.work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            self.end(tasks.swap_remove(at));
        } else {
            task.wake_at = self.state().wake_at;
        }
    }

    fn end(&self, task: Task) {
        self.state().at_work -= u32::from(task.fragile);
        // Dropped while nothing is locked, because it tells its waiter.
        drop(task);
    }
}
