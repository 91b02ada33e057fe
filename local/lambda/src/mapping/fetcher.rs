//! The task that fetches for all partitions of one topic.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use krafka::CloseOptions;
use krafka::consumer::{Consumer, ConsumerRecord};
use krafka::error::KrafkaError;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::connection::{CALL_TIMEOUT, FETCH_MAX_WAIT, failed};
use super::queue::Queue;
use super::record::{Record, TimestampType};
use super::source::SourceError;

/// Maximum duration of a poll of an external broker, and maximum wait for the embedded one's notification of records;
/// then the task checks its queues again.
const POLL: Duration = Duration::from_millis(500);
/// Minimum pause between two polls of the embedded broker: records that arrive one by one are cheaper to process
/// together, for the broker, the functions and the database.
const PAUSE: Duration = Duration::from_millis(30);
/// A poll that returns this many records has left more behind, and the next one follows at once.
const BACKLOG: usize = 100;
/// Pause after a failed poll.
const POLL_BACKOFF: Duration = Duration::from_millis(200);

/// Asks the fetching task to open a partition at an offset.
pub(super) struct Open {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) queue: Arc<Queue>,
    pub(super) done: oneshot::Sender<Result<(), SourceError>>,
}

/// Owns the consumer: opens partitions, pauses those whose queue is full, and fills the queues. Polls never run
/// concurrently with an assignment, so no record from a wrong position can slip in.
pub(super) struct Fetcher {
    consumer: Consumer,
    topic: String,
    /// Notifies of new records; `None` for a broker that can hold a poll until there are some.
    arrivals: Option<watch::Receiver<()>>,
    /// The queue of each open partition, and whether the partition is paused.
    queues: BTreeMap<i32, (Arc<Queue>, bool)>,
    /// Pause between two polls of the embedded broker.
    pause: Duration,
    /// Number of records of the last poll.
    polled: usize,
    /// The last poll found nothing, and everything notified before it has been read.
    caught_up: bool,
}

impl Fetcher {
    /// A fetcher without partitions.
    pub(super) fn new(
        consumer: Consumer,
        topic: String,
        arrivals: Option<watch::Receiver<()>>,
        window: Duration,
    ) -> Self {
        // A mapping with a batching window does not need its records at once.
        let pause = PAUSE.max(window / 10).min(POLL);
        Self { consumer, topic, arrivals, queues: BTreeMap::new(), pause, polled: 0, caught_up: false }
    }

    /// Runs until nobody can ask for a partition any more.
    pub(super) async fn run(mut self, mut opens: mpsc::Receiver<Open>, drained: Arc<Notify>) {
        loop {
            self.pause_and_resume().await;
            let polled = tokio::select! {
                biased;
                open = opens.recv() => {
                    let Some(open) = open else { break };
                    let opened = self.seek(&open).await;
                    if opened.is_ok() {
                        self.queues.insert(open.partition, (open.queue, false));
                    }
                    // The requester is gone if the partition was stopped meanwhile.
                    let _ = open.done.send(opened);
                    continue;
                }
                () = drained.notified() => continue,
                polled = self.poll(), if !self.queues.is_empty() => polled,
            };
            match polled {
                Ok(records) => self.distribute(records),
                Err(error) => {
                    tracing::debug!(topic = %self.topic, %error, "a fetch failed");
                    tokio::time::sleep(POLL_BACKOFF).await;
                }
            }
        }
        let _ = self.consumer.close_with(CloseOptions::new().timeout(CALL_TIMEOUT)).await;
    }

    async fn pause_and_resume(&mut self) {
        for (partition, (queue, paused)) in &mut self.queues {
            let full = queue.is_full();
            match (full, *paused) {
                (true, false) => self.consumer.pause(&self.topic, &[*partition]).await,
                (false, true) => {
                    self.consumer.resume(&self.topic, &[*partition]).await;
                    self.caught_up = false;
                }
                _ => {}
            }
            *paused = full;
        }
    }

    async fn poll(&mut self) -> Result<Vec<ConsumerRecord>, KrafkaError> {
        let Some(arrivals) = &mut self.arrivals else { return self.consumer.poll(POLL).await };
        if self.caught_up {
            // Continues on a timeout, too; an error means that the broker has ended.
            let _ = tokio::time::timeout(POLL, arrivals.changed()).await;
        }
        // Until the poll has ended, since it may be dropped.
        self.caught_up = false;
        if self.polled < BACKLOG {
            tokio::time::sleep(self.pause).await;
        }
        arrivals.mark_unchanged();
        let records = self.consumer.poll(FETCH_MAX_WAIT).await?;
        (self.polled, self.caught_up) = (records.len(), records.is_empty());
        Ok(records)
    }

    fn distribute(&self, records: Vec<ConsumerRecord>) {
        for record in records {
            if let Some((queue, _)) = self.queues.get(&record.partition) {
                queue.push(convert(record));
            }
        }
    }

    async fn seek(&mut self, wanted: &Open) -> Result<(), SourceError> {
        let mut partitions: Vec<i32> = self.queues.keys().copied().collect();
        if !self.queues.contains_key(&wanted.partition) {
            partitions.push(wanted.partition);
            self.consumer.assign(&self.topic, partitions).await.map_err(failed("assigning a partition"))?;
        }
        self.consumer.seek(&self.topic, wanted.partition, wanted.offset).await.map_err(failed("seeking"))?;
        self.consumer.resume(&self.topic, &[wanted.partition]).await;
        self.caught_up = false;
        Ok(())
    }
}

fn convert(record: ConsumerRecord) -> Record {
    let timestamp_type = match record.timestamp_type {
        krafka::TimestampType::LogAppendTime => TimestampType::LogAppendTime,
        _ => TimestampType::CreateTime,
    };
    Record {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
        timestamp_type,
        key: record.key,
        value: record.value,
        headers: record.headers,
    }
}
