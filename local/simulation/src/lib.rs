//! A deterministic runtime: one thread, a clock that it moves itself, and one random generator that decides which task
//! goes on, which one crashes and which one stands still. A seed runs the same way each time.
//!
//! A task is interrupted only where it awaits [`Runtime::step`], [`Runtime::sleep`] or [`Handle::within`]. There others
//! overtake it, and there a fragile one crashes or stands still.

mod handle;
mod runtime;

use std::ops::{Deref, RangeInclusive};
use std::sync::{Arc, Mutex, MutexGuard};

pub use self::handle::Handle;
pub use self::runtime::Runtime;

/// How often something goes wrong, how fast time passes, and how long a run may be.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Chance of a fragile task to crash at a step.
    pub crash: f64,
    /// Chance of a fragile task to stand still at a step.
    pub stop: f64,
    /// How long it stands still, in milliseconds.
    pub stopped: RangeInclusive<u64>,
    /// Time between two steps, in milliseconds.
    pub tick: RangeInclusive<u64>,
    /// Steps after which a run is given up, because it does not end by itself.
    pub most_steps: u32,
}

/// A simulation: the runtime, and the world `W` that all tasks share.
pub struct Sim<W> {
    runtime: Arc<Runtime>,
    world: Arc<Mutex<W>>,
}

impl<W> Sim<W> {
    /// A simulation in which faults are on. It keeps a trace if it is `traced`.
    pub fn new(seed: u64, world: W, rates: Rates, traced: bool) -> Self {
        Self { runtime: Arc::new(Runtime::new(seed, rates, traced)), world: Arc::new(Mutex::new(world)) }
    }

    /// The world. The guard must not be kept over an await.
    pub fn world(&self) -> MutexGuard<'_, W> {
        lock(&self.world)
    }

    /// Starts a task. A fragile one may crash or stand still.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        fragile: bool,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Handle<T> {
        let (handle, report) = handle::pair(&self.runtime);
        self.runtime.start(name, fragile, Box::pin(async move { report.answer(task.await) }));
        handle
    }
}

impl<W> Clone for Sim<W> {
    fn clone(&self) -> Self {
        Self { runtime: self.runtime.clone(), world: self.world.clone() }
    }
}

impl<W> Deref for Sim<W> {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.runtime
    }
}

/// Locks for a moment. All is on one thread, so waiting for a lock would never end; it panics instead.
#[allow(clippy::expect_used, reason = "a test stops at what should not be")]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.try_lock().expect("a guard is not kept over an await, and not taken twice")
}
