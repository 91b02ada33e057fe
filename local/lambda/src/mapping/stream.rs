//! A DynamoDB stream event source mapping: one task per shard, parents before their children.
//!
//! Rules: LDG/with-ddb, LDG/services-ddb-batchfailurereporting. A partly failed batch is retried from the lowest
//! reported sequence number on, whatever the setting for Kafka: for streams this is documented.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use local_template::model::StartingPosition;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::batch::{Limits, PAYLOAD_BYTES};
use super::checkpoint::{Checkpoint, Mark};
use super::deliver::{Dispatcher, Shape};
use super::destination::{Destination, Failure, Message, iso};
use super::event::{STREAM_ENVELOPE_BYTES, stream_event, window_event};
use super::filter::Filter;
use super::ordered_log::{self, Arrived, ArrivedOf, OrderedLog, RECONNECT};
use super::outage::Outage;
use super::response::SequenceNumber;
use super::stream_api::{Shard, Start, StreamError, StreamsApi};
use super::tumbling::{TUMBLING_BYTES, Tumbling};
use crate::invoke::{Invoke, Outcome};
use crate::stop::Stop;

/// Time between two reads of a shard that has nothing new. Lambda reads four times a second (LDG/with-ddb).
pub const READ_INTERVAL: Duration = Duration::from_millis(250);
/// How often the stream is checked for new shards.
pub const SHARD_REFRESH: Duration = Duration::from_secs(5);

/// A mapping, ready to run.
pub struct StreamPoller<I> {
    /// Delivers its batches.
    pub dispatcher: Dispatcher<I>,
    /// DynamoDB Streams.
    pub api: StreamsApi,
    /// Name of the table.
    pub table: String,
    /// Which records pass.
    pub filter: Filter,
    /// Where to start without a checkpoint.
    pub starting_position: StartingPosition,
    /// Maximum number of records in a batch.
    pub batch_size: usize,
    /// How long to wait for a batch to fill.
    pub window: Duration,
    /// Length of its tumbling windows, if it has them.
    pub tumbling: Option<Duration>,
    /// Where the checkpoint is stored; `None` keeps it in memory only.
    pub data_dir: Option<PathBuf>,
}

impl<I: Invoke> StreamPoller<I> {
    /// Runs until the stack stops.
    pub async fn run(self: Arc<Self>, mut stop: Stop) {
        let outage = Arc::new(Outage::new(&self.dispatcher.mapping, "DynamoDB Streams"));
        let mut failures = 0_u32;
        let arn = loop {
            let found = tokio::select! {
                biased;
                () = stop.requested() => return,
                found = self.api.stream_arn(&self.table) => found,
            };
            match found {
                Ok(arn) => break arn,
                Err(error) => outage.seen(&error),
            }
            failures = failures.saturating_add(1);
            if !stop.sleep(RECONNECT.after(failures)).await {
                return;
            }
        };
        let checkpoint = Arc::new(Checkpoint::load(self.data_dir.as_deref(), &self.dispatcher.mapping, &arn));
        self.run_shards(&arn, &checkpoint, &outage, stop).await;
    }

    /// Starts a task for every shard whose parent is finished, including later ones.
    async fn run_shards(
        self: &Arc<Self>,
        arn: &str,
        checkpoint: &Arc<Checkpoint>,
        outage: &Arc<Outage>,
        mut stop: Stop,
    ) {
        let mut lanes: JoinSet<String> = JoinSet::new();
        let mut running = BTreeSet::new();
        let mut first_look = checkpoint.is_empty();
        let mut failures = 0_u32;
        loop {
            let shards = tokio::select! {
                biased;
                () = stop.requested() => break,
                shards = self.api.shards(arn) => shards,
            };
            let wait = match shards {
                Ok(shards) => {
                    outage.over();
                    failures = 0;
                    for shard in startable(&shards, checkpoint, &running) {
                        let start = self.start_of(&shard, checkpoint, first_look);
                        running.insert(shard.shard_id.clone());
                        let (poller, arn) = (Arc::clone(self), arn.to_owned());
                        let (checkpoint, outage) = (Arc::clone(checkpoint), Arc::clone(outage));
                        let stop = stop.clone();
                        lanes.spawn(async move {
                            poller.run_shard(&arn, &shard, start, checkpoint, &outage, stop).await;
                            shard.shard_id
                        });
                    }
                    first_look = false;
                    SHARD_REFRESH
                }
                Err(error) => {
                    outage.seen(&error);
                    failures = failures.saturating_add(1);
                    RECONNECT.after(failures)
                }
            };
            // A finished shard may let its children start at once.
            tokio::select! {
                biased;
                () = stop.requested() => break,
                Some(Ok(shard)) = lanes.join_next() => { running.remove(&shard); }
                () = tokio::time::sleep(wait) => {}
            }
        }
        while lanes.join_next().await.is_some() {}
    }

    /// A shard that first appears later holds records from after the start of the mapping, so it is read from its
    /// beginning.
    fn start_of(&self, shard: &Shard, checkpoint: &Checkpoint, first_look: bool) -> Start {
        match checkpoint.get(&shard.shard_id).and_then(|mark| mark.after) {
            Some(after) => Start::After(after),
            None if first_look && self.starting_position == StartingPosition::Latest => Start::Latest,
            None => Start::TrimHorizon,
        }
    }

    async fn run_shard(
        &self,
        arn: &str,
        shard: &Shard,
        start: Start,
        checkpoint: Arc<Checkpoint>,
        outage: &Outage,
        stop: Stop,
    ) {
        let limits = Limits {
            records: self.batch_size,
            window: self.window,
            payload_bytes: PAYLOAD_BYTES,
            envelope_bytes: STREAM_ENVELOPE_BYTES + self.tumbling.map_or(0, |_| TUMBLING_BYTES),
        };
        let tumbling = self.tumbling.map(|length| Tumbling::new(length, arn, &shard.shard_id));
        let shape = StreamShape { arn: arn.to_owned(), shard: shard.shard_id.clone(), tumbling };
        let after = match &start {
            Start::After(after) => Some(after.clone()),
            _ => None,
        };
        let mut log = ShardLog {
            api: &self.api,
            filter: &self.filter,
            checkpoint: &checkpoint,
            outage,
            arn,
            shard: &shard.shard_id,
            start,
            iterator: None,
            read_to: after,
            ended: false,
        };
        ordered_log::run(&self.dispatcher, &shape, &mut log, limits, outage, stop.clone()).await;
        if log.ended && !stop.is_requested() {
            let mark = Mark { after: log.read_to.clone(), finished: true };
            if let Err(error) = checkpoint.set(&shard.shard_id, mark).await {
                outage.seen(&error);
            }
        }
    }
}

/// Shards that do not run, are not finished, and whose parent is finished or gone.
fn startable(shards: &[Shard], checkpoint: &Checkpoint, running: &BTreeSet<String>) -> Vec<Shard> {
    let finished = |id: &str| checkpoint.get(id).is_some_and(|mark| mark.finished);
    let waits = |parent: &String| shards.iter().any(|shard| shard.shard_id == *parent) && !finished(parent);
    shards
        .iter()
        .filter(|shard| !running.contains(&shard.shard_id) && !finished(&shard.shard_id))
        .filter(|shard| !shard.parent_shard_id.as_ref().is_some_and(waits))
        .cloned()
        .collect()
}

/// A stream record with its JSON.
#[derive(Debug)]
pub struct Sent {
    sequence: String,
    created_ms: i64,
    json: Bytes,
}

/// How Lambda represents the records of one shard.
struct StreamShape {
    arn: String,
    shard: String,
    tumbling: Option<Tumbling>,
}

impl Shape for StreamShape {
    type Item = Sent;
    type Identifier = SequenceNumber;

    fn json<'a>(&self, item: &'a Sent) -> &'a [u8] {
        &item.json
    }

    fn created_ms(&self, item: &Sent) -> i64 {
        item.created_ms
    }

    fn identifier(&self, item: &Sent) -> SequenceNumber {
        SequenceNumber(item.sequence.clone())
    }

    fn event(&self, items: &[&Sent]) -> Bytes {
        let records = items.iter().map(|item| item.json.as_ref());
        match (&self.tumbling, items.first()) {
            (Some(tumbling), Some(first)) => window_event(records, tumbling.members(first.created_ms)),
            _ => stream_event(records),
        }
    }

    fn together(&self, one: &Sent, other: &Sent) -> bool {
        self.tumbling.as_ref().is_none_or(|tumbling| tumbling.together(one.created_ms, other.created_ms))
    }

    fn completes(&self, outcome: &Outcome) -> bool {
        self.tumbling.as_ref().is_none_or(|tumbling| tumbling.keeps(outcome))
    }

    fn due_ms(&self) -> Option<i64> {
        self.tumbling.as_ref()?.ends_ms()
    }

    fn due(&self, now_ms: i64, before: Option<&Sent>) -> Option<Bytes> {
        self.tumbling.as_ref()?.last_event(before.map_or(now_ms, |record| record.created_ms))
    }

    fn sent_due(&self) {
        if let Some(tumbling) = &self.tumbling {
            tumbling.close();
        }
    }

    fn messages(&self, _: &Destination, failure: &Failure, items: &[&Sent], now: Timestamp) -> Vec<Message> {
        let (Some(first), Some(last)) = (items.first(), items.last()) else { return Vec::new() };
        let info = json!({
            "shardId": self.shard,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": iso(first.created_ms),
            "approximateArrivalOfLastRecord": iso(last.created_ms),
            "batchSize": items.len(),
            "streamArn": self.arn,
        });
        let payload = Value::from(String::from_utf8_lossy(&self.event(items)).into_owned());
        vec![failure.message(now, ("DDBStreamBatchInfo", info), payload, None)]
    }
}

/// A shard as an ordered log; its position is the sequence number of the last processed record.
struct ShardLog<'a> {
    api: &'a StreamsApi,
    filter: &'a Filter,
    checkpoint: &'a Checkpoint,
    outage: &'a Outage,
    arn: &'a str,
    shard: &'a str,
    start: Start,
    iterator: Option<String>,
    /// Last record that was read, processed or not.
    read_to: Option<String>,
    ended: bool,
}

impl ShardLog<'_> {
    /// Reads once. Nothing changes before the answer has arrived, so the call may be dropped.
    async fn read_once(&mut self, records: usize) -> Result<ArrivedOf<Self>, StreamError> {
        let iterator = match &self.iterator {
            Some(iterator) => iterator.clone(),
            None => {
                let start = self.read_to.clone().map_or_else(|| self.start.clone(), Start::After);
                match self.api.iterator(self.arn, self.shard, &start).await {
                    Err(error) if error.is("TrimmedDataAccessException") => {
                        tracing::warn!(shard = self.shard, "the next records were trimmed; reading on behind them");
                        self.api.iterator(self.arn, self.shard, &Start::TrimHorizon).await?
                    }
                    iterator => iterator?,
                }
            }
        };
        self.iterator = Some(iterator.clone());
        let page = self.api.records(&iterator, records).await?;
        self.ended = page.next_shard_iterator.is_none();
        self.iterator = page.next_shard_iterator;
        Ok(page.records.into_iter().filter_map(|record| self.arrived(record)).collect())
    }

    fn arrived(&mut self, mut record: Value) -> Option<Arrived<Sent, Option<String>>> {
        let sequence = record.pointer("/dynamodb/SequenceNumber")?.as_str()?.to_owned();
        let created = record.pointer("/dynamodb/ApproximateCreationDateTime").and_then(Value::as_f64);
        record.as_object_mut()?.insert("eventSourceARN".into(), self.arn.into());
        let after = Some(sequence.clone());
        let before = self.read_to.replace(sequence.clone());
        let item = self.filter.passes(&record).then(|| Sent {
            sequence,
            // Fractional seconds; milliseconds fit for any date.
            created_ms: (created.unwrap_or_default() * 1_000.0) as i64,
            json: record.to_string().into(),
        });
        Some(Arrived { item, before, after })
    }
}

impl OrderedLog for ShardLog<'_> {
    type Shape = StreamShape;
    type Position = Option<String>;

    async fn read(&mut self, records: usize) -> Option<ArrivedOf<Self>> {
        let mut failures = 0_u32;
        loop {
            if self.ended {
                return None;
            }
            match self.read_once(records).await {
                Ok(arrived) => {
                    self.outage.over();
                    failures = 0;
                    if !arrived.is_empty() {
                        return Some(arrived);
                    }
                    if !self.ended {
                        tokio::time::sleep(READ_INTERVAL).await;
                    }
                }
                Err(error) => {
                    // Other errors keep the iterator: a new one for LATEST would skip what arrived meanwhile.
                    if error.is("ExpiredIteratorException") || error.is("TrimmedDataAccessException") {
                        self.iterator = None;
                    }
                    self.outage.seen(&error);
                    failures = failures.saturating_add(1);
                    tokio::time::sleep(RECONNECT.after(failures)).await;
                }
            }
        }
    }

    async fn commit(&mut self, after: Option<String>) -> Result<(), String> {
        self.checkpoint.set(self.shard, Mark { after, finished: false }).await
    }
}
