//! Watches one shard of the due index, and produces the due entries, oldest first.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use millrace_platform::clock;
use millrace_platform::dynamo::{Item, OnTable, StoreError, s};
use millrace_platform::kafka::{PublishError, Publisher, Record};
use millrace_platform::metrics::{self, Metric};
use millrace_store::timer::{DueEntry, entries, keys};
use tokio::task::unconstrained;
use tokio::time::MissedTickBehavior;

use crate::held_lease::HeldLease;
use crate::produced::{Decision, Produced, WINDOW};

/// Time between two reads of a shard. It bounds the lateness of a timer that is to fire immediately; other timers are
/// found ahead of their time.
const READ_EVERY: Duration = Duration::from_millis(200);

/// How long before it is due an attempt is produced. The sender waits until it is due.
pub const AHEAD: Duration = Duration::from_secs(1);

/// Entries that one query reads, and that are produced concurrently.
const PAGE: usize = 100;

/// Time limit for producing one entry.
const WITHIN: Duration = Duration::from_secs(2);

/// Pause of a shard after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The due index, and the publisher for due entries.
pub struct Index {
    pub dynamo: Client,
    pub table: String,
    pub publisher: Arc<dyn Publisher>,
}

/// Why a pass over a shard was not completed.
#[derive(Debug, thiserror::Error)]
enum PassError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Kafka(#[from] PublishError),
    #[error("an entry has no JSON form: {0}")]
    Json(#[from] serde_json::Error),
}

/// What a pass produced.
#[derive(Debug, Default)]
struct Tally {
    first: usize,
    again: usize,
    /// The greatest lateness among entries produced for the first time.
    lateness: Duration,
}

impl Index {
    /// Reads a shard whenever the lease is held. Never returns.
    pub async fn watch(&self, shard: u8, held: &HeldLease) {
        // All shards are read at the same time, so that their records share batches and the senders are invoked with
        // many attempts at once.
        let mut ticks = tokio::time::interval(READ_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut produced = Produced::default();
        loop {
            ticks.tick().await;
            let now = clock::now();
            // A late renewal does not end the work: the renewing task reports when the lease is lost.
            if !held.at(now) {
                continue;
            }
            produced.begin();
            let mut tally = Tally::default();
            let passed = self.pass(shard, now, &mut produced, &mut tally).await;
            tell(&tally);
            if let Err(error) = passed {
                tracing::warn!(shard, %error, "what is due is produced later");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Processes due entries, at most [`WINDOW`]. An entry that Kafka has not acknowledged is retried by the next pass.
    async fn pass(
        &self,
        shard: u8,
        now: Timestamp,
        produced: &mut Produced,
        tally: &mut Tally,
    ) -> Result<(), PassError> {
        let (mut after, mut read) = (None, 0);
        loop {
            let (entries, more) = self.due(shard, now + AHEAD, after).await?;
            read += entries.len();
            let last = entries.last().map(DueEntry::sk);
            let done = self.produce(entries, now, produced, tally).await;
            after = more.filter(|_| read < WINDOW && done.is_ok());
            if after.is_none() {
                // After a full window or a failure, the remaining entries are unread.
                produced.end(last.as_deref().filter(|_| read >= WINDOW || done.is_err()));
                return done;
            }
        }
    }

    async fn produce(
        &self,
        entries: Vec<DueEntry>,
        now: Timestamp,
        produced: &mut Produced,
        tally: &mut Tally,
    ) -> Result<(), PassError> {
        let mut due = Vec::new();
        for entry in entries {
            match produced.turn(&entry.sk(), now.as_millisecond()) {
                Decision::Wait => {}
                turn => due.push(self.publish(entry, turn)),
            }
        }
        // The oldest entry goes first. On the first pass it goes alone: the client may still have to fetch the topic's
        // metadata, and other entries would then overtake it.
        let rest = due.split_off(if produced.is_empty() { due.len().min(1) } else { due.len() });
        let mut outcome = Ok(());
        for part in [due, rest] {
            let mut sent = stream::iter(part).buffered(PAGE);
            // Without tokio's task budget: when that is used up, tokio wakes the stopped futures in reverse order.
            while let Some(sent) = unconstrained(sent.next()).await {
                match sent {
                    Ok((entry, turn)) => {
                        let now = clock::now();
                        produced.note(entry.sk(), now.as_millisecond());
                        tally.add(turn, now.duration_since(entry.due.due_at).try_into().unwrap_or_default());
                    }
                    Err(error) => outcome = Err(error),
                }
            }
        }
        outcome
    }

    async fn publish(&self, entry: DueEntry, turn: Decision) -> Result<(DueEntry, Decision), PassError> {
        let event = entries::due(entry.due.clone(), entry.traceparent.clone());
        let (topic, key) = (event.kind.topic().name(), entry.due.timer_id.to_string());
        let record = Record::event(topic, key, serde_json::to_vec(&event)?, entry.traceparent.clone());
        self.publisher.publish(record, WITHIN).await?;
        Ok((entry, turn))
    }

    /// Entries that are due by a time, oldest first, and the position of the next page. Not read consistently, which
    /// would cost twice as much: an entry that is missed now is found by the next read.
    async fn due(
        &self,
        shard: u8,
        by: Timestamp,
        after: Option<Item>,
    ) -> Result<(Vec<DueEntry>, Option<Item>), StoreError> {
        let answer = self
            .dynamo
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk < :by")
            .expression_attribute_values(":pk", s(keys::due(shard)))
            .expression_attribute_values(":by", s(keys::due_by(by)))
            .limit(i32::try_from(PAGE).unwrap_or(i32::MAX))
            .set_exclusive_start_key(after)
            .send()
            .await
            .on(&self.table)?;
        let entries = answer.items().iter().map(DueEntry::read).collect::<Result<_, _>>()?;
        Ok((entries, answer.last_evaluated_key))
    }
}

impl Tally {
    fn add(&mut self, turn: Decision, lateness: Duration) {
        if turn == Decision::First {
            self.first += 1;
            self.lateness = self.lateness.max(lateness);
        } else {
            self.again += 1;
        }
    }
}

fn tell(tally: &Tally) {
    if tally.first + tally.again == 0 {
        return;
    }
    let mut measured = vec![Metric::count("TimersDue", tally.first), Metric::count("TimersDueAgain", tally.again)];
    if tally.first > 0 {
        measured.push(Metric::milliseconds("TimerLateness", tally.lateness));
    }
    metrics::emit(&[], &measured, &[]);
}
