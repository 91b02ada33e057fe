//! A deterministic runtime: one thread, a clock that it moves itself, and one random generator that decides which task
//! goes on, which one crashes and which one stands still.
//!
//! A task is cut only where it awaits, so every `step().await` is a place where others overtake it or where it dies.

use std::cell::{Cell, RefCell, RefMut};
use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::world::World;

/// Chance of a fragile task to crash at a step.
const CRASH: f64 = 0.006;
/// Chance of a fragile task to stand still at a step, and for how long, in milliseconds: longer than a lease.
const STOP: f64 = 0.006;
const STOPPED: RangeInclusive<u64> = 500..=45_000;
/// Time between two steps, in milliseconds.
const TICK: RangeInclusive<u64> = 0..=8;
/// Steps after which a run does not end by itself.
const MOST_STEPS: u32 = 200_000;

/// Everything that tasks share.
#[derive(Clone)]
pub struct Sim(Rc<Shared>);

struct Shared {
    world: RefCell<World>,
    spawned: RefCell<Vec<Task>>,
    woken: RefCell<Vec<u32>>,
    /// The task that runs, and when it wants to go on.
    current: Cell<u32>,
    wake_at: Cell<u64>,
    tasks: Cell<u32>,
    /// Fragile tasks that have not ended.
    at_work: Cell<u32>,
}

struct Task {
    id: u32,
    name: &'static str,
    /// Whether it may crash or stand still.
    fragile: bool,
    wake_at: u64,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

/// What a task will answer.
pub struct Handle<T> {
    sim: Sim,
    slot: Rc<RefCell<Slot<T>>>,
}

struct Slot<T> {
    answer: Option<T>,
    gone: bool,
    waiter: Option<u32>,
}

/// Tells the waiter that the task is gone, with or without an answer.
struct Guard<T> {
    sim: Sim,
    fragile: bool,
    slot: Rc<RefCell<Slot<T>>>,
}

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        let mut slot = self.slot.borrow_mut();
        slot.gone = true;
        self.sim.0.at_work.update(|tasks| tasks - u32::from(self.fragile));
        self.sim.0.woken.borrow_mut().extend(slot.waiter);
    }
}

impl Sim {
    pub fn new(world: World) -> Self {
        let shared = Shared {
            world: RefCell::new(world),
            spawned: RefCell::default(),
            woken: RefCell::default(),
            current: Cell::new(0),
            wake_at: Cell::new(0),
            tasks: Cell::new(0),
            at_work: Cell::new(0),
        };
        Self(Rc::new(shared))
    }

    /// The world. Nobody keeps it over an await.
    pub fn world(&self) -> RefMut<'_, World> {
        self.0.world.borrow_mut()
    }

    pub fn now(&self) -> u64 {
        self.world().now
    }

    /// A random number.
    pub fn pick(&self, range: RangeInclusive<u64>) -> u64 {
        self.world().rng.u64(range)
    }

    /// True with this chance.
    pub fn chance(&self, probability: f64) -> bool {
        self.world().rng.f64() < probability
    }

    /// True with this chance while faults are on.
    pub fn fault(&self, probability: f64) -> bool {
        let mut world = self.world();
        world.faults && world.rng.f64() < probability
    }

    /// Adds a line to the trace, if there is one.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        let mut world = self.world();
        let World { now, trace, .. } = &mut *world;
        if let Some(trace) = trace {
            trace.push(format!("{now:>7} ms  #{:<3} {}", self.0.current.get(), line()));
        }
    }

    /// Lets others go first.
    pub async fn step(&self) {
        let mut waited = false;
        poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Waits for some milliseconds.
    pub async fn sleep(&self, milliseconds: u64) {
        let until = self.now() + milliseconds;
        poll_fn(|_| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            self.0.wake_at.set(until);
            Poll::Pending
        })
        .await;
    }

    /// Starts a task.
    pub fn spawn<T: 'static>(
        &self,
        name: &'static str,
        fragile: bool,
        task: impl Future<Output = T> + 'static,
    ) -> Handle<T> {
        let slot = Rc::new(RefCell::new(Slot { answer: None, gone: false, waiter: None }));
        self.0.at_work.update(|tasks| tasks + u32::from(fragile));
        let guard = Guard { sim: self.clone(), fragile, slot: slot.clone() };
        let future = Box::pin(async move {
            let answer = task.await;
            guard.slot.borrow_mut().answer = Some(answer);
            drop(guard);
        });
        let id = self.0.tasks.get() + 1;
        self.0.tasks.set(id);
        self.tell(|| format!("starts #{id}, {name}"));
        self.0.spawned.borrow_mut().push(Task { id, name, fragile, wake_at: 0, future });
        Handle { sim: self.clone(), slot }
    }

    /// Whether a handler, a relay or a consumer has not ended.
    pub fn is_at_work(&self) -> bool {
        self.0.at_work.get() > 0
    }

    /// Runs until every task has ended; false when they do not.
    pub fn run(&self) -> bool {
        let mut tasks: Vec<Task> = Vec::new();
        for _ in 0..MOST_STEPS {
            tasks.append(&mut self.0.spawned.borrow_mut());
            let now = self.now();
            for id in self.0.woken.borrow_mut().drain(..) {
                tasks.iter_mut().filter(|task| task.id == id).for_each(|task| task.wake_at = now);
            }
            let Some(next) = tasks.iter().map(|task| task.wake_at).min() else { return true };
            let time = now.max(next) + self.pick(TICK);
            self.world().now = time;
            let runnable = tasks.iter().filter(|task| task.wake_at <= time).count();
            let chosen = self.pick(0..=runnable as u64 - 1) as usize;
            let Some(at) = (0..tasks.len()).filter(|at| tasks[*at].wake_at <= time).nth(chosen) else { return false };
            self.go_on(&mut tasks, at);
        }
        false
    }

    fn go_on(&self, tasks: &mut Vec<Task>, at: usize) {
        let task = &mut tasks[at];
        self.0.current.set(task.id);
        if task.fragile && self.fault(CRASH) {
            self.tell(|| format!("CRASHES: {}", task.name));
            // Dropped when nothing is borrowed: it tells its waiter.
            drop(tasks.swap_remove(at));
            return;
        }
        if task.fragile && self.fault(STOP) {
            let stopped = self.pick(STOPPED);
            self.tell(|| format!("STANDS STILL for {stopped} ms: {}", task.name));
            task.wake_at = self.now() + stopped;
            return;
        }
        self.0.wake_at.set(0);
        if task.future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            drop(tasks.swap_remove(at));
        } else {
            task.wake_at = self.0.wake_at.get();
        }
    }
}

impl<T> Handle<T> {
    /// The answer; none if the task crashed or has not answered within the time.
    pub async fn within(self, milliseconds: u64) -> Option<T> {
        let until = self.sim.now().saturating_add(milliseconds);
        poll_fn(|_| {
            let mut slot = self.slot.borrow_mut();
            if slot.answer.is_some() || slot.gone || self.sim.now() >= until {
                return Poll::Ready(slot.answer.take());
            }
            slot.waiter = Some(self.sim.0.current.get());
            self.sim.0.wake_at.set(until);
            Poll::Pending
        })
        .await
    }
}
