//! A deterministic runtime: one thread, a simulated clock, and one random generator that decides which task runs next
//! and which one crashes. A task is interrupted only at an await.

use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use millrace_activity::process::Clock;

use crate::world::World;

/// Chance that a fragile task crashes, and that it stalls, at a step.
const CRASH: f64 = 0.02;
const STOP: f64 = 0.02;
const STOPPED: RangeInclusive<i64> = 50..=3_000;
/// Time between two steps, in milliseconds.
const TICK: RangeInclusive<i64> = 0..=6;
/// Most steps; a run that needs more does not end by itself.
const MOST_STEPS: u32 = 30_000;

/// State that all tasks share.
#[derive(Clone)]
pub struct Sim(Arc<Mutex<World>>);

struct Task {
    fragile: bool,
    wake_at: i64,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// Tasks that are to be started.
pub type Spawned = Vec<(bool, Pin<Box<dyn Future<Output = ()> + Send>>)>;

impl Sim {
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    /// The world. The guard must not be held over an await.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// A random number in the range.
    pub fn pick(&self, range: RangeInclusive<i64>) -> i64 {
        self.world().rng.i64(range)
    }

    /// A random count in the range.
    pub fn some(&self, range: RangeInclusive<usize>) -> usize {
        self.world().rng.usize(range)
    }

    /// True with this probability.
    pub fn chance(&self, probability: f64) -> bool {
        self.world().rng.f64() < probability
    }

    /// True with this probability while faults are on.
    pub fn fault(&self, probability: f64) -> bool {
        let mut world = self.world();
        world.faults && world.rng.f64() < probability
    }

    /// Adds a line to the trace, if tracing is on.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let mut world = self.world();
        let now = world.now;
        if let Some(trace) = &mut world.trace {
            trace.push(format!("{now:>7} ms  {}", line()));
        }
    }

    /// Lets other tasks run first.
    pub async fn step(&self) {
        self.wait(0).await;
    }

    /// Waits for some milliseconds, at least one step.
    pub async fn wait(&self, milliseconds: i64) {
        let until = self.world().now + milliseconds;
        let mut waited = false;
        poll_fn(|context| {
            let mut world = self.world();
            if std::mem::replace(&mut waited, true) && world.now >= until {
                return Poll::Ready(());
            }
            world.wake_at = world.wake_at.min(until);
            // Futures inside this task are polled only when they are woken.
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Starts a task. A fragile one may crash or stall.
    pub fn spawn(&self, fragile: bool, task: impl Future<Output = ()> + Send + 'static) {
        self.world().spawned.push((fragile, Box::pin(task)));
    }

    /// Runs until every task has ended; returns false if they do not.
    pub fn run(&self) -> bool {
        let mut tasks: Vec<Task> = Vec::new();
        for _ in 0..MOST_STEPS {
            let mut world = self.world();
            let spawned = std::mem::take(&mut world.spawned);
            tasks.extend(spawned.into_iter().map(|(fragile, future)| Task { fragile, wake_at: world.now, future }));
            let Some(next) = tasks.iter().map(|task| task.wake_at).min() else { return true };
            world.now = world.now.max(next) + world.rng.i64(TICK);
            let now = world.now;
            let runnable = tasks.iter().filter(|task| task.wake_at <= now).count();
            let chosen = world.rng.usize(0..runnable);
            drop(world);
            let at = (0..tasks.len()).filter(|at| tasks[*at].wake_at <= now).nth(chosen).unwrap();
            self.go_on(&mut tasks, at, now);
        }
        false
    }

    fn go_on(&self, tasks: &mut Vec<Task>, at: usize, now: i64) {
        let task = &mut tasks[at];
        if task.fragile && self.fault(CRASH) {
            self.tell(|| "a consumer CRASHES".to_owned());
            drop(tasks.swap_remove(at));
            return;
        }
        if task.fragile && self.fault(STOP) {
            task.wake_at = now + self.pick(STOPPED);
            self.tell(|| "a consumer STANDS STILL".to_owned());
            return;
        }
        self.world().wake_at = i64::MAX;
        if task.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            drop(tasks.swap_remove(at));
        } else {
            task.wake_at = self.world().wake_at;
        }
    }
}

impl Clock for Sim {
    fn now(&self) -> i64 {
        self.world().now
    }

    async fn sleep(&self, milliseconds: i64) {
        self.wait(milliseconds).await;
    }

    fn fraction(&self) -> f64 {
        self.world().rng.f64()
    }
}
