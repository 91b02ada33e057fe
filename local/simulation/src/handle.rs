//! The answer of a task, and how whoever waits for it is told.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use super::lock;
use super::runtime::Runtime;

/// What a task will answer.
pub struct Handle<T> {
    runtime: Arc<Runtime>,
    slot: Arc<Mutex<Slot<T>>>,
}

struct Slot<T> {
    answer: Option<T>,
    /// Whether the task has ended or crashed.
    gone: bool,
    waiter: Option<u32>,
}

/// The task's end of its handle. When it is dropped the task is gone, with or without an answer.
pub struct Report<T>(Handle<T>);

/// The two ends of a new task.
pub fn pair<T>(runtime: &Arc<Runtime>) -> (Handle<T>, Report<T>) {
    let slot = Arc::new(Mutex::new(Slot { answer: None, gone: false, waiter: None }));
    let end = || Handle { runtime: runtime.clone(), slot: slot.clone() };
    (end(), Report(end()))
}

impl<T> Report<T> {
    pub fn answer(self, answer: T) {
        lock(&self.0.slot).answer = Some(answer);
    }
}

impl<T> Drop for Report<T> {
    fn drop(&mut self) {
        let mut slot = lock(&self.0.slot);
        slot.gone = true;
        self.0.runtime.wake(slot.waiter);
    }
}

impl<T> Handle<T> {
    /// The answer; none if the task crashed or has not answered within the time, in milliseconds.
    pub async fn within(self, milliseconds: u64) -> Option<T> {
        let until = self.runtime.now().saturating_add(milliseconds);
        poll_fn(|context| {
            let mut slot = lock(&self.slot);
            if slot.answer.is_some() || slot.gone || self.runtime.now() >= until {
                return Poll::Ready(slot.answer.take());
            }
            slot.waiter = Some(self.runtime.current());
            self.runtime.wake_at(until, context);
            Poll::Pending
        })
        .await
    }
}
