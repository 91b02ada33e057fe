//! For tests: a Kafka topic in memory, functions that answer by a script, and a sink that keeps what it receives.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::BoxFuture;
use jiff::Timestamp;
use local_template::model::Delivery;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::deliver::Dispatcher;
use super::destination::{Destination, Sink, SinkError};
use super::event::EventSource;
use super::filter::Filter;
use super::kafka::KafkaPoller;
use super::record::{Record, TimestampType};
use super::retry::{Backoff, PartialRetry, Policy};
use super::source::{Room, Source, SourceError, Standing};
use crate::invoke::{Invoke, Outcome};

pub(super) const TOPIC: &str = "topic";
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The time of every test: 2026-01-01.
pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap()
}

pub(super) fn record(partition: i32, offset: i64, value: &str) -> Record {
    Record {
        topic: TOPIC.into(),
        partition,
        offset,
        timestamp: now().as_millisecond(),
        timestamp_type: TimestampType::CreateTime,
        key: Some(format!("key-{offset}").into()),
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers: Vec::new(),
    }
}

#[derive(Default)]
struct Partition {
    records: Vec<Record>,
    position: i64,
    commits: Vec<i64>,
}

/// A topic whose group starts at its oldest record.
#[derive(Default)]
pub(super) struct Log {
    partitions: Mutex<BTreeMap<i32, Partition>>,
    grown: Notify,
}

impl Log {
    pub(super) fn append(&self, record: Record) {
        self.partitions.lock().unwrap().entry(record.partition).or_default().records.push(record);
        self.grown.notify_waiters();
    }

    pub(super) fn commits(&self, partition: i32) -> Vec<i64> {
        self.partitions.lock().unwrap().get(&partition).map(|log| log.commits.clone()).unwrap_or_default()
    }

    pub(super) fn committed_before(&self, partition: i32, offset: i64) {
        self.partitions.lock().unwrap().entry(partition).or_default().commits.push(offset);
    }
}

impl Source for Log {
    async fn partitions(&self) -> Result<Vec<i32>, SourceError> {
        Ok(self.partitions.lock().unwrap().keys().copied().collect())
    }

    async fn open(&self, partition: i32) -> Result<(), SourceError> {
        let mut partitions = self.partitions.lock().unwrap();
        let log = partitions.get_mut(&partition).ok_or_else(|| SourceError("unknown".into()))?;
        log.position = log.commits.last().copied().unwrap_or_default();
        Ok(())
    }

    async fn take(&self, partition: i32, room: Room) -> Vec<Record> {
        loop {
            let grown = self.grown.notified();
            {
                let mut partitions = self.partitions.lock().unwrap();
                let log = partitions.get_mut(&partition).unwrap();
                let from = log.position;
                let taken: Vec<Record> =
                    log.records.iter().filter(|record| record.offset >= from).take(room.records).cloned().collect();
                if let Some(last) = taken.last() {
                    log.position = last.offset + 1;
                    return taken;
                }
            }
            grown.await;
        }
    }

    async fn commit(&self, partition: i32, offset: i64) -> Result<(), SourceError> {
        self.partitions.lock().unwrap().get_mut(&partition).unwrap().commits.push(offset);
        Ok(())
    }

    async fn standings(&self) -> Result<Vec<Standing>, SourceError> {
        Ok(Vec::new())
    }
}

/// What a scripted function does with an invocation.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Ok,
    Error,
    Throttle,
    /// `batchItemFailures` with these offsets of the invocation's partition.
    Failed(&'static [i64]),
    Raw(&'static str),
    /// An error every time.
    ErrorForEver,
    /// No answer at all.
    Hang,
}

/// Records of one invocation: partition and offsets.
pub(super) type Invocation = (i32, Vec<i64>);

/// Functions with scripted answers per partition, and success after those.
#[derive(Default)]
pub(super) struct Script {
    answers: Mutex<BTreeMap<i32, VecDeque<Answer>>>,
    invocations: Mutex<Vec<Invocation>>,
    pub(super) largest: AtomicUsize,
}

impl Script {
    pub(super) fn new(answers: &[(i32, Answer)]) -> Arc<Self> {
        let mut by_partition: BTreeMap<i32, VecDeque<Answer>> = BTreeMap::new();
        for (partition, answer) in answers {
            by_partition.entry(*partition).or_default().push_back(answer.clone());
        }
        Arc::new(Self { answers: Mutex::new(by_partition), ..Self::default() })
    }

    fn next_answer(&self, partition: i32) -> Answer {
        let mut answers = self.answers.lock().unwrap();
        let script = answers.entry(partition).or_default();
        match script.front() {
            Some(Answer::ErrorForEver) => Answer::ErrorForEver,
            _ => script.pop_front().unwrap_or(Answer::Ok),
        }
    }

    pub(super) fn invocations(&self) -> Vec<Invocation> {
        self.invocations.lock().unwrap().clone()
    }

    pub(super) fn of_partition(&self, partition: i32) -> Vec<Vec<i64>> {
        self.invocations().into_iter().filter(|sent| sent.0 == partition).map(|sent| sent.1).collect()
    }
}

/// Partition and offsets of a Kafka event that carries one partition.
pub(super) fn carried(event: &[u8]) -> Invocation {
    let event: Value = serde_json::from_slice(event).unwrap();
    let records = event["records"].as_object().unwrap();
    assert_eq!(records.len(), 1);
    let records = records.values().next().unwrap().as_array().unwrap();
    let offsets = records.iter().map(|record| record["offset"].as_i64().unwrap()).collect();
    (records[0]["partition"].as_i64().unwrap() as i32, offsets)
}

/// A `batchItemFailures` answer.
pub(super) fn failures(topic: &str, partition: i32, offsets: &[i64]) -> Outcome {
    let failure =
        |offset: &i64| json!({"itemIdentifier": {"partition": format!("{topic}-{partition}"), "offset": offset}});
    let list: Vec<Value> = offsets.iter().map(failure).collect();
    Outcome::Success(json!({"batchItemFailures": list}).to_string().into())
}

impl Invoke for Script {
    async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        assert_eq!(function, "function");
        let (partition, offsets) = carried(&payload);
        self.largest.fetch_max(payload.len(), Ordering::SeqCst);
        self.invocations.lock().unwrap().push((partition, offsets));
        match self.next_answer(partition) {
            Answer::Ok => Outcome::Success(Bytes::from_static(b"null")),
            Answer::Error | Answer::ErrorForEver => Outcome::FunctionError(Bytes::from_static(b"{}")),
            Answer::Throttle => Outcome::Throttled,
            Answer::Hang => std::future::pending().await,
            Answer::Raw(text) => Outcome::Success(text.into()),
            Answer::Failed(offsets) => failures(TOPIC, partition, offsets),
        }
    }
}

/// Keeps what it receives: a place and a document each.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) messages: Mutex<Vec<(String, Option<Bytes>, Value)>>,
}

impl Sink for Kept {
    fn put_object(&self, bucket: String, _: String, body: Bytes) -> BoxFuture<'_, Result<(), SinkError>> {
        self.messages.lock().unwrap().push((bucket, None, serde_json::from_slice(&body).unwrap()));
        Box::pin(async { Ok(()) })
    }

    fn produce(&self, topic: String, key: Option<Bytes>, value: Bytes) -> BoxFuture<'_, Result<(), SinkError>> {
        self.messages.lock().unwrap().push((topic, key, serde_json::from_slice(&value).unwrap()));
        Box::pin(async { Ok(()) })
    }
}

/// A mapping with AWS's defaults, except for a window of zero.
pub(super) fn delivery() -> Delivery {
    Delivery { report_batch_item_failures: true, ..Delivery::new("Mapping", "function") }
}

/// Short waits for tests.
pub(super) const QUICK: Backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(2) };

/// A poller of a topic in memory.
pub(super) fn poller(
    delivery: &Delivery,
    partial: PartialRetry,
    script: &Arc<Script>,
    log: &Arc<Log>,
    sink: &Arc<Kept>,
) -> Arc<KafkaPoller<Script, Log>> {
    let dispatcher = Dispatcher {
        mapping: delivery.logical_id.clone(),
        function: delivery.function.clone(),
        invoke: Arc::clone(script),
        report: delivery.report_batch_item_failures,
        policy: Policy::new(delivery, partial, QUICK),
        destination: delivery.on_failure.as_deref().map(|text| Destination::parse(text).unwrap()),
        sink: Arc::clone(sink) as Arc<dyn Sink>,
        clock: now,
    };
    Arc::new(KafkaPoller {
        dispatcher,
        source: Arc::clone(log),
        topic: TOPIC.into(),
        filter: Filter::kafka(&delivery.filters).unwrap(),
        event_source: EventSource::SelfManaged,
        bootstrap_servers: "broker:9092".into(),
        batch_size: delivery.batch_size,
        window: delivery.window,
    })
}

/// Waits for a condition, with a deadline.
pub(super) async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
