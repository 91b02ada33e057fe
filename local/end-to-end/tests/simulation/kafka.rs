//! Kafka: records are acknowledged, lost on the way, or arrive after their producer stopped waiting.

use std::ops::RangeInclusive;

use bytes::Bytes;
use jiff::Timestamp;
use millrace_delivery::outbox::Entry;
use millrace_judge::observed::{Place, TopicRecord};
use millrace_platform::kafka::CONTENT_TYPE;

use super::bug::Bug;
use super::runtime::Sim;
use super::world::time;

/// Topic and number of each partition. Orders have one key, so they need only one partition.
pub const PARTITIONS: [(&str, i32); 4] = [(PRODUCTS, 0), (PRODUCTS, 1), (ORDERS, 0), ("order-events", 0)];
/// The topic of products.
pub const PRODUCTS: &str = "product-events";
/// The topic of new orders.
pub const ORDERS: &str = "order_created";

/// Probability that an acknowledgement, or the record itself, is lost, and that the record arrives late.
const LOST_ACK: f64 = 0.04;
const LOST: f64 = 0.04;
const LATE: f64 = 0.04;
/// How long a record may still be under way after its producer stopped waiting, in milliseconds.
const UNDER_WAY: RangeInclusive<u64> = 0..=6_000;

/// The partitions, as in [`PARTITIONS`].
#[derive(Default)]
pub struct Kafka {
    pub partitions: [Vec<(TopicRecord, Timestamp)>; PARTITIONS.len()],
    /// The times at which it is down.
    pub down: Vec<RangeInclusive<u64>>,
    turn: usize,
}

/// It was not acknowledged in time.
#[derive(Debug, Clone, Copy)]
pub struct Unacknowledged;

impl Kafka {
    pub fn append(&mut self, partition: usize, record: TopicRecord, time: Timestamp) -> Place {
        let offset = self.partitions[partition].len() as i64;
        let (topic, number) = PARTITIONS[partition];
        let place = Place { topic: topic.to_owned(), partition: number, offset };
        self.partitions[partition].push((TopicRecord { place: place.clone(), ..record }, time));
        place
    }

    fn partition(&mut self, topic: &str, key: &str, bug: Option<Bug>) -> usize {
        self.turn += 1;
        let of_topic: Vec<usize> = (0..PARTITIONS.len()).filter(|at| PARTITIONS[*at].0 == topic).collect();
        if bug == Some(Bug::PartitionsInTurn) {
            return of_topic[self.turn % of_topic.len()];
        }
        let hash = key.bytes().fold(7_usize, |hash, byte| hash.wrapping_mul(31) ^ usize::from(byte));
        of_topic[hash % of_topic.len()]
    }
}

pub fn record(key: &str, value: Bytes, traceparent: Option<&str>) -> TopicRecord {
    let mut headers = vec![("content-type".to_owned(), CONTENT_TYPE.as_bytes().to_vec())];
    headers.extend(traceparent.map(|trace| ("traceparent".to_owned(), trace.as_bytes().to_vec())));
    let place = Place { topic: PRODUCTS.to_owned(), partition: 0, offset: 0 };
    TopicRecord { place, key: Some(key.as_bytes().to_vec()), headers, value: Some(value.to_vec()) }
}

/// Produces an entry and waits for the acknowledgement.
pub async fn produce(sim: &Sim, entry: &Entry) -> Result<(), Unacknowledged> {
    sim.step().await;
    let mut value = entry.value.clone();
    if sim.world().bug == Some(Bug::PublishesUnderANewIdEachTime) {
        value = value.replacen(&entry.event_id, &format!("e-{}", sim.pick(0..=u64::MAX)), 1);
    }
    let record = record(&entry.key, value.into(), entry.traceparent.as_deref());
    let bug = sim.world().bug;
    let partition = sim.world().kafka.partition(&entry.topic, &entry.key, bug);
    let what = (entry.entry.clone(), entry.key.clone());
    if is_down(sim) || sim.fault(LATE) {
        if sim.chance(0.5) {
            sim.world().late += 1;
            sim.spawn("late record", false, arrive(sim.clone(), partition, record));
        }
        sim.tell(|| format!("Kafka does not answer for {what:?}"));
        sim.sleep(1_200).await;
        return Err(Unacknowledged);
    }
    if sim.fault(LOST) {
        sim.tell(|| format!("the record {what:?} is lost"));
        sim.sleep(1_200).await;
        return Err(Unacknowledged);
    }
    let place = append(sim, partition, record);
    sim.tell(|| format!("Kafka has {what:?} at {place}"));
    sim.step().await;
    if sim.fault(LOST_ACK) {
        sim.tell(|| format!("the acknowledgement of {what:?} is lost"));
        return Err(Unacknowledged);
    }
    Ok(())
}

async fn arrive(sim: Sim, partition: usize, record: TopicRecord) {
    let under_way = sim.pick(UNDER_WAY);
    sim.sleep(under_way).await;
    while is_down(&sim) {
        sim.sleep(500).await;
    }
    let place = append(&sim, partition, record);
    sim.world().late -= 1;
    sim.tell(|| format!("a late record arrives at {place}"));
}

/// Appends a record now.
pub fn append(sim: &Sim, partition: usize, record: TopicRecord) -> Place {
    sim.world().kafka.append(partition, record, time(sim.now()))
}

fn is_down(sim: &Sim) -> bool {
    sim.faults() && sim.world().kafka.down.iter().any(|down| down.contains(&sim.now()))
}
