//! Adds an entry to the due index for each `TimerRequested`.

use std::collections::BTreeMap;

use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_domain::event::{Event, EventType};
use millrace_domain::id::TimerId;
use millrace_domain::timer::{TimerDue, TimerRequested};
use millrace_platform::clock;
use millrace_store::timer::DueEntry;

use crate::store::Store;

/// Adds timers to the due index.
pub struct Entering {
    pub store: Store,
}

impl Consumer for Entering {
    const NAME: &'static str = "timer-store";

    /// Timers are independent of each other, so those of a batch are written together.
    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let read: Vec<Result<Option<DueEntry>, Verdict>> = records.iter().map(read).collect();
        let entries = read.iter().filter_map(|entry| entry.as_ref().ok()?.as_ref());
        // A request may be in the batch twice.
        let entries: BTreeMap<&TimerId, &DueEntry> = entries.map(|entry| (&entry.due.timer_id, entry)).collect();
        let entries: Vec<&DueEntry> = entries.into_values().collect();
        let entered = self.store.enter(&entries, clock::now()).await;
        let failed: BTreeMap<&TimerId, String> = entries
            .iter()
            .zip(entered)
            .filter_map(|(entry, entered)| Some((&entry.due.timer_id, entered.err()?.to_string())))
            .collect();
        let verdict = |entry: &Result<Option<DueEntry>, Verdict>| match entry {
            Err(verdict) => verdict.clone(),
            Ok(entry) => {
                let why = entry.as_ref().and_then(|entry| failed.get(&entry.due.timer_id));
                why.map_or(Verdict::Done, |why| Verdict::Retry(why.clone()))
            }
        };
        read.iter().map(verdict).collect()
    }
}

/// The first attempt of the timer that a record requests; `None` for other events, since the topic carries all changes
/// of timers.
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
