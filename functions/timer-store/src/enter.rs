//! One `TimerRequested`, one entry of the due index.

use futures::stream::{self, StreamExt};
use millrace::clock;
use millrace::consumer::{Consumer, Incoming, Verdict};
use millrace::event::{Event, EventType};
use millrace::timer::{DueEntry, TimerDue, TimerRequested};

use crate::store::{Entered, Store};

/// Timers that are entered at once.
const AT_ONCE: usize = 16;

/// Enters timers.
pub struct Entering {
    pub store: Store,
}

impl Consumer for Entering {
    const NAME: &'static str = "timer-store";

    /// Timers have nothing to do with each other, and a timer is requested once, so they are entered side by side.
    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let entering = records.iter().map(|record| self.enter(record)).collect::<Vec<_>>();
        stream::iter(entering).buffered(AT_ONCE).collect().await
    }
}

impl Entering {
    async fn enter(&self, record: &Incoming) -> Verdict {
        let event = &record.event;
        // The topic has the whole life of timers; what comes after the request is others' doing.
        if event.kind != EventType::TimerRequested {
            return Verdict::Done;
        }
        let requested = match Event::<TimerRequested>::typed(event) {
            Ok(requested) => requested,
            Err(error) => return Verdict::DeadLetter { reason: "breaks_schema", detail: error.to_string() },
        };
        let due = TimerDue { timer_id: requested.timer_id, attempt: 1, due_at: requested.fire_at };
        let entry = DueEntry { due, traceparent: event.traceparent.clone() };
        match self.store.enter(&entry, clock::now()).await {
            Ok(Entered::Now) => Verdict::Done,
            Ok(Entered::NotPending) => {
                tracing::debug!(timerId = entry.due.timer_id.as_str(), "entered before, or cancelled");
                Verdict::Done
            }
            Err(error) => Verdict::Retry(error.to_string()),
        }
    }
}
