//! The processes of one function: who gets the next invocation, when another process starts, and when one stops.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use local_template::model::Function;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::instance::Instance;
use super::process::{self, End, Owner, Program};
use super::process_group::Signal;
use super::settings::Capacity;
use super::shared::Shared;
use crate::invoke::Outcome;

/// Maximum number of invocations of one function that wait for a process.
const MAX_WAITING: usize = 1000;
/// Number of consecutive unexpected ends after which a new process starts at once.
const FREE_CRASHES: u32 = 2;
/// Pause after the first unexpected end beyond [`FREE_CRASHES`]; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause. Shorter than the wait for a process, so that a waiting invocation sees the next attempt.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// The processes of one function.
#[derive(Debug)]
pub(super) struct Pool {
    pub function: Function,
    pub capacity: Capacity,
    pub shared: Arc<Shared>,
    pub counters: Counters,
    state: Mutex<State>,
    changed: Notify,
}

/// Counts since the start of the stack.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub invocations: AtomicU64,
    pub errors: AtomicU64,
    pub cold_starts: AtomicU64,
    pub throttles: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    members: BTreeMap<u64, Member>,
    started: u64,
    waiting: VecDeque<Waiter>,
    stopping: bool,
    crashes: u32,
    not_before: Option<Instant>,
}

/// An invocation that waits for a slot.
pub(super) type Waiter = oneshot::Sender<Result<Slot, Outcome>>;

#[derive(Debug)]
struct Member {
    instance: Option<Arc<Instance>>,
    phase: Phase,
    busy: u32,
    idle_since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Starting,
    Ready,
    /// Ends on purpose, and gets no further invocations.
    Leaving,
}

/// The right to give a process one invocation; released on drop.
#[derive(Debug)]
pub(super) struct Slot {
    pub number: u64,
    pub instance: Arc<Instance>,
    pool: Arc<Pool>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.release(self.number);
    }
}

impl Pool {
    /// A function without processes, until it is invoked.
    pub fn new(function: Function, shared: Arc<Shared>) -> Pool {
        let capacity = shared.settings.capacity(function.reserved_concurrency);
        Pool {
            function,
            capacity,
            shared,
            counters: Counters::default(),
            state: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Queues an invocation for a slot. A waiter beyond the limit is dropped, which ends its wait.
    pub fn enqueue(self: &Arc<Self>, waiter: Waiter) {
        self.update(|state| {
            if state.waiting.len() >= MAX_WAITING {
                state.waiting.retain(|waiter| !waiter.is_closed());
            }
            if !state.stopping && self.capacity.instances > 0 && state.waiting.len() < MAX_WAITING {
                state.waiting.push_back(waiter);
            }
        });
    }

    /// The function has answered, so it is not in a crash loop.
    pub fn succeeded(&self) {
        self.lock().crashes = 0;
    }

    /// A process that is about to be killed gets no further invocations.
    pub fn leave(self: &Arc<Self>, number: u64) {
        self.update(|state| {
            if let Some(member) = state.members.get_mut(&number) {
                member.phase = Phase::Leaving;
            }
        });
    }

    fn release(self: &Arc<Self>, number: u64) {
        self.update(|state| {
            if let Some(member) = state.members.get_mut(&number) {
                member.busy = member.busy.saturating_sub(1);
                member.idle_since = Instant::now();
            }
        });
    }

    /// Handles the end of a process. After an unexpected one, the next start may have to pause; after one during init,
    /// one waiting invocation fails, and all of them if no other process is left.
    fn gone(self: &Arc<Self>, number: u64, end: End) {
        let failed = self.update(|state| {
            let on_purpose = state.members.remove(&number).is_none_or(|member| member.phase == Phase::Leaving);
            if on_purpose || state.stopping {
                return Vec::new();
            }
            state.crashes = state.crashes.saturating_add(1);
            state.not_before = Some(Instant::now() + pause(state.crashes));
            let End::InInit(payload) = end else { return Vec::new() };
            let alone = state.members.values().all(|member| member.phase == Phase::Leaving);
            let failing = if alone { state.waiting.len() } else { state.waiting.len().min(1) };
            state.waiting.drain(..failing).map(|waiter| (waiter, payload.clone())).collect()
        });
        for (waiter, payload) in failed {
            let _ = waiter.send(Err(Outcome::FunctionError(payload)));
        }
    }

    /// Stops processes that have been idle for long, but never the last one.
    pub fn sweep(self: &Arc<Self>) {
        let limit = self.shared.settings.idle_limit;
        self.update(|state| {
            let mut staying = state.members.values().filter(|member| member.phase != Phase::Leaving).count();
            for member in state.members.values_mut().rev() {
                let idle = member.phase == Phase::Ready && member.busy == 0 && member.idle_since.elapsed() >= limit;
                if idle && staying > 1 {
                    staying -= 1;
                    member.phase = Phase::Leaving;
                    member.instance.iter().for_each(|instance| instance.stop());
                }
            }
        });
    }

    /// Sends a signal to every process; returns their process ids.
    pub async fn signal(self: &Arc<Self>, signal: Signal) -> Vec<u32> {
        let instances: Vec<Arc<Instance>> = self.update(|state| {
            let ends = matches!(signal, Signal::Kill | Signal::Term);
            let members = state.members.values_mut();
            members
                .filter_map(|member| {
                    let instance = member.instance.clone()?;
                    member.phase = if ends { Phase::Leaving } else { member.phase };
                    Some(instance)
                })
                .collect()
        });
        join_all(instances.iter().map(|instance| instance.signal(signal))).await;
        instances.iter().map(|instance| instance.pid).collect()
    }

    /// Stops every process, SIGTERM first, and returns when they are gone. Waiting invocations are throttled.
    pub async fn stop(self: &Arc<Self>) {
        self.update(|state| {
            state.stopping = true;
            state.waiting.clear();
            // A process that is not running yet finds that it is no longer wanted when it starts.
            state.members.retain(|_, member| member.instance.is_some());
            for member in state.members.values_mut() {
                member.phase = Phase::Leaving;
                member.instance.iter().for_each(|instance| instance.stop());
            }
        });
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.lock().members.is_empty() {
                return;
            }
            changed.await;
        }
    }

    /// Process ids and the number of invocations in progress.
    pub fn running(&self) -> (Vec<u32>, u32) {
        let state = self.lock();
        let members = state.members.values();
        let pids = members.clone().filter_map(|member| member.instance.as_ref().map(|instance| instance.pid));
        (pids.collect(), members.map(|member| member.busy).sum())
    }

    /// Changes the state and acts on the result: free slots are granted to waiting invocations, and processes start.
    fn update<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        let grants = self.grant(&mut state);
        self.grow(&mut state);
        drop(state);
        // A slot that nobody takes is released, which needs the lock.
        for (waiter, slot) in grants {
            let _ = waiter.send(Ok(slot));
        }
        self.changed.notify_waiters();
        result
    }

    fn grant(self: &Arc<Self>, state: &mut State) -> Vec<(Waiter, Slot)> {
        let mut grants = Vec::new();
        for (number, member) in &mut state.members {
            let Some(instance) = member.instance.as_ref().filter(|_| member.phase == Phase::Ready) else { continue };
            while member.busy < self.capacity.slots {
                let Some(waiter) = state.waiting.pop_front() else { return grants };
                if !waiter.is_closed() {
                    member.busy += 1;
                    let slot = Slot { number: *number, instance: instance.clone(), pool: self.clone() };
                    grants.push((waiter, slot));
                }
            }
        }
        grants
    }

    /// Starts processes for waiting invocations for which neither a running nor a starting process has room.
    fn grow(self: &Arc<Self>, state: &mut State) {
        while !state.stopping && state.members.len() < self.capacity.instances as usize {
            let coming = state.members.values().filter(|member| member.phase == Phase::Starting).count();
            if state.waiting.len() <= coming.saturating_mul(self.capacity.slots as usize) {
                return;
            }
            let number = state.started;
            let not_before = state.not_before.filter(|start| *start > Instant::now());
            state.started += 1;
            let member = Member { instance: None, phase: Phase::Starting, busy: 0, idle_since: Instant::now() };
            state.members.insert(number, member);
            count(&self.counters.cold_starts);
            let program = Program {
                function: self.function.clone(),
                capacity: self.capacity,
                shared: self.shared.clone(),
                number,
            };
            let place = Place { pool: self.clone(), number };
            tokio::spawn(async move {
                if let Some(start) = not_before {
                    tokio::time::sleep_until(start).await;
                }
                let end = process::run(program, &place).await;
                place.pool.gone(number, end);
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The membership of one process in its pool.
struct Place {
    pool: Arc<Pool>,
    number: u64,
}

impl Owner for Place {
    fn started(&self, instance: &Arc<Instance>) -> bool {
        self.pool.update(|state| {
            let stopping = state.stopping;
            state.members.get_mut(&self.number).is_some_and(|member| {
                member.instance = Some(instance.clone());
                member.phase != Phase::Leaving && !stopping
            })
        })
    }

    fn ready(&self) {
        self.pool.update(|state| {
            let starting = |member: &&mut Member| member.phase == Phase::Starting;
            if let Some(member) = state.members.get_mut(&self.number).filter(starting) {
                member.phase = Phase::Ready;
                member.idle_since = Instant::now();
            }
        });
    }

    /// Slots released by its invocations are not granted again.
    fn ended(&self) {
        if let Some(member) = self.pool.lock().members.get_mut(&self.number) {
            member.instance = None;
        }
    }
}

/// Increments a counter.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Pause before the next start, after this many consecutive unexpected ends.
fn pause(crashes: u32) -> Duration {
    match crashes.saturating_sub(FREE_CRASHES) {
        0 => Duration::ZERO,
        more => FIRST_PAUSE.saturating_mul(1 << more.min(16).saturating_sub(1)).min(MAX_PAUSE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_loop_slows_down_to_five_seconds() {
        let pauses: Vec<u128> = (0..12).map(|crashes| pause(crashes).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
        assert_eq!(pause(u32::MAX), MAX_PAUSE);
    }
}
