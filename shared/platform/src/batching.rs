//! Natural batching: requests that arrive during a call are sent together in the next call.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tracing::Instrument;

/// A call that takes longer than this no longer holds up the next one.
const PATIENCE: Duration = Duration::from_millis(100);

/// Handles a batch of requests and returns their results in the same order.
type Call<T, R> = dyn Fn(Vec<T>) -> BoxFuture<'static, Vec<R>> + Send + Sync;

/// A request, and the channel for its result.
type Pending<T, R> = (T, oneshot::Sender<R>);

/// The call returned no result for the request, which may have taken effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call ended without an answer")]
pub struct NoAnswer;

/// Sends concurrent requests in few calls, one call at a time unless one takes longer than 100 ms. A request never
/// waits for others to arrive: with no call in flight it is sent at once, alone. So batches grow with the load.
pub struct Batcher<T, R> {
    shared: Arc<Shared<T, R>>,
}

struct Shared<T, R> {
    waiting: Mutex<VecDeque<Pending<T, R>>>,
    turn: tokio::sync::Mutex<()>,
    most: usize,
    call: Box<Call<T, R>>,
}

// A derived `Clone` would require `T: Clone`.
impl<T, R> Clone for Batcher<T, R> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T: Send + 'static, R: Send + 'static> Batcher<T, R> {
    /// A batcher whose calls carry at most `most` requests each.
    pub fn new(most: usize, call: impl Fn(Vec<T>) -> BoxFuture<'static, Vec<R>> + Send + Sync + 'static) -> Self {
        let (waiting, turn) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { shared: Arc::new(Shared { waiting, turn, most, call: Box::new(call) }) }
    }

    /// Sends a request and waits for its result. Dropping the future does not withdraw the request.
    ///
    /// # Errors
    /// The call returned no result for this request, or panicked.
    pub async fn submit(&self, request: T) -> Result<R, NoAnswer> {
        let (answer, answered) = oneshot::channel();
        self.shared.waiting().push_back((request, answer));
        // In a task of its own: the call also carries other callers' requests, and must outlive this caller. Every
        // `submit` spawns a task that sends at least one waiting request, so none is left behind.
        let shared = self.shared.clone();
        tokio::spawn(async move { shared.next().await }.in_current_span());
        answered.await.map_err(|_| NoAnswer)
    }
}

impl<T, R> Shared<T, R> {
    async fn next(&self) {
        let turn = self.turn.lock().await;
        let (requests, answers): (Vec<T>, Vec<_>) = {
            let mut waiting = self.waiting();
            let most = self.most.min(waiting.len());
            waiting.drain(..most).unzip()
        };
        if requests.is_empty() {
            return;
        }
        let mut call = (self.call)(requests);
        let results = if let Ok(results) = tokio::time::timeout(PATIENCE, &mut call).await {
            results
        } else {
            drop(turn);
            call.await
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Fails when the caller has stopped waiting.
            let _ = answer.send(result);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Pending<T, R>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::sync::Semaphore;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    /// Doubles numbers, at most three per call, and records the calls. Each call needs a permit of the gate. From 13 on
    /// a call returns no results, and 99 makes it panic.
    struct Doubling {
        batcher: Batcher<u32, u32>,
        calls: Arc<Mutex<Vec<Vec<u32>>>>,
        gate: Arc<Semaphore>,
    }

    impl Doubling {
        fn new(permits: usize) -> Self {
            let (calls, gate) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Semaphore::new(permits)));
            let (noted, closed) = (calls.clone(), gate.clone());
            let batcher = Batcher::new(3, move |asked: Vec<u32>| {
                noted.lock().unwrap().push(asked.clone());
                let closed = closed.clone();
                let answers = async move {
                    closed.acquire().await.unwrap().forget();
                    assert!(!asked.contains(&99), "as asked for");
                    asked.into_iter().take_while(|number| *number != 13).map(|number| 2 * number).collect()
                };
                answers.boxed()
            });
            Self { batcher, calls, gate }
        }

        /// Submits these numbers one after the other, without waiting for the results.
        async fn ask(&self, numbers: &[u32]) -> Vec<JoinHandle<Option<u32>>> {
            let mut asking = Vec::new();
            for number in numbers.iter().copied() {
                let batcher = self.batcher.clone();
                asking.push(tokio::spawn(async move { batcher.submit(number).await.ok() }));
                // Once for this task and once for the one that `submit` spawns.
                yield_now().await;
                yield_now().await;
            }
            asking
        }

        fn calls(&self) -> Vec<Vec<u32>> {
            self.calls.lock().unwrap().clone()
        }
    }

    #[tokio::test]
    async fn a_call_that_takes_long_holds_nobody_up_for_long() {
        let doubling = Doubling::new(0);
        let mut asking = doubling.ask(&[1, 2]).await;
        assert_eq!(doubling.calls(), [[1]]);
        while doubling.calls().len() < 2 {
            tokio::time::sleep(PATIENCE / 10).await;
        }
        // The first call still has no result.
        asking.extend(doubling.ask(&[3]).await);
        doubling.gate.add_permits(3);
        assert_eq!(answers(asking).await, [2, 4, 6].map(Some));
    }

    async fn answers(asking: Vec<JoinHandle<Option<u32>>>) -> Vec<Option<u32>> {
        join_all(asking).await.into_iter().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn what_comes_during_a_call_is_the_next_one_in_its_order_and_each_has_its_own_answer() {
        let doubling = Doubling::new(1);
        assert_eq!(doubling.batcher.submit(1).await.unwrap(), 2, "alone and at once");
        let asking = doubling.ask(&[2, 3, 4, 5, 6]).await;
        assert_eq!(doubling.calls(), [[1], [2]]);
        doubling.gate.add_permits(3);
        assert_eq!(answers(asking).await, [4, 6, 8, 10, 12].map(Some));
        assert_eq!(doubling.calls(), [vec![1], vec![2], vec![3, 4, 5], vec![6]]);
    }

    #[tokio::test]
    async fn who_stops_waiting_a_missing_answer_and_a_panic_leave_the_others_theirs() {
        let doubling = Doubling::new(0);
        let asking = doubling.ask(&[1, 12, 13, 14, 99, 5, 6, 7]).await;
        asking[0].abort();
        asking[5].abort();
        doubling.gate.add_permits(4);
        let mut answers = Vec::new();
        for asking in asking {
            answers.push(asking.await.ok().flatten());
        }
        assert_eq!(answers, [None, Some(24), None, None, None, None, None, Some(14)]);
        assert_eq!(doubling.calls(), [vec![1], vec![12, 13, 14], vec![99, 5, 6], vec![7]]);
    }
}
