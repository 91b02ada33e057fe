//! The mappings against the embedded broker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use krafka::{Kafka, Record};
use local_faults::{Fault, Faults, Kind};
use local_kafka::Broker;
use local_template::model::{KafkaMapping, StartingPosition, Template, Topic};
use tokio::sync::watch;

use super::arrivals::Arrivals;
use super::memory::{QUICK, carried, delivery, failures};
use super::{Mappings, Settings};
use crate::invoke::{Invoke, Outcome};

const TOPIC: &str = "events";
const PARTITIONS: i32 = 4;
const PATIENCE: Duration = Duration::from_secs(60);

/// A broker with an empty topic, and what a mapping needs to read it.
struct Fixture {
    broker: Box<dyn Broker>,
    faults: Arc<Faults>,
}

impl Fixture {
    async fn start() -> Self {
        let faults = Arc::new(Faults::default());
        let topics = [Topic { name: TOPIC.into(), partitions: PARTITIONS, configs: BTreeMap::new() }];
        let source = local_kafka::Source::Embedded { port: 0, data: None };
        let broker = local_kafka::start(source, &topics, Arc::clone(&faults)).await.unwrap();
        Self { broker, faults }
    }

    /// Starts the mapping; it stops when the sender says so or is dropped.
    fn map<I: Invoke>(&self, invoke: &Arc<I>, position: StartingPosition, batch_size: usize) -> Running {
        let mut delivery = delivery();
        delivery.starting_position = position;
        delivery.batch_size = batch_size;
        let mapping = KafkaMapping { delivery, topic: TOPIC.into(), group: "group".into() };
        let template = Template { kafka_mappings: vec![mapping], ..Template::default() };
        let mut settings = Settings::new(self.broker.bootstrap_servers(), "http://127.0.0.1:1");
        settings.arrivals = self.broker.arrivals().map(|arrivals| Arrivals::new(move |topic| arrivals.of(topic)));
        settings.backoff = QUICK;
        let (stop, signal) = watch::channel(false);
        let mappings = Mappings::start(&template, &settings, Arc::clone(invoke), signal).unwrap();
        Running { mappings, stop }
    }

    /// Writes this many records of 1 KB to each partition.
    async fn produce(&self, per_partition: i64) {
        let kafka = Kafka::builder(self.broker.bootstrap_servers()).connect().await.unwrap();
        let producer = kafka.producer().linger(Duration::from_millis(5)).build().await.unwrap();
        let mut acknowledged = FuturesUnordered::new();
        for _ in 0..per_partition {
            for partition in 0..PARTITIONS {
                let record = Record::new(TOPIC, vec![b'x'; 1_024]).partition(partition);
                acknowledged.push(producer.enqueue(record).await.unwrap());
            }
        }
        while let Some(answer) = acknowledged.next().await {
            drop(answer.unwrap());
        }
        producer.close().await.unwrap();
    }
}

struct Running {
    mappings: Mappings,
    stop: watch::Sender<bool>,
}

impl Running {
    /// Waits until the group has committed everything.
    async fn caught_up(&self, end: i64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let lag = self.mappings.lag().await;
            let there = lag.len() == PARTITIONS as usize && lag.iter().all(|lag| lag.end == end && lag.lag == 0);
            if there {
                return;
            }
            assert!(Instant::now() < deadline, "still behind: {lag:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        let stopped = tokio::time::timeout(Duration::from_secs(5), self.mappings.stopped()).await;
        stopped.expect("the mappings stop within 5 s");
    }
}

/// Completes what it receives, except that every `fail_every`-th invocation reports its second half as failed; while
/// the gate is closed, it answers nothing.
struct Consumer {
    completed: Mutex<BTreeMap<i32, Vec<i64>>>,
    invocations: AtomicUsize,
    fail_every: usize,
    gate: watch::Sender<bool>,
}

impl Consumer {
    fn new(fail_every: usize) -> Arc<Self> {
        let gate = watch::Sender::new(true);
        Arc::new(Self { completed: Mutex::default(), invocations: AtomicUsize::new(0), fail_every, gate })
    }

    fn completed(&self) -> BTreeMap<i32, Vec<i64>> {
        self.completed.lock().unwrap().clone()
    }
}

impl Invoke for Consumer {
    async fn invoke(&self, _: &str, payload: Bytes) -> Outcome {
        let number = self.invocations.fetch_add(1, Ordering::SeqCst) + 1;
        self.gate.subscribe().wait_for(|open| *open).await.unwrap();
        let (partition, offsets) = carried(&payload);
        let good = if number.is_multiple_of(self.fail_every) { offsets.len() / 2 } else { offsets.len() };
        self.completed.lock().unwrap().entry(partition).or_default().extend(&offsets[..good]);
        failures(TOPIC, partition, &offsets[good..])
    }
}

fn each(offsets: std::ops::Range<i64>) -> BTreeMap<i32, Vec<i64>> {
    (0..PARTITIONS).map(|partition| (partition, offsets.clone().collect())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_keep_their_order_and_a_restart_resumes_from_the_commit() {
    let fixture = Fixture::start().await;
    fixture.produce(500).await;
    let consumer = Consumer::new(3);
    let running = fixture.map(&consumer, StartingPosition::TrimHorizon, 20);
    running.caught_up(500).await;
    running.stop().await;
    assert_eq!(consumer.completed(), each(0..500));

    fixture.produce(100).await;
    let consumer = Consumer::new(usize::MAX);
    let running = fixture.map(&consumer, StartingPosition::TrimHorizon, 20);
    running.caught_up(600).await;
    running.stop().await;
    assert_eq!(consumer.completed(), each(500..600));
    fixture.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_group_at_latest_sees_only_what_comes_later() {
    let fixture = Fixture::start().await;
    fixture.produce(10).await;
    let consumer = Consumer::new(usize::MAX);
    let running = fixture.map(&consumer, StartingPosition::Latest, 100);
    running.caught_up(10).await;
    fixture.produce(10).await;
    running.caught_up(20).await;
    running.stop().await;
    assert_eq!(consumer.completed(), each(10..20));
    fixture.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_waiting_records_are_not_loaded() {
    let per_partition = 5_000;
    let fixture = Fixture::start().await;
    fixture.produce(per_partition).await;
    let consumer = Consumer::new(usize::MAX);
    consumer.gate.send_replace(false);
    let running = fixture.map(&consumer, StartingPosition::TrimHorizon, 100);
    let source = Arc::clone(&running.mappings.monitored[0].source);
    let mut most = 0;
    // The queues fill, and then nothing moves for a while.
    let mut quiet = Instant::now();
    let deadline = Instant::now() + PATIENCE;
    while quiet.elapsed() < Duration::from_secs(1) || consumer.invocations.load(Ordering::SeqCst) < 4 {
        assert!(Instant::now() < deadline, "only {most} records were fetched");
        let (records, _) = source.held();
        if records > most {
            (most, quiet) = (records, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // 500 ahead and one poll of 500 more, for each of 4 partitions.
    assert!(most <= 4_000, "{most} records were held");
    consumer.gate.send_replace(true);
    running.caught_up(per_partition).await;
    running.stop().await;
    assert_eq!(consumer.completed(), each(0..per_partition));
    fixture.broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_survives_an_outage_of_kafka() {
    let fixture = Fixture::start().await;
    let consumer = Consumer::new(usize::MAX);
    let down =
        |duration_ms| Fault { kind: Kind::KafkaDown, probability: 1.0, duration_ms, function: None, delay_ms: 0 };
    fixture.produce(200).await;
    // Kafka is down when the mapping starts.
    fixture.faults.start(down(600_000));
    let running = fixture.map(&consumer, StartingPosition::TrimHorizon, 10);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(consumer.completed(), BTreeMap::new());
    fixture.faults.start(down(0));
    running.caught_up(200).await;
    // And again in the middle of its work.
    fixture.produce(200).await;
    fixture.faults.start(down(500));
    running.caught_up(400).await;
    running.stop().await;
    let mut seen = consumer.completed();
    for offsets in seen.values_mut() {
        // What was completed but not committed in time may come twice.
        offsets.sort_unstable();
        offsets.dedup();
    }
    assert_eq!(seen, each(0..400));
    fixture.broker.stop().await;
}
