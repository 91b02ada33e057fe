//! The Kafka mappings and the consumers behind them: batches, partial answers, redelivery.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use millrace_judge::event::Event;
use millrace_judge::observed::{ArchiveLine, Copy, DeadLetter, Place, TopicRecord};

use super::access::call;
use super::bug::Bug;
use super::runtime::Sim;
use super::world::World;

/// Maximum number of records in a batch.
const BATCH: u64 = 6;
/// Probability that a completed batch is delivered again.
const AGAIN: f64 = 0.02;
/// Timeout of an invocation, in milliseconds.
const TIMEOUT: u64 = 60_000;

/// A consumer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumer {
    EventLog,
    Archive,
    Stock,
}

/// Which records of a partly failed batch Lambda sends again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    Reported,
    FromFirst,
}

/// A record with its offset, its time and its event.
struct Delivered {
    record: TopicRecord,
    time: Timestamp,
    event: Option<Event>,
}

impl Consumer {
    fn name(self) -> &'static str {
        match self {
            Self::EventLog => "event-log",
            Self::Archive => "archive",
            Self::Stock => "stock",
        }
    }
}

/// Delivers one partition to one consumer, until the run closes.
pub async fn mapping(sim: Sim, consumer: Consumer, partition: usize, retry: Retry) {
    let mut committed = 0;
    loop {
        let size = sim.pick(1..=BATCH) as usize;
        let end = sim.world().kafka.partitions[partition].len().min(committed + size);
        if committed == end {
            if sim.world().closing {
                return;
            }
            sim.sleep(200).await;
            continue;
        }
        let mut batch: Vec<usize> = (committed..end).collect();
        while !batch.is_empty() {
            let task = consume(sim.clone(), consumer, partition, batch.clone());
            match sim.spawn(consumer.name(), true, task).within(TIMEOUT).await {
                // A restarted poller may cut the batches differently.
                None if sim.chance(0.5) => break,
                None => {}
                Some(failed) => batch = again(&batch, failed, retry),
            }
        }
        if batch.is_empty() && !sim.fault(AGAIN) {
            committed = end;
        }
    }
}

fn again(batch: &[usize], failed: Vec<usize>, retry: Retry) -> Vec<usize> {
    match (retry, failed.iter().min()) {
        (_, None) => Vec::new(),
        (Retry::Reported, _) => batch.iter().copied().filter(|offset| failed.contains(offset)).collect(),
        (Retry::FromFirst, Some(first)) => batch.iter().copied().filter(|offset| offset >= first).collect(),
    }
}

/// One invocation; returns the offsets that were not completed.
async fn consume(sim: Sim, consumer: Consumer, partition: usize, offsets: Vec<usize>) -> Vec<usize> {
    let bug = sim.world().bug;
    let delivered: Vec<Arc<Delivered>> = {
        let world = sim.world();
        let records = offsets.iter().map(|offset| world.kafka.partitions[partition][*offset].clone());
        let read = |(record, time): (TopicRecord, Timestamp)| {
            let event = record.value.as_deref().and_then(|value| Event::read(value).ok());
            Arc::new(Delivered { record, time, event })
        };
        records.map(read).collect()
    };
    let (events, poison): (Vec<_>, Vec<_>) = delivered.into_iter().partition(|delivered| delivered.event.is_some());
    let mut failed = match consumer {
        Consumer::EventLog => log(&sim, &events).await,
        Consumer::Archive => archive(&sim, &events).await,
        Consumer::Stock => decide(&sim, &events).await,
    };
    if bug != Some(Bug::DropsPoison) {
        failed.extend(give_up(&sim, consumer, &poison).await);
    }
    failed.sort_unstable();
    match bug {
        Some(Bug::AcknowledgesAFailedBatch) => failed.clear(),
        Some(Bug::ReportsTheFirstFailureOnly) => failed.truncate(1),
        _ => {}
    }
    sim.tell(|| format!("{}: {offsets:?} of partition {partition}, failed {failed:?}", consumer.name()));
    sim.step().await;
    failed
}

async fn log(sim: &Sim, events: &[Arc<Delivered>]) -> Vec<usize> {
    let mut failed = Vec::new();
    for delivered in events {
        let (bug, own) = (sim.world().bug, delivered.clone());
        let put = move |world: &mut World, now| {
            let Some(copy) = copy(&own) else { return false };
            let id = match bug {
                Some(Bug::LogsUnderANewIdEachDelivery) => format!("{}-{}", copy.id, now),
                Some(Bug::DeduplicatesWithoutTheSource) => copy.id.clone(),
                _ => format!("{}#{}", copy.id, copy.source),
            };
            let (kind, data) = (copy.kind.clone(), copy.data.clone());
            let logged = world.store.log.entry(id).or_insert(copy);
            (&logged.kind, &logged.data) != (&kind, &data)
        };
        match call(sim, "logs an event", put).await {
            Ok(true) if bug != Some(Bug::TakesAReusedIdForARepeat) => {
                failed.extend(refuse(sim, Consumer::EventLog, delivered).await);
            }
            Ok(_) => {}
            Err(_) if bug == Some(Bug::SwallowsThrottling) => {}
            Err(_) => failed.push(delivered.offset()),
        }
    }
    failed
}

async fn archive(sim: &Sim, events: &[Arc<Delivered>]) -> Vec<usize> {
    let mut hours: BTreeMap<String, Vec<Arc<Delivered>>> = BTreeMap::new();
    for delivered in events {
        let hour = delivered.time.to_zoned(TimeZone::UTC).strftime("dt=%Y-%m-%d/hour=%H").to_string();
        hours.entry(hour).or_default().push(delivered.clone());
    }
    let mut failed = Vec::new();
    for (hour, members) in hours {
        let (Some(first), Some(last)) = (members.first(), members.last()) else { continue };
        let Place { topic, partition, .. } = first.record.place.clone();
        let (first, last) = (first.offset(), last.offset());
        let offsets: Vec<usize> = members.iter().map(|delivered| delivered.offset()).collect();
        let object = if sim.world().bug == Some(Bug::NamesAnObjectByItsFirstOffset) {
            format!("archive/{topic}/{hour}/{partition}-{first}.ndjson.gz")
        } else {
            format!("archive/{topic}/{hour}/{partition}-{first}-{last}-{}.ndjson.gz", digest(&offsets))
        };
        let put = move |world: &mut World, _| {
            let line = |delivered: &Arc<Delivered>| {
                Some(ArchiveLine { object: object.clone(), timestamp: delivered.time, copy: copy(delivered)? })
            };
            let lines: Vec<ArchiveLine> = members.iter().filter_map(line).collect();
            // If-None-Match: an existing object stays.
            world.store.archive.entry(object).or_insert(lines);
        };
        if call(sim, "writes an object", put).await.is_err() && sim.world().bug != Some(Bug::SwallowsThrottling) {
            failed.extend(offsets);
        }
    }
    failed
}

async fn decide(sim: &Sim, events: &[Arc<Delivered>]) -> Vec<usize> {
    let orders = events.iter().filter_map(|delivered| Some((delivered.event.as_ref()?.subject.clone(), delivered)));
    let orders: Vec<(String, &Arc<Delivered>)> = orders.collect();
    let ids: Vec<String> = orders.iter().map(|(id, _)| id.clone()).collect();
    let settled = super::orders::decide(sim, &ids).await;
    orders.iter().filter(|(id, _)| !settled.contains(id)).map(|(_, delivered)| delivered.offset()).collect()
}

/// Stands for the digest of the lines, which the offsets determine.
fn digest(offsets: &[usize]) -> String {
    offsets.iter().map(|offset| format!("{offset:x}.")).collect()
}

/// Keeps the dead letter of an event whose id another content has; returns its offset if that fails.
async fn refuse(sim: &Sim, consumer: Consumer, delivered: &Delivered) -> Option<usize> {
    let event = delivered.event.as_ref()?;
    let TopicRecord { place, key, value, .. } = delivered.record.clone();
    let address = format!("{}#{}#{}#{}", event.id, consumer.name(), event.source, event.says());
    let (consumer, reason) = (consumer.name().to_owned(), "id_reused".to_owned());
    let letter = DeadLetter { id: event.id.clone(), consumer, reason, place, key, value };
    let keep = move |world: &mut World, _| {
        world.store.dead_letters.entry(address).or_insert(letter);
    };
    call(sim, "keeps a dead letter", keep).await.is_err().then(|| delivered.offset())
}

async fn give_up(sim: &Sim, consumer: Consumer, poison: &[Arc<Delivered>]) -> Vec<usize> {
    let mut failed = Vec::new();
    for delivered in poison {
        let TopicRecord { place, key, value, .. } = delivered.record.clone();
        let id = format!("{}:{place}", consumer.name());
        let (consumer, reason) = (consumer.name().to_owned(), "not_json".to_owned());
        let letter = DeadLetter { id: id.clone(), consumer, reason, place, key, value };
        let keep = move |world: &mut World, _| {
            world.store.dead_letters.entry(id).or_insert(letter);
        };
        if call(sim, "keeps a dead letter", keep).await.is_err() {
            failed.push(delivered.offset());
        }
    }
    failed
}

fn copy(Delivered { record, event, .. }: &Delivered) -> Option<Copy> {
    let Event { id, source, kind, time, attributes, data, .. } = event.clone()?;
    Some(Copy { id, source, kind: kind.name().to_owned(), time, attributes, data, place: record.place.clone() })
}

impl Delivered {
    fn offset(&self) -> usize {
        usize::try_from(self.record.place.offset).unwrap()
    }
}
