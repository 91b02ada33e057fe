//! One invocation: it waits for a process, is delivered to it, and ends with an answer or a timeout.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use local_faults::Kind;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::errors;
use super::in_flight::{Ended, Invocation};
use super::pool::{Pool, Slot, count};
use crate::invoke::{Outcome, Part};

/// How often an invocation is delivered to another process because the previous one ended before receiving it.
const MAX_DELIVERIES: usize = 3;
/// How long a timed-out invocation waits until its process is really gone, so that a retry does not overlap it.
const KILL_LIMIT: Duration = Duration::from_secs(1);

impl Pool {
    /// Invokes the function and updates the counters. An answer that it streams goes to `parts`, if there are any, as it
    /// comes, and is not in the outcome.
    pub async fn invoke(self: Arc<Self>, payload: Bytes, parts: Option<mpsc::Sender<Part>>) -> Outcome {
        let outcome = self.run(payload, parts).await;
        match &outcome {
            Outcome::Success(_) => self.succeeded(),
            Outcome::FunctionError(_) => count(&self.counters.errors),
            Outcome::Throttled => count(&self.counters.throttles),
        }
        outcome
    }

    async fn run(self: &Arc<Self>, payload: Bytes, parts: Option<mpsc::Sender<Part>>) -> Outcome {
        for attempt in 0..MAX_DELIVERIES {
            let slot = self.slot().await;
            if attempt == 0 && !matches!(slot, Err(Outcome::Throttled)) {
                count(&self.counters.invocations);
            }
            match slot {
                Err(outcome) => return outcome,
                Ok(slot) => {
                    if let Ended::Outcome(outcome) = self.deliver(&slot, payload.clone(), parts.clone()).await {
                        return outcome;
                    }
                }
            }
        }
        Outcome::FunctionError(errors::exit(&uuid::Uuid::new_v4().to_string(), None))
    }

    /// Waits for a process with room for one invocation.
    async fn slot(self: &Arc<Self>) -> Result<Slot, Outcome> {
        let (waiter, granted) = oneshot::channel();
        self.enqueue(waiter);
        match tokio::time::timeout(self.shared.settings.queue_wait, granted).await {
            Ok(Ok(granted)) => granted,
            Ok(Err(_)) | Err(_) => Err(Outcome::Throttled),
        }
    }

    /// Delivers the invocation to the process and waits for its end, at most until the function's timeout. The delay of
    /// a `slowFunction` fault counts, as slow code would.
    async fn deliver(self: &Arc<Self>, slot: &Slot, payload: Bytes, parts: Option<mpsc::Sender<Part>>) -> Ended {
        let timeout = self.function.timeout;
        let end = Instant::now() + timeout;
        let deadline = SystemTime::now() + timeout;
        let deadline_ms = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
        if let Some(fault) = self.shared.faults.hits(Kind::SlowFunction, Some(&self.function.name)) {
            tokio::time::sleep(Duration::from_millis(fault.delay_ms).min(timeout)).await;
        }
        let id = uuid::Uuid::new_v4().to_string();
        let (reply, mut ended) = oneshot::channel();
        let trace = trace_id();
        slot.instance.in_flight.add(Invocation { id: id.clone(), payload, deadline_ms, trace, reply, parts });
        match tokio::time::timeout_at(end, &mut ended).await {
            Ok(result) => result.unwrap_or(Ended::NotDelivered),
            Err(_) => {
                // As in Lambda, the whole process is killed, and with it whatever else it was doing.
                self.leave(slot.number);
                slot.instance.kill();
                let _ = tokio::time::timeout(KILL_LIMIT, ended).await;
                Ended::Outcome(Outcome::FunctionError(errors::timed_out(&id, timeout)))
            }
        }
    }
}

/// An unsampled X-Ray trace header; traces of the stack itself are propagated as `traceparent`.
fn trace_id() -> String {
    let (now, random) = (SystemTime::now(), uuid::Uuid::new_v4().simple().to_string());
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (id, parent) = (random.get(..24).unwrap_or_default(), random.get(16..).unwrap_or_default());
    format!("Root=1-{seconds:08x}-{id};Parent={parent};Sampled=0")
}
