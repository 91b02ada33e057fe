//! A sliding-window rate limit that all instances of all functions share, exact in every window (E2).
//!
//! One item per user holds the times of what was accepted. While there is room in it, a time is appended by one
//! conditional write that has to know nothing of the item, so instances do not disturb each other. Only when the item is
//! full does a writer need its state: the failed condition brings it, times that have left the window are dropped, and
//! the item is replaced on condition that nobody else has changed it.
//!
//! Why no true window holds more than the limit, also when a write is held up on its way: an accepted request is of the
//! moment in which its instance read the clock. Nothing is dropped before it is older than the window plus the largest
//! difference of two clocks, by the clock of who drops it, and the item keeps that reading (`pruned`). Whoever writes
//! later must have a time that is not before it. So when the last request of a window is written, all others of that
//! window are in the item, which holds at most the limit.
//!
//! Requests that wait in one process at the same time share their writes: those of one user are one append, and the
//! appends of up to 100 users are one transaction. A user who has no room leaves it and keeps nobody up.

mod item;
mod known;
#[cfg(test)]
mod model;
mod queue;
mod store;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt};
use tokio::sync::oneshot;

use millrace_platform::dynamo::StoreError;
use queue::{Batch, Queue};
use store::Store;

pub use queue::Grant;
pub use window::{Plan, Rule, Seen, Write};

/// Users of one transaction.
const TOGETHER: usize = 100;
/// Transactions at once. Few, so that what comes meanwhile waits together and shares the next one.
const TRANSACTIONS: usize = 4;
/// Writes of users who need their own, of one transaction, at once.
const AT_ONCE: usize = 16;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Want<'a> {
    /// The user.
    pub user: &'a str,
    /// How many requests.
    pub count: usize,
}

/// The limiter of a process. A clone shares it.
#[derive(Clone)]
pub struct Limiter {
    store: Arc<Store>,
    state: Arc<Mutex<State>>,
}

type Tell = oneshot::Sender<Result<Grant, StoreError>>;

#[derive(Default)]
struct State {
    queue: Queue<Tell>,
    /// Tasks that take users out of the queue.
    running: usize,
}

impl Limiter {
    /// A limiter by `rule` with its items in `table`. `clock` gives Unix microseconds; an accepted request is of the
    /// moment in which it was read last.
    #[must_use]
    pub fn new(dynamo: Client, table: String, rule: Rule, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let store = Store { dynamo, table, rule, clock: Box::new(clock), known: Mutex::default() };
        Self { store: Arc::new(store), state: Arc::default() }
    }

    /// Decides about requests of distinct users, and answers in their order. Needs a Tokio runtime.
    ///
    /// # Errors
    /// For each user: the store does not answer. Its requests may have been counted.
    pub async fn take(&self, wants: &[Want<'_>]) -> Vec<Result<Grant, StoreError>> {
        let ask = |want: &Want<'_>| match self.store.refused(want.user, want.count) {
            Some(refused) => Ok(refused),
            None => {
                let (tell, told) = oneshot::channel();
                self.state().queue.push(want.user, want.count, tell);
                Err(told)
            }
        };
        let asked: Vec<_> = wants.iter().map(ask).collect();
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

    /// Starts a task that decides, unless enough of them run. It goes on when the request that started it is cut off.
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
                let next = state.queue.next(TOGETHER);
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

    async fn each(self, users: Vec<Batch<Tell>>) {
        let one = |it: Batch<Tell>| {
            let limiter = self.clone();
            async move {
                let grant = limiter.store.alone(&it.user, it.count).await;
                limiter.tell(it, grant);
                limiter.start();
            }
        };
        stream::iter(users.into_iter().map(one).collect::<Vec<_>>())
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<()>>()
            .await;
    }

    /// Tells each part of a user's requests what it got, the first ones first.
    fn tell(&self, it: Batch<Tell>, mut grant: Result<Grant, StoreError>) {
        self.state().queue.done(&it.user);
        for (count, tell) in it.parts {
            let part = match &mut grant {
                Ok(grant) => Ok(grant.take(count)),
                Err(error) => Err(StoreError::Unavailable(error.to_string())),
            };
            // Who was cut off does not listen any more.
            let _ = tell.send(part);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
