//! The embedded broker keeps every record.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use krafka::consumer::{AutoOffsetReset, Consumer};
use krafka::{Kafka, Record};
use local_faults::{Fault, Faults, Kind};
use local_kafka::{Broker, Source};
use local_template::model::Topic;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOPIC: &str = "product-events";
const PARTITIONS: i32 = 8;
const RECORDS: i64 = 50_000;
const PER_PARTITION: i64 = RECORDS / PARTITIONS as i64;
const SIZE: usize = 1_024;
const PATIENCE: Duration = Duration::from_secs(90);

fn topics() -> Vec<Topic> {
    let configs = BTreeMap::from([("retention.ms".to_owned(), "604800000".to_owned())]);
    vec![Topic { name: TOPIC.into(), partitions: PARTITIONS, configs }]
}

async fn start(data: Option<PathBuf>) -> Box<dyn Broker> {
    local_kafka::start(Source::Embedded { port: 0, data }, &topics(), Arc::default()).await.unwrap()
}

async fn connect(broker: &dyn Broker) -> Kafka {
    Kafka::builder(broker.bootstrap_servers()).connect().await.unwrap()
}

/// 1 KB that names its own partition and offset.
fn value(partition: i32, offset: i64) -> Bytes {
    let mut value = vec![b'.'; SIZE];
    value[..12].copy_from_slice(&[&partition.to_be_bytes()[..], &offset.to_be_bytes()[..]].concat());
    value.into()
}

async fn produce(kafka: &Kafka) {
    let producer = kafka.producer().batch_size(900_000).linger(Duration::from_millis(100)).build().await.unwrap();
    let mut acknowledged = FuturesUnordered::new();
    for offset in 0..PER_PARTITION {
        for partition in 0..PARTITIONS {
            let record = Record::new(TOPIC, value(partition, offset)).partition(partition);
            acknowledged.push(producer.enqueue(record).await.unwrap());
        }
        // The producer's buffer is bounded, so acknowledgements are collected meanwhile.
        while acknowledged.len() > 20_000 {
            let _ = acknowledged.next().await.unwrap().unwrap();
        }
    }
    while let Some(answer) = acknowledged.next().await {
        let _ = answer.unwrap();
    }
    let sent = producer.metrics().producer;
    assert_eq!(sent.records_sent, RECORDS as u64);
    assert!(sent.records_sent / sent.batches_sent > 100, "a start inside a batch needs large ones: {sent:?}");
    producer.close().await.unwrap();
}

/// Reads until every partition is at its end; each record must be the one that belongs at its offset, in order.
async fn read_to_end(consumer: &Consumer, mut next: HashMap<i32, i64>) {
    let deadline = Instant::now() + PATIENCE;
    while next.values().any(|offset| *offset < PER_PARTITION) {
        assert!(Instant::now() < deadline, "stopped at {next:?}");
        for record in consumer.poll(Duration::from_millis(500)).await.unwrap() {
            let expected = next.get_mut(&record.partition).unwrap();
            assert_eq!(record.offset, *expected, "partition {}", record.partition);
            assert_eq!(record.value, Some(value(record.partition, record.offset)));
            *expected += 1;
        }
    }
}

fn all_from(offset: i64) -> HashMap<i32, i64> {
    (0..PARTITIONS).map(|partition| (partition, offset)).collect()
}

async fn read_as_group(kafka: &Kafka, group: &str) {
    let consumer = kafka
        .consumer(group)
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .enable_auto_commit(false)
        .fetch_max_wait(Duration::from_millis(10))
        .build()
        .await
        .unwrap();
    consumer.subscribe([TOPIC]).await.unwrap();
    read_to_end(&consumer, all_from(0)).await;
    consumer.commit().await.unwrap();
    consumer.close().await.unwrap();
}

async fn read_from(kafka: &Kafka, start: HashMap<i32, i64>) {
    let consumer = kafka
        .consumer_without_group()
        .auto_offset_reset(AutoOffsetReset::Earliest)
        .fetch_max_wait(Duration::from_millis(10))
        .build()
        .await
        .unwrap();
    consumer.assign(TOPIC, start.keys().copied().collect()).await.unwrap();
    for (partition, offset) in &start {
        consumer.seek(TOPIC, *partition, *offset).await.unwrap();
    }
    read_to_end(&consumer, start).await;
    consumer.close().await.unwrap();
}

/// Offsets inside batches: early, late, and different in each partition.
async fn read_from_inside_batches(kafka: &Kafka) {
    read_from(kafka, (0..PARTITIONS).map(|partition| (partition, 1 + i64::from(partition) * 777)).collect()).await;
    read_from(
        kafka,
        (0..PARTITIONS).map(|partition| (partition, PER_PARTITION - 1 - i64::from(partition) * 7)).collect(),
    )
    .await;
}

async fn committed(kafka: &Kafka, group: &str) -> BTreeMap<i32, i64> {
    let consumer = kafka.consumer(group).enable_auto_commit(false).build().await.unwrap();
    let partitions: Vec<_> = (0..PARTITIONS).map(|partition| (TOPIC, partition)).collect();
    let committed = consumer.committed(&partitions).await.unwrap();
    committed.into_iter().map(|((_, partition), position)| (partition, position.offset)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_records_in_memory_are_read_twice_in_order() {
    let broker = start(None).await;
    let kafka = connect(&*broker).await;
    produce(&kafka).await;
    read_as_group(&kafka, "first").await;
    read_as_group(&kafka, "second").await;
    read_from_inside_batches(&kafka).await;
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_and_committed_offsets_survive_a_restart_in_the_data_directory() {
    let data = tempfile::tempdir().unwrap();
    let broker = start(Some(data.path().into())).await;
    let kafka = connect(&*broker).await;
    produce(&kafka).await;
    read_as_group(&kafka, "first").await;
    read_from_inside_batches(&kafka).await;
    broker.stop().await;

    let broker = start(Some(data.path().into())).await;
    let kafka = connect(&*broker).await;
    let ends: BTreeMap<_, _> = (0..PARTITIONS).map(|partition| (partition, PER_PARTITION)).collect();
    assert_eq!(committed(&kafka, "first").await, ends);
    assert_eq!(committed(&kafka, "second").await, BTreeMap::new());
    read_as_group(&kafka, "second").await;
    read_from_inside_batches(&kafka).await;
    broker.stop().await;
}

#[tokio::test]
async fn a_taken_port_says_which_flag_to_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let Err(error) = local_kafka::start(Source::Embedded { port, data: None }, &[], Arc::default()).await else {
        panic!("the port is taken");
    };
    assert_eq!(
        error.to_string(),
        format!("port {port} is taken; choose another one with --kafka-port (0 picks a free one)")
    );
}

#[tokio::test]
async fn kafka_that_is_down_cuts_connections_and_takes_none_until_it_is_up() {
    let faults = Arc::new(Faults::default());
    let broker = local_kafka::start(Source::Embedded { port: 0, data: None }, &topics(), faults.clone()).await.unwrap();
    let kafka = connect(&*broker).await;
    let producer = kafka.producer().build().await.unwrap();
    let _ = producer.send(Record::new(TOPIC, "before")).await.unwrap();

    let mut open = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
    let down =
        |duration_ms| Fault { kind: Kind::KafkaDown, probability: 1.0, duration_ms, function: None, delay_ms: 0 };
    faults.start(down(600_000));
    let started = Instant::now();
    let ended = tokio::time::timeout(PATIENCE, open.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    assert!(started.elapsed() < Duration::from_millis(500), "cut after {:?}", started.elapsed());
    let mut refused = TcpStream::connect(broker.bootstrap_servers()).await.unwrap();
    let _ = refused.write_all(&[0; 4]).await;
    let ended = tokio::time::timeout(PATIENCE, refused.read(&mut [0; 1])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");

    faults.start(down(0));
    let _ = tokio::time::timeout(PATIENCE, producer.send(Record::new(TOPIC, "after"))).await.unwrap().unwrap();
    broker.stop().await;
}

#[tokio::test]
async fn a_stopped_broker_frees_its_port() {
    let broker = start(None).await;
    let address = broker.bootstrap_servers().to_owned();
    let open = TcpStream::connect(&address).await.unwrap();
    broker.stop().await;
    assert!(TcpStream::connect(&address).await.is_err());
    drop(open);
    let port = address.rsplit_once(':').unwrap().1.parse().unwrap();
    let again = local_kafka::start(Source::Embedded { port, data: None }, &topics(), Arc::default()).await.unwrap();
    assert_eq!(again.bootstrap_servers(), address);
    again.stop().await;
}
