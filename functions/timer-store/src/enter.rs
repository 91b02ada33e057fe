//! One `TimerRequested`, one entry of the due index.

use millrace::clock;
use millrace::consumer::{Consumer, Incoming, Verdict};
use millrace::event::{Event, EventType};
use millrace::timer::{DueEntry, TimerDue, TimerRequested};

use crate::store::{Entered, Store};

/// Enters timers.
pub struct Entering {
    pub store: Store,
}

impl Consumer for Entering {
    const NAME: &'static str = "timer-store";

    /// Timers have nothing to do with each other, so those of a batch are entered together.
    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let read: Vec<Result<Option<DueEntry>, Verdict>> = records.iter().map(read).collect();
        let entries: Vec<DueEntry> = read.iter().filter_map(|entry| entry.as_ref().ok()?.clone()).collect();
        let mut entered = self.store.enter(&entries, clock::now()).await.into_iter().zip(&entries);
        let mut verdict = |entry| match entry {
            Ok(None) => Verdict::Done,
            Ok(Some(_)) => entered.next().map_or_else(|| Verdict::Retry("no answer".to_owned()), told),
            Err(verdict) => verdict,
        };
        read.into_iter().map(&mut verdict).collect()
    }
}

fn told((entered, entry): (Result<Entered, millrace::dynamo::StoreError>, &DueEntry)) -> Verdict {
    match entered {
        Ok(Entered::Now) => Verdict::Done,
        Ok(Entered::NotPending) => {
            tracing::debug!(timerId = entry.due.timer_id.as_str(), "entered before, or cancelled");
            Verdict::Done
        }
        Err(error) => Verdict::Retry(error.to_string()),
    }
}

/// The first attempt of the timer that a record requests, if it requests one: the topic has the whole life of timers.
fn read(record: &Incoming) -> Result<Option<DueEntry>, Verdict> {
    let event = &record.event;
    if event.kind != EventType::TimerRequested {
        return Ok(None);
    }
    let requested = Event::<TimerRequested>::typed(event);
    let requested =
        requested.map_err(|error| Verdict::DeadLetter { reason: "breaks_schema", detail: error.to_string() })?;
    let due = TimerDue { timer_id: requested.timer_id, attempt: 1, due_at: requested.fire_at };
    Ok(Some(DueEntry { due, traceparent: event.traceparent.clone() }))
}
