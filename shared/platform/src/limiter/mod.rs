//! A sliding-window rate limit that all instances of all functions share, exact in every window. What is limited, a user
//! or an API key, is its subject here.
//!
//! One item per subject holds the times of accepted requests. While it has room, a time is appended by one conditional
//! write that needs no knowledge of the item, so instances do not conflict. Only when the item is full does a writer
//! need its state: it comes with the failed condition, times that have left the window are dropped, and the item is
//! replaced on condition that it is unchanged.
//!
//! Why no true window exceeds the limit, even when a write is delayed: an accepted request counts at the time when its
//! instance read the clock. A time is dropped only when it is older than the window plus the largest difference between
//! two clocks, by the clock of the writer that drops it, and the item stores that clock reading (`pruned`). Any later
//! write must have a time that is not before `pruned`. So when the last request of a window is written, all others of
//! that window are in the item, which holds no more than the limit.
//!
//! Requests that wait in one process at the same time share writes: those of one subject are one append, and the appends
//! of up to 100 subjects are one transaction. A subject without room is taken out of the transaction and does not delay the
//! others.

mod item;
mod known;
#[cfg(test)]
mod model;
mod queue;
mod store;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt};
use tokio::sync::oneshot;

use crate::dynamo::{Item, StoreError};
use queue::{Batch, Queue};
use store::Store;

pub use queue::Grant;
pub use window::{Plan, Rule, Seen, Write};

/// Subjects per transaction.
const SUBJECTS_PER_TRANSACTION: usize = 100;
/// Concurrent transactions. Few, so that requests arriving meanwhile share the next one.
const TRANSACTIONS: usize = 4;
/// Concurrent single-subject writes, per transaction, for subjects that cannot share it.
const AT_ONCE: usize = 16;

/// A request to the limiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The subject.
    pub subject: &'a str,
    /// Most requests of it that are accepted in any second; at least 1.
    pub limit: usize,
    /// Number of requests that ask to be accepted.
    pub count: usize,
}

/// A wait in whole seconds, as `Retry-After` takes it (RFC 9110, 10.2.3); at least 1.
#[must_use]
pub fn seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1_000).max(1) as u64
}

/// The limiter of a process. Clones share it.
#[derive(Clone)]
pub struct Limiter {
    store: Arc<Store>,
    state: Arc<Mutex<State>>,
}

type Tell = oneshot::Sender<Result<Grant, StoreError>>;

#[derive(Default)]
struct State {
    queue: Queue<Tell>,
    /// Number of tasks that work off the queue.
    running: usize,
}

impl Limiter {
    /// A limiter with its items in `table`, of which `key` is the key of a subject's. `skew` is the largest difference
    /// between the clocks of two instances, in microseconds. `clock` returns Unix microseconds; an accepted request counts
    /// at the last clock reading before its write.
    #[must_use]
    pub fn new(
        dynamo: Client,
        table: String,
        key: fn(&str) -> Item,
        skew: i64,
        clock: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Self {
        let store = Store { dynamo, table, key, skew, clock: Box::new(clock), known: Mutex::default() };
        Self { store: Arc::new(store), state: Arc::default() }
    }

    /// Decides about requests of distinct subjects, and returns the results in the same order. Needs a Tokio runtime.
    ///
    /// # Errors
    /// Per subject: the store does not answer. The requests may have been counted.
    pub async fn acquire(&self, requests: &[Request<'_>]) -> Vec<Result<Grant, StoreError>> {
        let ask = |want: &Request<'_>| match self.store.refused(want) {
            Some(refused) => Ok(refused),
            None => {
                let (tell, told) = oneshot::channel();
                self.state().queue.push(want, tell);
                Err(told)
            }
        };
        let asked: Vec<_> = requests.iter().map(ask).collect();
        self.start();
        let mut grants = Vec::with_capacity(asked.len());
        for asked in asked {
            grants.push(match asked {
                Ok(refused) => Ok(refused),
                Err(told) => {
                    let unheard = |_| Err(StoreError::Unavailable("a request was not decided".to_owned()));
                    told.await.unwrap_or_else(unheard)
                }
            });
        }
        grants
    }

    /// Starts a worker task, unless enough are running. It outlives the request that started it.
    fn start(&self) {
        let mut state = self.state();
        if state.running < TRANSACTIONS {
            state.running += 1;
            tokio::spawn(self.clone().run());
        }
    }

    async fn run(self) {
        loop {
            let next = {
                let mut state = self.state();
                let next = state.queue.next(SUBJECTS_PER_TRANSACTION);
                state.running -= usize::from(next.is_empty());
                next
            };
            if next.is_empty() {
                return;
            }
            let (decided, left) = self.store.decide_all(next).await;
            for (it, grant) in decided {
                self.tell(it, grant);
            }
            if !left.is_empty() {
                tokio::spawn(self.clone().each(left));
            }
        }
    }

    async fn each(self, subjects: Vec<Batch<Tell>>) {
        let one = |it: Batch<Tell>| {
            let limiter = self.clone();
            async move {
                let grant = limiter.store.alone(&it).await;
                limiter.tell(it, grant);
                limiter.start();
            }
        };
        stream::iter(subjects.into_iter().map(one).collect::<Vec<_>>())
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<()>>()
            .await;
    }

    /// Distributes a subject's grant over the waiting callers, first come, first served.
    fn tell(&self, it: Batch<Tell>, mut grant: Result<Grant, StoreError>) {
        self.state().queue.done(&it.subject);
        for (count, tell) in it.parts {
            let part = match &mut grant {
                Ok(grant) => Ok(grant.take(count)),
                Err(error) => Err(error.clone()),
            };
            // A caller that was cancelled no longer listens.
            let _ = tell.send(part);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
