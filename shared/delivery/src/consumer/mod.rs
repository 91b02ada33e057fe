//! Drives a Kafka consumer: from Lambda's batch to one typed verdict per record, and from the verdicts to
//! `batchItemFailures`.
//!
//! Lambda's documentation leaves open whether a partial failure redelivers only the reported records or everything from
//! the first one on. This code is correct under both rules: every record that was not completed is reported, and a
//! consumer has to tolerate the redelivery of a completed one.

mod batch;
mod report;

pub use batch::{KafkaBatch, KafkaRecord};
pub use report::{BatchItemFailure, BatchResponse, ItemIdentifier, Report};

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;

use crate::dead_letter::DeadLetters;
use millrace_domain::event::AnyEvent;
use millrace_platform::invocations;
use millrace_platform::metrics::{self, Metric};
use millrace_platform::telemetry::{self, TraceContext};

/// Outcome of a record. No record can be left out: one without a verdict counts as failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its effect is durable.
    Done,
    /// Not completed, to be redelivered: it failed itself, or is held back behind a record that failed.
    Retry(String),
    /// It can never be completed. It is dead-lettered and the partition goes on.
    DeadLetter {
        /// Stable code.
        reason: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// A record whose value is a valid event.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The event.
    pub event: AnyEvent,
    /// The record's key, unchanged.
    pub key: Option<Bytes>,
    /// The event's JSON with all its attributes: the record's value, or for a record in binary mode its structured form.
    pub value: Bytes,
    /// Its position in Kafka.
    pub position: Position,
    /// Trace context, from the record's header or the event.
    pub trace: Option<TraceContext>,
}

/// Position of a record in Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i64,
    /// Offset.
    pub offset: i64,
    /// The record's timestamp.
    pub timestamp: Timestamp,
}

/// A consumer of events.
pub trait Consumer: Send + Sync + 'static {
    /// Its name: the name of the function.
    const NAME: &'static str;

    /// Whether a record that is no event becomes its dead letter. One that reads a choice of what others keep in any case
    /// passes it by.
    const KEEPS_UNREADABLE: bool = true;

    /// Processes records of **one** partition in order of their offsets, and returns one verdict per record, in the
    /// same order. It may receive a record that it has already completed.
    fn process(&self, records: &[Incoming]) -> impl Future<Output = Vec<Verdict>> + Send;
}

/// Time of the invocation that is kept in reserve when a batch is stopped; records not completed by then are
/// redelivered.
const MARGIN: Duration = Duration::from_secs(5);

/// Dead letters that are stored concurrently.
const LETTERS_AT_ONCE: usize = 32;

/// Serves a consumer until Lambda ends the process, with the settings of [`DeadLetters::from_env`] and
/// [`Report::from_env`].
///
/// # Errors
/// A setting is missing, or the runtime API does not answer.
pub async fn serve<C: Consumer>(consumer: C) -> Result<(), lambda_runtime::Error> {
    let (dead_letters, report) = (DeadLetters::from_env()?, Report::from_env()?);
    let shared = Arc::new((consumer, dead_letters));
    let handle = move |event: LambdaEvent<KafkaBatch>| {
        let shared = shared.clone();
        async move {
            let (consumer, dead_letters) = &*shared;
            answer(consumer, dead_letters, report, event.payload, &event.context).await
        }
    };
    invocations::serve(handle, async {}).await
}

/// Handles one invocation.
///
/// # Errors
/// The failed records, when the poller may not support partial batch responses.
pub async fn answer<C: Consumer>(
    consumer: &C,
    dead_letters: &DeadLetters,
    report: Report,
    batch: KafkaBatch,
    context: &Context,
) -> Result<BatchResponse, Diagnostic> {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let deadline = Instant::now() + left.saturating_sub(MARGIN);
    report.answer(handle(consumer, dead_letters, batch, millrace_platform::clock::now(), deadline).await)
}

/// Handles one batch: partitions concurrently, the records of a partition in order.
pub async fn handle<C: Consumer>(
    consumer: &C,
    dead_letters: &DeadLetters,
    batch: KafkaBatch,
    now: Timestamp,
    deadline: Instant,
) -> BatchResponse {
    let partitions: BTreeMap<String, Vec<KafkaRecord>> = batch.records;
    let records: usize = partitions.values().map(Vec::len).sum();
    let results =
        join_all(partitions.into_iter().map(|(name, records)| async move {
            (name, partition(consumer, dead_letters, records, now, deadline).await)
        }))
        .await;
    let mut failures = Vec::new();
    let mut dead = 0;
    for (partition, result) in results {
        dead += result.dead_letters;
        failures.extend(result.failed.into_iter().map(|offset| BatchItemFailure {
            item_identifier: ItemIdentifier { partition: partition.clone(), offset },
        }));
    }
    tracing::info!(records, failed = failures.len(), dead_letters = dead, "batch");
    let counts = [
        Metric::count("Records", records),
        Metric::count("FailedRecords", failures.len()),
        Metric::count("DeadLetters", dead),
    ];
    metrics::emit(&[("Function", C::NAME)], &counts, &[]);
    BatchResponse { batch_item_failures: failures }
}

/// Result of processing a partition's records.
#[derive(Debug, Default)]
struct Processed {
    /// Offsets of records that were not completed.
    failed: Vec<i64>,
    /// Number of records that were dead-lettered.
    dead_letters: usize,
}

async fn partition<C: Consumer>(
    consumer: &C,
    dead_letters: &DeadLetters,
    mut records: Vec<KafkaRecord>,
    now: Timestamp,
    deadline: Instant,
) -> Processed {
    records.sort_by_key(|record| record.offset);
    let mut readable = Vec::new();
    let mut given_up = Vec::new();
    for record in records {
        match batch::decode(record, C::NAME, now) {
            // A redriven dead letter that is addressed to another consumer.
            Ok(incoming) if incoming.event.redriveconsumer.as_deref().is_some_and(|name| name != C::NAME) => {}
            Ok(incoming) => readable.push(incoming),
            Err(letter) if C::KEEPS_UNREADABLE => given_up.push(*letter),
            Err(letter) => {
                tracing::debug!(topic = letter.topic, offset = letter.offset, reason = letter.reason, "passed by");
            }
        }
    }
    let mut processed = Processed::default();
    let left = deadline.saturating_duration_since(Instant::now());
    let verdicts = tokio::time::timeout(left, verdicts(consumer, &readable)).await;
    let verdicts = verdicts.unwrap_or_else(|_| vec![Verdict::Retry("out of time".to_owned()); readable.len()]);
    for (record, verdict) in readable.into_iter().zip(verdicts) {
        match verdict {
            Verdict::Done => span(&record).in_scope(|| tracing::debug!("completed")),
            Verdict::Retry(why) => {
                let Position { topic, partition, offset, .. } = &record.position;
                span(&record).in_scope(|| tracing::warn!(topic, partition, offset, why, "not completed"));
                processed.failed.push(*offset);
            }
            Verdict::DeadLetter { reason, detail } => given_up.push(batch::letter(record, C::NAME, reason, detail)),
        }
    }
    let kept = given_up.into_iter().map(|letter| async move {
        let in_time = Instant::now() < deadline;
        let kept = if in_time {
            dead_letters.keep(&letter, now).await.map_err(|error| error.to_string())
        } else {
            Err("out of time".to_owned())
        };
        kept.map_err(|why| {
            tracing::error!(why, id = letter.id, "dead letter not kept; the record comes again");
            letter.offset
        })
    });
    let kept: Vec<Result<(), i64>> = stream::iter(kept.collect::<Vec<_>>()).buffered(LETTERS_AT_ONCE).collect().await;
    for kept in kept {
        match kept {
            Ok(()) => processed.dead_letters += 1,
            Err(offset) => processed.failed.push(offset),
        }
    }
    processed.failed.sort_unstable();
    processed
}

/// A span with the event id and trace of a record, for the log lines of its processing.
fn span(record: &Incoming) -> tracing::Span {
    telemetry::event_span(&record.event.id, record.trace.as_ref())
}

/// One verdict per record, even when the consumer panics: then each record is processed by itself, and one that panics
/// again is dead-lettered.
async fn verdicts<C: Consumer>(consumer: &C, records: &[Incoming]) -> Vec<Verdict> {
    if records.is_empty() {
        return Vec::new();
    }
    let attempt = |records| AssertUnwindSafe(consumer.process(records)).catch_unwind();
    if let Ok(mut verdicts) = attempt(records).await {
        verdicts.resize_with(records.len(), || Verdict::Retry("the consumer gave no verdict".to_owned()));
        return verdicts;
    }
    let mut verdicts = Vec::with_capacity(records.len());
    for record in records.chunks(1) {
        let alone = attempt(record).await.map_or_else(
            |_| Some(Verdict::DeadLetter { reason: "panicked", detail: "the consumer panicked on it".to_owned() }),
            |verdicts| verdicts.into_iter().next(),
        );
        verdicts.push(alone.unwrap_or_else(|| Verdict::Retry("the consumer gave no verdict".to_owned())));
    }
    verdicts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics on `bad`, returns no verdict from `silent` on, and completes all other records.
    struct Double;

    impl Consumer for Double {
        const NAME: &'static str = "double";

        async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
            assert!(records.iter().all(|record| record.event.id != "bad"), "a bug");
            records.iter().take_while(|record| record.event.id != "silent").map(|_| Verdict::Done).collect()
        }
    }

    fn record(id: &str) -> Incoming {
        let value = serde_json::json!({
            "specversion": "1.0", "id": id, "source": "s", "type": "ProductDeleted", "subject": "p",
            "time": "2026-11-21T06:00:00Z", "datacontenttype": "application/json", "dataschema": "d",
            "aggregateversion": 1, "data": {"id": "p", "version": 1, "deletedAt": "2026-11-21T06:00:00Z"}
        });
        let value = Bytes::from(value.to_string());
        let event = millrace_domain::event::read("product-events", &value, Timestamp::UNIX_EPOCH).unwrap();
        let position = Position { topic: "product-events".to_owned(), partition: 0, offset: 0, timestamp: event.time };
        Incoming { event, key: None, value, position, trace: None }
    }

    #[tokio::test]
    async fn the_record_that_panics_is_given_up_and_its_neighbours_are_not() {
        let verdicts = verdicts(&Double, &[record("a"), record("bad"), record("c")]).await;
        assert_eq!((&verdicts[0], &verdicts[2]), (&Verdict::Done, &Verdict::Done));
        assert!(matches!(verdicts[1], Verdict::DeadLetter { reason: "panicked", .. }), "{verdicts:?}");
    }

    #[tokio::test]
    async fn a_record_without_a_verdict_comes_again() {
        let verdicts = verdicts(&Double, &[record("a"), record("silent"), record("c")]).await;
        assert!(matches!(&verdicts[..], [Verdict::Done, Verdict::Retry(_), Verdict::Retry(_)]), "{verdicts:?}");
    }
}
