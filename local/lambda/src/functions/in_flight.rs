//! The invocations of one process: those waiting for a poll, and those that the process has received.

use std::collections::{HashMap, VecDeque};
use std::process::ExitStatus;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};

use super::errors;
use crate::invoke::{Outcome, Part};

/// One invocation to be delivered to a process.
#[derive(Debug)]
pub(super) struct Invocation {
    /// Request id.
    pub id: String,
    /// The event.
    pub payload: Bytes,
    /// Its deadline, in milliseconds since the epoch.
    pub deadline_ms: u128,
    /// X-Ray trace header.
    pub trace: String,
    /// Receives the end of the invocation.
    pub reply: oneshot::Sender<Ended>,
    /// Receives a streamed answer as it comes, if its caller can take one.
    pub parts: Option<mpsc::Sender<Part>>,
}

/// Whoever waits for an invocation that the process has received.
#[derive(Debug)]
struct Taken {
    reply: oneshot::Sender<Ended>,
    parts: Option<mpsc::Sender<Part>>,
}

/// How an invocation left its process.
#[derive(Debug)]
pub(super) enum Ended {
    /// The process received it, with this outcome.
    Outcome(Outcome),
    /// The process never received it, so another process may.
    NotDelivered,
}

/// The invocations of one process.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    table: Mutex<Table>,
    added: Notify,
}

#[derive(Debug, Default)]
struct Table {
    waiting: VecDeque<Invocation>,
    taken: HashMap<String, Taken>,
    closed: bool,
}

impl InFlight {
    /// Queues an invocation for the next poll. The pool bounds their number.
    pub fn add(&self, invocation: Invocation) {
        let mut table = self.lock();
        if table.closed {
            drop(table);
            let _ = invocation.reply.send(Ended::NotDelivered);
            return;
        }
        table.waiting.push_back(invocation);
        drop(table);
        self.added.notify_one();
    }

    /// Waits for the next invocation, which from then on the process has received.
    pub async fn next(&self) -> Delivery {
        loop {
            if let Some(delivery) = self.take() {
                return delivery;
            }
            self.added.notified().await;
        }
    }

    fn take(&self) -> Option<Delivery> {
        let mut table = self.lock();
        let Invocation { id, payload, deadline_ms, trace, reply, parts } = table.waiting.pop_front()?;
        table.taken.insert(id.clone(), Taken { reply, parts });
        // One permit stands for any number of additions, so the next poller must be woken here.
        if !table.waiting.is_empty() {
            self.added.notify_one();
        }
        Some(Delivery { id, payload, deadline_ms, trace })
    }

    /// Whether the process has received this invocation and not ended it.
    pub fn has(&self, id: &str) -> bool {
        self.lock().taken.contains_key(id)
    }

    /// Where a streamed answer of this invocation goes, if its caller can take one.
    pub fn parts(&self, id: &str) -> Option<mpsc::Sender<Part>> {
        self.lock().taken.get(id)?.parts.clone()
    }

    /// Ends an invocation. False if the process does not have it, for example because it timed out.
    pub fn end(&self, id: &str, outcome: Outcome) -> bool {
        let taken = self.lock().taken.remove(id);
        taken.is_some_and(|taken| taken.reply.send(Ended::Outcome(outcome)).is_ok())
    }

    /// Ends all invocations, because the process has ended.
    pub fn close(&self, status: Option<ExitStatus>) {
        let mut table = self.lock();
        table.closed = true;
        let (waiting, taken) = (std::mem::take(&mut table.waiting), std::mem::take(&mut table.taken));
        drop(table);
        for (id, taken) in taken {
            let _ = taken.reply.send(Ended::Outcome(Outcome::FunctionError(errors::exit(&id, status))));
        }
        for invocation in waiting {
            let _ = invocation.reply.send(Ended::NotDelivered);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a poll.
#[derive(Debug)]
pub(super) struct Delivery {
    /// Request id.
    pub id: String,
    /// The event.
    pub payload: Bytes,
    /// Its deadline, in milliseconds since the epoch.
    pub deadline_ms: u128,
    /// X-Ray trace header.
    pub trace: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(id: &str) -> (Invocation, oneshot::Receiver<Ended>) {
        let (reply, ended) = oneshot::channel();
        let id = id.to_owned();
        (Invocation { id, payload: Bytes::new(), deadline_ms: 0, trace: String::new(), reply, parts: None }, ended)
    }

    #[tokio::test]
    async fn only_what_a_process_received_fails_with_it() {
        let in_flight = InFlight::default();
        let ((first, first_ended), (second, second_ended)) = (invocation("1"), invocation("2"));
        in_flight.add(first);
        in_flight.add(second);
        assert_eq!(in_flight.next().await.id, "1");
        in_flight.close(None);
        assert!(matches!(first_ended.await, Ok(Ended::Outcome(Outcome::FunctionError(_)))));
        assert!(matches!(second_ended.await, Ok(Ended::NotDelivered)));
        let (third, third_ended) = invocation("3");
        in_flight.add(third);
        assert!(matches!(third_ended.await, Ok(Ended::NotDelivered)));
    }

    #[tokio::test]
    async fn an_invocation_ends_once() {
        let in_flight = InFlight::default();
        let (first, ended) = invocation("1");
        in_flight.add(first);
        assert!(!in_flight.end("1", Outcome::Throttled), "not yet received");
        in_flight.next().await;
        assert!(in_flight.end("1", Outcome::Success(Bytes::new())));
        assert!(!in_flight.end("1", Outcome::Success(Bytes::new())));
        assert!(matches!(ended.await, Ok(Ended::Outcome(Outcome::Success(_)))));
    }
}
