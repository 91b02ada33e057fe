//! The two transactions of an attempt.

use bytes::Bytes;
use millrace::consumer::Consumer;
use millrace::dead_letter::{self, DeadLetter};
use millrace::dynamo::{StoreError, transact};
use millrace::event::{Context, Topic};
use millrace::outbox::{Entry, EntryError};
use millrace::timer::{Status, Table, Timer, TimerDue, events};
use uuid::Uuid;

use crate::change::Ending;
use crate::handoff::{Due, Handoff};

/// Where attempts are noted.
pub struct Store {
    pub timers: Table,
    /// Table of the outbox. Its entries wake the relay, because this function cannot reach Kafka.
    pub outbox: String,
    /// Table of the dead letters.
    pub letters: String,
}

impl Store {
    /// Claims attempts, all or none: the point of no return for whoever wants to cancel one. Answers false where one of the
    /// timers was changed since it was read.
    pub async fn begin(&self, claims: &[(&Timer, &Due)]) -> Result<bool, StoreError> {
        let mut actions = Vec::with_capacity(claims.len());
        for (claimed, due) in claims {
            actions.push(self.timers.replace(claimed)?);
            if claimed.attempt != due.due.attempt {
                // A redriven timer has left the due index, which is what repeats an attempt whose sender dies.
                actions.push(self.timers.enter(claimed)?);
            }
        }
        match transact(self.timers.dynamo(), actions).await {
            Ok(()) => Ok(true),
            Err(StoreError::Condition(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores how an attempt ended, with its event and what the due index is to have. Answers false where the claim was
    /// over and somebody else has the attempt.
    pub async fn finish(
        &self,
        claimed: &Timer,
        settled: &Timer,
        ending: &Ending,
        due: &Due,
        id: Uuid,
    ) -> Result<bool, StoreError> {
        let mut actions = vec![self.timers.replace(settled)?, self.timers.leave(claimed)?];
        if settled.status == Status::Scheduled {
            actions.push(self.timers.enter(settled)?);
        }
        if let Some(entry) = entry(settled, ending, id).map_err(|error| StoreError::Corrupt(error.to_string()))? {
            actions.push(Entry { wake: true, ..entry }.put(&self.outbox)?);
        }
        if let Ending::GivenUp(why) = ending {
            let letter = letter(settled, why, due)?;
            actions.push(dead_letter::put(&self.letters, &letter, settled.updated_at)?);
        }
        match transact(self.timers.dynamo(), actions).await {
            Ok(()) => Ok(true),
            Err(StoreError::Condition(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn entry(timer: &Timer, ending: &Ending, id: Uuid) -> Result<Option<Entry>, EntryError> {
    let context = Context { now: timer.updated_at, source: Handoff::NAME, traceparent: timer.traceparent.clone() };
    Ok(match ending {
        Ending::Delivered(status) => Some(events::fired(timer, *status, id, &context)?),
        Ending::GivenUp(why) => Some(events::failed(timer, why.clone(), id, &context)?),
        Ending::Again => None,
    })
}

/// The dead letter is the event of the last attempt, so that a redrive asks for one more.
fn letter(timer: &Timer, why: &str, due: &Due) -> Result<DeadLetter, StoreError> {
    let last = TimerDue { timer_id: timer.id.clone(), attempt: timer.attempt, due_at: timer.due_at };
    let event = last.event(timer.traceparent.clone());
    let value = serde_json::to_vec(&event).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(DeadLetter {
        id: event.id,
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
