//! The two transactions of an attempt. Concurrent ones are combined.

use aws_sdk_dynamodb::types::TransactWriteItem;
use bytes::Bytes;
use futures::FutureExt;
use millrace_delivery::consumer::Consumer;
use millrace_delivery::dead_letter::{self, DeadLetter};
use millrace_delivery::outbox::{Entry, EntryError};
use millrace_domain::event::{Context, Topic};
use millrace_domain::timer::{Status, Timer, TimerDue};
use millrace_platform::batching::Batcher;
use millrace_platform::dynamo::{MAX_ACTIONS, StoreError, transact_each};
use millrace_store::timer::{Table, entries};
use uuid::Uuid;

use crate::attempt::Due;
use crate::change::Ending;
use crate::handoff::Handoff;

/// Most actions of one attempt's transaction: timer, due index, event and dead letter. Their items have at most 60 KB.
const ACTIONS: usize = 4;

/// Stores claims and outcomes of attempts.
pub struct Store {
    pub timers: Table,
    /// Name of the outbox table. Its entries wake the relay, because this function has no connection to Kafka.
    outbox: String,
    /// Name of the dead-letter table.
    letters: String,
    claims: Writes,
    notes: Writes,
}

/// Writes the actions of each attempt, all or nothing.
type Writes = Batcher<Vec<TransactWriteItem>, Result<(), StoreError>>;

impl Store {
    pub fn new(timers: Table, outbox: String, letters: String) -> Self {
        let writes = || {
            let dynamo = timers.dynamo().clone();
            Batcher::new(MAX_ACTIONS / ACTIONS, move |parts| {
                let dynamo = dynamo.clone();
                async move { transact_each(&dynamo, parts).await }.boxed()
            })
        };
        // Two batchers, so that a claim never waits for outcomes to be stored.
        let (claims, notes) = (writes(), writes());
        Self { timers, outbox, letters, claims, notes }
    }

    /// Claims an attempt, after which the timer can no longer be cancelled. Returns false if the timer was changed
    /// since it was read.
    pub async fn begin(&self, claimed: &Timer, due: &Due) -> Result<bool, StoreError> {
        let mut actions = vec![self.timers.replace(claimed)?];
        if claimed.attempt != due.due.attempt {
            // A redriven timer is no longer in the due index; it is added again, so that the attempt is repeated if its
            // sender dies.
            actions.push(self.timers.add_due(claimed)?);
        }
        written(&self.claims, actions).await
    }

    /// Stores the outcome of an attempt, with its event and the change of the due index. Returns false if the claim has
    /// expired and another sender has the attempt.
    pub async fn finish(
        &self,
        claimed: &Timer,
        settled: &Timer,
        ending: &Ending,
        due: &Due,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        let mut actions = vec![self.timers.replace(settled)?, self.timers.remove_due(claimed)?];
        if settled.status == Status::Scheduled {
            actions.push(self.timers.add_due(settled)?);
        }
        if let Some(entry) = entry(settled, ending, id).map_err(|error| StoreError::Corrupt(error.to_string()))? {
            actions.push(Entry { wake: true, ..entry }.put(&self.outbox)?);
        }
        if let Ending::GivenUp(why) = ending {
            let letter = letter(settled, why, due)?;
            actions.push(dead_letter::put(&self.letters, &letter, settled.updated_at)?);
        }
        written(&self.notes, actions).await
    }
}

async fn written(writes: &Writes, actions: Vec<TransactWriteItem>) -> Result<bool, StoreError> {
    match writes.submit(actions).await? {
        Ok(()) => Ok(true),
        Err(StoreError::Condition(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn entry(timer: &Timer, ending: &Ending, id: Uuid) -> Result<Option<Entry>, EntryError> {
    let context = Context { now: timer.updated_at, source: Handoff::NAME, traceparent: timer.traceparent.clone() };
    Ok(match ending {
        Ending::Delivered(status) => Some(entries::fired(timer, *status, id, &context)?),
        Ending::GivenUp(why) => Some(entries::failed(timer, why.clone(), id, &context)?),
        Ending::Again => None,
    })
}

/// The dead letter contains the event of the last attempt, so that a redrive causes one more.
fn letter(timer: &Timer, why: &str, due: &Due) -> Result<DeadLetter, StoreError> {
    let last = TimerDue { timer_id: timer.id.clone(), attempt: timer.attempt, due_at: timer.due_at };
    let event = entries::due(last, timer.traceparent.clone());
    let value = serde_json::to_vec(&event).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(DeadLetter {
        id: event.id,
        source: Some(event.source),
        content: None,
        consumer: Handoff::NAME,
        reason: "webhook_failed",
        detail: why.to_owned(),
        topic: Topic::TimerDue.name().to_owned(),
        partition: due.partition,
        offset: due.offset,
        attempts: timer.attempt,
        key: Some(Bytes::from(timer.id.to_string())),
        value: Some(value.into()),
        redrive: None,
    })
}
