//! Asynchronous invocations: accepted at once, run when there is room, and retried as the function's
//! `EventInvokeConfig` says.
//!
//! An invocation that finds no room is retried until it is too old. On-failure destinations of functions are not
//! implemented.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use local_template::model::{Asynchronous, Function};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::asynchronous::{self, RETRY_DELAYS, Rules};
use crate::invoke::{Invoke, Outcome};
use crate::stop::Stop;

/// Largest payload of an asynchronous invocation, in bytes (Lambda quota: 1 MB).
pub const MAX_EVENT: usize = 1024 * 1024;
/// Maximum number of asynchronous invocations, waiting or running, of all functions; on AWS they are not bounded.
pub const MAX_EVENTS: usize = 4_096;
/// Delay before an invocation that found no room is tried again.
const THROTTLE_DELAY: Duration = Duration::from_millis(200);

/// Why an asynchronous invocation is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no function of this name.
    UnknownFunction,
    /// The payload exceeds [`MAX_EVENT`].
    TooLarge,
    /// [`MAX_EVENTS`] are in progress.
    TooMany,
}

/// Lambda's `Invoke`, for the AWS endpoint.
pub trait Functions: Send + Sync {
    /// Accepts an asynchronous invocation.
    ///
    /// # Errors
    /// It is refused and will not run.
    fn accept(&self, function: &str, payload: Bytes) -> Result<(), Refused>;

    /// Invokes a function and waits for its end; `None` if there is none with this name.
    fn call<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Option<Outcome>>;
}

/// The queue of all functions.
pub struct Queue<I> {
    invoke: Arc<I>,
    functions: BTreeMap<String, Asynchronous>,
    room: Arc<Semaphore>,
    stop: Stop,
    delays: [Duration; 2],
}

impl<I: Invoke> Queue<I> {
    /// An empty queue. Waiting invocations are dropped when `stop` becomes true.
    pub fn new(functions: &BTreeMap<String, Function>, invoke: Arc<I>, stop: watch::Receiver<bool>) -> Self {
        let functions = functions.iter().map(|(name, function)| (name.clone(), function.asynchronous)).collect();
        let room = Arc::new(Semaphore::new(MAX_EVENTS));
        Self { invoke, functions, room, stop: Stop::new(stop), delays: RETRY_DELAYS }
    }

    fn spawn(&self, function: String, rules: Asynchronous, payload: Bytes, room: OwnedSemaphorePermit) {
        let (invoke, stop) = (Arc::clone(&self.invoke), self.stop.clone());
        let rules = Rules {
            what: "an asynchronous invocation",
            retries: rules.retries,
            delays: self.delays,
            throttle_delay: THROTTLE_DELAY,
            throttle_limit: Duration::MAX,
            max_age: rules.max_age,
        };
        tokio::spawn(async move {
            asynchronous::run(&*invoke, stop, &function, payload, rules).await;
            drop(room);
        });
    }
}

impl<I: Invoke> Functions for Queue<I> {
    fn accept(&self, function: &str, payload: Bytes) -> Result<(), Refused> {
        let rules = *self.functions.get(function).ok_or(Refused::UnknownFunction)?;
        if payload.len() > MAX_EVENT {
            return Err(Refused::TooLarge);
        }
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Refused::TooMany)?;
        self.spawn(function.to_owned(), rules, payload, room);
        Ok(())
    }

    fn call<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Option<Outcome>> {
        Box::pin(async move {
            self.functions.get(function)?;
            Some(self.invoke.invoke(function, payload).await)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Returns its outcomes one after the other, then stays busy.
    struct Script {
        outcomes: Mutex<Vec<Outcome>>,
        seen: watch::Sender<usize>,
    }

    impl Invoke for Script {
        async fn invoke(&self, _: &str, _: Bytes) -> Outcome {
            self.seen.send_modify(|seen| *seen += 1);
            let next = self.outcomes.lock().unwrap().pop();
            match next {
                Some(outcome) => outcome,
                None => std::future::pending().await,
            }
        }
    }

    fn queue(
        mut outcomes: Vec<Outcome>,
        retries: usize,
    ) -> (Queue<Script>, watch::Receiver<usize>, watch::Sender<bool>) {
        outcomes.reverse();
        let (seen, count) = watch::channel(0);
        let (stop, stopped) = watch::channel(false);
        let invoke = Arc::new(Script { outcomes: Mutex::new(outcomes), seen });
        let mut queue = Queue::new(&BTreeMap::new(), invoke, stopped);
        queue.functions.insert("f".to_owned(), Asynchronous { retries, ..Asynchronous::default() });
        queue.delays = [Duration::from_millis(1); 2];
        (queue, count, stop)
    }

    /// Waits until everything that was accepted has ended.
    async fn idle(queue: &Queue<Script>) {
        let all = queue.room.acquire_many(MAX_EVENTS as u32);
        drop(tokio::time::timeout(Duration::from_secs(10), all).await.unwrap().unwrap());
    }

    #[tokio::test]
    async fn an_error_is_retried_as_often_as_the_function_says() {
        let error = || Outcome::FunctionError("{}".into());
        for retries in [0, 1, 2] {
            let (queue, count, _stop) = queue(vec![error(), error(), error(), error()], retries);
            queue.accept("f", Bytes::new()).unwrap();
            idle(&queue).await;
            assert_eq!(*count.borrow(), retries + 1);
        }
    }

    #[tokio::test]
    async fn what_finds_no_room_is_tried_until_it_does() {
        let (queue, count, _stop) = queue(vec![Outcome::Throttled, Outcome::Success(Bytes::new())], 0);
        queue.accept("f", Bytes::new()).unwrap();
        idle(&queue).await;
        assert_eq!(*count.borrow(), 2);
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_says_why_it_takes_nothing() {
        let (queue, _count, _stop) = queue(Vec::new(), 0);
        assert_eq!(queue.accept("g", Bytes::new()), Err(Refused::UnknownFunction));
        assert_eq!(queue.accept("f", vec![0; MAX_EVENT + 1].into()), Err(Refused::TooLarge));
        for _ in 0..MAX_EVENTS {
            queue.accept("f", Bytes::new()).unwrap();
        }
        assert_eq!(queue.accept("f", Bytes::new()), Err(Refused::TooMany));
    }
}
