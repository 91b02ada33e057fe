//! A topic as a client sees it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use krafka::Kafka;
use krafka::admin::{DescribeTopicsOptions, ListOffsetsOptions, OffsetSpec, TopicPartition};
use krafka::consumer::{AutoOffsetReset, ConsumerRecord};

use crate::observed::{Place, TopicRecord};

/// Maximum wait for records that are there.
const PATIENCE: Duration = Duration::from_secs(60);

/// Maximum duration of one poll, and of one fetch in it.
const POLL: Duration = Duration::from_millis(500);
const FETCH: Duration = Duration::from_millis(10);

/// The end offset of each partition.
///
/// # Errors
/// Kafka does not answer, or has no such topic.
pub async fn ends(servers: &str, topic: &str) -> anyhow::Result<BTreeMap<i32, i64>> {
    let admin = Kafka::builder(servers).connect().await.context("Kafka does not answer")?.admin();
    let mut topics = admin.describe_topics([topic], DescribeTopicsOptions::default()).await?;
    let described = topics.remove(topic).with_context(|| format!("Kafka has no {topic}"))??;
    let partitions = described.partitions.iter().map(|partition| partition.partition);
    let latest = partitions.map(|partition| (TopicPartition::new(topic, partition), OffsetSpec::Latest));
    let ends = admin.list_offsets(latest, ListOffsetsOptions::default()).await?;
    ends.into_iter().map(|(at, end)| Ok((at.partition, end?.offset))).collect()
}

/// Every record from the start to the topic's current end, in order within each partition.
///
/// # Errors
/// Kafka does not answer, or not with every record.
pub async fn records(servers: &str, topic: &str) -> anyhow::Result<Vec<TopicRecord>> {
    let ends: BTreeMap<i32, i64> = ends(servers, topic).await?.into_iter().filter(|(_, end)| *end > 0).collect();
    if ends.is_empty() {
        return Ok(Vec::new());
    }
    let kafka = Kafka::builder(servers).connect().await?;
    let consumer = kafka.consumer_without_group().auto_offset_reset(AutoOffsetReset::Earliest).fetch_max_wait(FETCH);
    let consumer = consumer.build().await?;
    consumer.assign(topic, ends.keys().copied().collect()).await?;
    let mut next: BTreeMap<i32, i64> = ends.keys().map(|partition| (*partition, 0)).collect();
    let mut records = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while next.iter().any(|(partition, offset)| ends.get(partition).is_some_and(|end| offset < end)) {
        if Instant::now() >= deadline {
            bail!("{topic} was read to {next:?} of {ends:?} within {PATIENCE:?}");
        }
        for record in consumer.poll(POLL).await? {
            next.insert(record.partition, record.offset + 1);
            records.push(read(topic, record));
        }
    }
    consumer.close().await?;
    Ok(records)
}

fn read(topic: &str, record: ConsumerRecord) -> TopicRecord {
    let ConsumerRecord { partition, offset, key, value, headers, .. } = record;
    let header = |(name, value): &(String, Option<_>)| {
        let value: Option<&bytes::Bytes> = value.as_ref();
        (name.clone(), value.map(|value| value.to_vec()).unwrap_or_default())
    };
    TopicRecord {
        place: Place { topic: topic.to_owned(), partition, offset },
        key: key.map(|key| key.to_vec()),
        headers: headers.iter().map(header).collect(),
        value: value.map(|value| value.to_vec()),
    }
}
