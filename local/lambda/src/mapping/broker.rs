//! The Kafka side of a mapping, using krafka.
//!
//! Partitions are assigned by hand, so there is no group membership and no rebalance; offsets are nevertheless
//! committed to the group. One consumer fetches for all partitions of the topic, one task owns it, and a partition
//! whose queue is full is paused. A second connection commits, because a broker answers the requests of one connection
//! in order, and a commit would wait behind a fetch.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use krafka::admin::{AdminClient, ConsumerGroupLagOptions, ListConsumerGroupOffsetsOptions, ListOffsetsOptions};
use krafka::admin::{AlterConsumerGroupOffsetsOptions, DescribeTopicsOptions, OffsetSpec, TopicPartition};
use krafka::consumer::AutoOffsetReset;
use krafka::error::{ErrorCode, KrafkaError};
use local_template::model::StartingPosition;
use tokio::sync::{Notify, OnceCell, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::arrivals::Arrivals;
use super::connection::{CALL_TIMEOUT, FETCH_MAX_WAIT, connect, failed};
use super::fetcher::{Fetcher, Open};
use super::queue::Queue;
use super::record::Record;
use super::source::{Room, Source, SourceError, Standing};

/// How long an external broker may hold a fetch that finds nothing: Kafka's default of `fetch.max.wait.ms`.
const BROKER_FETCH_MAX_WAIT: Duration = Duration::from_millis(500);

/// Maximum number of records per poll; also how far a poll may overfill a queue.
const POLL_RECORDS: i32 = 500;
/// Maximum bytes of one fetch, per partition and in total.
const PARTITION_FETCH_BYTES: i32 = 1024 * 1024;
const FETCH_BYTES: i32 = 8 * 1024 * 1024;
/// Maximum number of partitions waiting to be opened.
const OPEN_QUEUE: usize = 16;
/// Minimum capacity of a queue, in records, so that small batches do not pause and resume all the time.
const AHEAD_RECORDS: usize = 500;

/// What to read, and as which group.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// `host:port,...`.
    pub bootstrap_servers: String,
    /// Topic.
    pub topic: String,
    /// Consumer group.
    pub group: String,
    /// Where a group without a commit starts.
    pub starting_position: StartingPosition,
    /// Maximum number of records in a batch; the queue of a partition holds about as many ahead.
    pub batch_size: usize,
    /// How long to wait for a batch to fill.
    pub window: Duration,
    /// Notifies of new records; `None` for an external broker, which holds a fetch until there are some.
    pub arrivals: Option<Arrivals>,
}

/// A topic of a Kafka cluster. Connects on first use, and retries until it succeeds.
pub struct BrokerSource {
    subscription: Subscription,
    client: OnceCell<Client>,
    queues: Arc<Queues>,
}

#[derive(Debug, Default)]
struct Queues {
    by_partition: Mutex<BTreeMap<i32, Arc<Queue>>>,
    drained: Arc<Notify>,
}

struct Client {
    admin: AdminClient,
    opens: mpsc::Sender<Open>,
    fetching: JoinHandle<()>,
}

impl BrokerSource {
    /// A source that is not connected yet.
    pub fn new(subscription: Subscription) -> Self {
        Self { subscription, client: OnceCell::new(), queues: Arc::default() }
    }

    /// Records and bytes held ahead of the batches, over all partitions.
    pub fn held(&self) -> (usize, usize) {
        let queues = self.queues.lock();
        queues.values().map(|queue| queue.held()).fold((0, 0), |sum, held| (sum.0 + held.0, sum.1 + held.1))
    }

    async fn client(&self) -> Result<&Client, SourceError> {
        self.client.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Client, SourceError> {
        let servers = &self.subscription.bootstrap_servers;
        let (fetches, calls) = tokio::try_join!(connect(servers), connect(servers))?;
        let arrivals = self.subscription.arrivals.as_ref().map(|arrivals| arrivals.of(&self.subscription.topic));
        let consumer = fetches
            .consumer_without_group()
            .auto_offset_reset(AutoOffsetReset::Earliest)
            .enable_auto_commit(false)
            .fetch_max_wait(if arrivals.is_some() { FETCH_MAX_WAIT } else { BROKER_FETCH_MAX_WAIT })
            .fetch_max_bytes(FETCH_BYTES)
            .max_partition_fetch_bytes(PARTITION_FETCH_BYTES)
            .max_poll_records(POLL_RECORDS)
            // This limit counts paused partitions too, and would stop the others; the queues bound memory instead.
            .max_buffered_records(0)
            .build()
            .await
            .map_err(|error| SourceError(error.to_string()))?;
        let (opens, requests) = mpsc::channel(OPEN_QUEUE);
        let topic = self.subscription.topic.clone();
        let fetcher = Fetcher::new(consumer, topic, arrivals, self.subscription.window);
        let fetching = tokio::spawn(fetcher.run(requests, Arc::clone(&self.queues.drained)));
        let admin = calls.admin().default_api_timeout(CALL_TIMEOUT);
        Ok(Client { admin, opens, fetching })
    }

    fn partition(&self, partition: i32) -> TopicPartition {
        TopicPartition::new(self.subscription.topic.clone(), partition)
    }

    /// The committed offset, or else the starting position.
    async fn position(&self, client: &Client, partition: i32) -> Result<i64, SourceError> {
        let wanted = self.partition(partition);
        let options = ListConsumerGroupOffsetsOptions::default().partitions(vec![wanted.clone()]);
        let mut committed = client
            .admin
            .list_consumer_group_offsets(self.subscription.group.clone(), options)
            .await
            .map_err(failed("reading the committed offset"))?;
        if let Some(entry) = committed.remove(&wanted)
            && let Some(offset) = entry.map_err(failed("reading the committed offset"))?.offset
        {
            return Ok(offset);
        }
        let offset = match self.subscription.starting_position {
            StartingPosition::TrimHorizon => self.listed(client, partition, OffsetSpec::Earliest).await?,
            StartingPosition::Latest => self.listed(client, partition, OffsetSpec::Latest).await?,
            StartingPosition::AtTimestamp(seconds) => {
                // The integer part fits i64 milliseconds for any date that a template can name.
                let at = OffsetSpec::Timestamp((seconds * 1_000.0) as i64);
                match self.find(client, partition, at).await? {
                    Some(offset) => offset,
                    None => self.listed(client, partition, OffsetSpec::Latest).await?,
                }
            }
        };
        self.commit(partition, offset).await?;
        Ok(offset)
    }

    async fn listed(&self, client: &Client, partition: i32, spec: OffsetSpec) -> Result<i64, SourceError> {
        let offset = self.find(client, partition, spec).await?;
        offset.ok_or_else(|| SourceError("the partition has no such offset".into()))
    }

    /// An offset by its specification; `None` if no record is as new as the wanted timestamp.
    async fn find(&self, client: &Client, partition: i32, spec: OffsetSpec) -> Result<Option<i64>, SourceError> {
        let wanted = self.partition(partition);
        let mut offsets = client
            .admin
            .list_offsets([(wanted.clone(), spec)], ListOffsetsOptions::default())
            .await
            .map_err(failed("listing offsets"))?;
        let entry = offsets.remove(&wanted).ok_or_else(|| SourceError("no offset was listed".into()))?;
        match entry {
            Ok(listed) => Ok(Some(listed.offset)),
            Err(KrafkaError::Broker { code: ErrorCode::OffsetNotAvailable, .. }) => Ok(None),
            Err(error) => Err(failed("listing offsets")(error)),
        }
    }
}

impl Drop for BrokerSource {
    fn drop(&mut self) {
        if let Some(client) = self.client.get() {
            client.fetching.abort();
        }
    }
}

impl Source for BrokerSource {
    async fn partitions(&self) -> Result<Vec<i32>, SourceError> {
        let client = self.client().await?;
        let topics = client
            .admin
            .describe_topics([self.subscription.topic.as_str()], DescribeTopicsOptions::default())
            .await
            .map_err(failed("describing the topic"))?;
        let topic = topics.into_values().next().ok_or_else(|| SourceError("the topic is not there".into()))?;
        let topic = topic.map_err(failed("describing the topic"))?;
        Ok(topic.partitions.iter().map(|partition| partition.partition).collect())
    }

    async fn open(&self, partition: i32) -> Result<(), SourceError> {
        let client = self.client().await?;
        let offset = self.position(client, partition).await?;
        let ahead = self.subscription.batch_size.max(AHEAD_RECORDS);
        let queue = Arc::new(Queue::new(ahead, Arc::clone(&self.queues.drained)));
        let (done, opened) = oneshot::channel();
        let ended = |_| SourceError("the fetching task has ended".into());
        let open = Open { partition, offset, queue: Arc::clone(&queue), done };
        client.opens.send(open).await.map_err(|_| SourceError("the fetching task has ended".into()))?;
        opened.await.map_err(ended)??;
        self.queues.lock().insert(partition, queue);
        Ok(())
    }

    async fn take(&self, partition: i32, room: Room) -> Vec<Record> {
        let queue = self.queues.lock().get(&partition).cloned();
        match queue {
            Some(queue) => queue.take(room).await,
            None => std::future::pending().await,
        }
    }

    async fn commit(&self, partition: i32, offset: i64) -> Result<(), SourceError> {
        let client = self.client().await?;
        let wanted = self.partition(partition);
        let mut results = client
            .admin
            .alter_consumer_group_offsets(
                self.subscription.group.clone(),
                [(wanted.clone(), offset)],
                AlterConsumerGroupOffsetsOptions::default(),
            )
            .await
            .map_err(failed("committing an offset"))?;
        let result = results.remove(&wanted).ok_or_else(|| SourceError("the commit was not answered".into()))?;
        result.map_err(failed("committing an offset"))
    }

    async fn standings(&self) -> Result<Vec<Standing>, SourceError> {
        let partitions = self.partitions().await?;
        let client = self.client().await?;
        let wanted = partitions.into_iter().map(|partition| self.partition(partition)).collect();
        let options = ConsumerGroupLagOptions::default().partitions(wanted);
        let lags = client
            .admin
            .consumer_group_lag(self.subscription.group.clone(), options)
            .await
            .map_err(failed("reading the lag"))?;
        let mut standings = Vec::with_capacity(lags.len());
        for (partition, lag) in lags {
            let lag = lag.map_err(failed("reading the lag"))?;
            let (end, committed) = (lag.end_offset, lag.committed_offset);
            standings.push(Standing { partition: partition.partition, end, committed });
        }
        standings.sort_unstable_by_key(|standing| standing.partition);
        Ok(standings)
    }
}

impl Queues {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i32, Arc<Queue>>> {
        self.by_partition.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
