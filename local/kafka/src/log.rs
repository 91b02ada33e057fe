//! The log behind the embedded broker: nisshi's storage, with two fixes.
//!
//! - **No gaps.** In memory, nisshi assigns the offset of a batch before it stores the batch, and exposes whatever is
//!   stored. With two concurrent batches, a reader may be given the later one first, continue after it, and never read
//!   the earlier one. Here the batches of a partition are stored one after another.
//! - **No search.** For each fetch, nisshi lists all batches of a partition, which costs more the more is stored. Here
//!   the newest batches are cached, and most consumers read just those. Waiting readers are notified of new records.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use nisshi_sans_io::create_topics_request::CreatableTopic;
use nisshi_sans_io::delete_groups_response::DeletableGroupResult;
use nisshi_sans_io::delete_records_request::DeleteRecordsTopic;
use nisshi_sans_io::delete_records_response::DeleteRecordsTopicResult;
use nisshi_sans_io::describe_cluster_response::DescribeClusterBroker;
use nisshi_sans_io::describe_configs_response::DescribeConfigsResult;
use nisshi_sans_io::describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic;
use nisshi_sans_io::fetch_response::AbortedTransaction;
use nisshi_sans_io::incremental_alter_configs_request::AlterConfigsResource;
use nisshi_sans_io::incremental_alter_configs_response::AlterConfigsResourceResponse;
use nisshi_sans_io::record::deflated::Batch;
use nisshi_sans_io::txn_offset_commit_response::TxnOffsetCommitResponseTopic;
use nisshi_sans_io::{ConfigResource, ErrorCode, IsolationLevel, ListOffset, ScramMechanism};
use nisshi_storage::{
    ArcDynStorage, BrokerRegistrationRequest, Error, GroupDetail, ListOffsetResponse, MetadataResponse,
    NamedGroupDetail, OffsetCommitRequest, OffsetStage, ProducerIdResponse, Result, ScramCredential, Storage, TopicId,
    Topition, TxnAddPartitionsRequest, TxnAddPartitionsResponse, TxnOffsetCommitRequest, UpdateError, Version,
};
use tokio::sync::watch;
use url::Url;
use uuid::Uuid;

/// Bytes of cached batches per partition; older ones are read from the storage.
const TAIL_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a batch that precede what its length field counts.
const BATCH_OVERHEAD: usize = 12;

/// Number of writer locks. Partitions that share one wait for each other, which does no harm; one lock per partition
/// would be unbounded, because clients can name any partition.
const WRITERS: usize = 64;

/// Notifies of new records.
#[derive(Debug, Clone, Default)]
pub struct Arrivals(Arc<Mutex<BTreeMap<String, watch::Sender<()>>>>);

impl Arrivals {
    /// Changes with each batch stored in the topic, once it can be read.
    pub fn of(&self, topic: &str) -> watch::Receiver<()> {
        self.lock().entry(topic.to_owned()).or_default().subscribe()
    }

    fn tell(&self, topic: &str) {
        if let Some(sender) = self.lock().get(topic) {
            sender.send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// nisshi's storage with ordered writes and fast reads at the end.
#[derive(Debug, Clone)]
pub(super) struct Log(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    storage: ArcDynStorage,
    writers: [tokio::sync::Mutex<()>; WRITERS],
    hasher: RandomState,
    tails: Mutex<BTreeMap<Topition, Tail>>,
    arrivals: Arrivals,
}

/// The newest batches of a partition.
#[derive(Debug, Default)]
struct Tail {
    /// In offset order, without gaps.
    batches: VecDeque<Batch>,
    bytes: usize,
    /// A transaction wrote to the partition. Its markers bypass this log, so nothing is cached any more.
    transactional: bool,
}

impl Log {
    /// A log on `storage`.
    pub(super) fn new(storage: ArcDynStorage) -> Self {
        Self(Arc::new(Shared {
            storage,
            writers: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            hasher: RandomState::new(),
            tails: Mutex::default(),
            arrivals: Arrivals::default(),
        }))
    }

    /// Notifies of new records.
    pub(super) fn arrivals(&self) -> Arrivals {
        self.0.arrivals.clone()
    }
}

impl Shared {
    async fn write(&self, transaction_id: Option<&str>, topition: &Topition, batch: Batch) -> Result<i64> {
        let writer = self.hasher.hash_one(topition) % WRITERS as u64;
        let _one_at_a_time = self.writers[writer as usize].lock().await;
        let transactional = transaction_id.is_some() || batch.is_transactional();
        let offset = self.storage.produce(transaction_id, topition, batch.clone()).await?;
        let batch = Batch { base_offset: offset, ..batch };
        let begins = self.tails().get(topition).and_then(Tail::end).is_none();
        let follows = !begins || self.is_newest(topition, &batch).await;
        let mut tails = self.tails();
        let tail = tails.entry(topition.clone()).or_default();
        if transactional {
            *tail = Tail { transactional, ..Tail::default() };
        } else if follows {
            tail.push(batch);
        }
        drop(tails);
        self.arrivals.tell(topition.topic());
        Ok(offset)
    }

    /// Whether a batch is the last of its partition. A batch that a client resent may have been stored long ago.
    async fn is_newest(&self, topition: &Topition, batch: &Batch) -> bool {
        let stage = self.storage.offset_stage(topition).await;
        stage.is_ok_and(|stage| stage.high_watermark() == end(batch))
    }

    fn forget(&self) {
        for tail in self.tails().values_mut() {
            (tail.batches, tail.bytes) = Default::default();
        }
    }

    fn tails(&self) -> MutexGuard<'_, BTreeMap<Topition, Tail>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tail {
    fn end(&self) -> Option<i64> {
        self.batches.back().map(end)
    }

    fn push(&mut self, batch: Batch) {
        match self.end() {
            _ if self.transactional => return,
            // The broker already had it.
            Some(end) if batch.base_offset < end => return,
            // Something that bypassed this log was stored in between.
            Some(end) if batch.base_offset > end => (self.batches, self.bytes) = Default::default(),
            _ => {}
        }
        self.bytes += size(&batch);
        self.batches.push_back(batch);
        while self.bytes > TAIL_BYTES
            && self.batches.len() > 1
            && let Some(oldest) = self.batches.pop_front()
        {
            self.bytes -= size(&oldest);
        }
    }

    /// The batches from the one with `offset` on: the first whatever its size, further ones up to `max_bytes` in total;
    /// `None` if the storage must be asked.
    fn read(&self, offset: i64, max_bytes: u32) -> Option<Vec<Batch>> {
        if self.batches.front().is_none_or(|oldest| offset < oldest.base_offset) {
            return None;
        }
        let from = self.batches.partition_point(|batch| end(batch) <= offset);
        let mut room = max_bytes as usize;
        let mut read = Vec::new();
        for batch in self.batches.range(from..) {
            let size = size(batch);
            if size > room && !read.is_empty() {
                break;
            }
            room = room.saturating_sub(size);
            read.push(batch.clone());
        }
        Some(read)
    }
}

/// The offset after a batch.
fn end(batch: &Batch) -> i64 {
    batch.base_offset + i64::from(batch.last_offset_delta) + 1
}

fn size(batch: &Batch) -> usize {
    usize::try_from(batch.batch_length).unwrap_or_default() + BATCH_OVERHEAD
}

/// Implements the storage trait: the methods written out here, and the rest delegated to nisshi.
macro_rules! storage {
    ({ $($own:item)* } $(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Storage for Log {
            $($own)*
            $(async fn $name(&self $(, $argument: $type)*) -> $answer { self.0.storage.$name($($argument),*).await })*
        }
    };
}

storage! {
    {
        async fn produce(&self, transaction_id: Option<&str>, topition: &Topition, batch: Batch) -> Result<i64> {
            let (log, transaction_id, topition) = (self.clone(), transaction_id.map(str::to_owned), topition.clone());
            // A separate task: if it were dropped half-way, with the client's connection, it would leave an offset
            // without a batch, at which a consumer would wait forever.
            let write = async move { log.0.write(transaction_id.as_deref(), &topition, batch).await };
            tokio::spawn(write).await.map_err(|_| Error::Api(ErrorCode::KafkaStorageError))?
        }

        async fn fetch(
            &self,
            topition: &'_ Topition,
            offset: i64,
            min_bytes: u32,
            max_bytes: u32,
            isolation: IsolationLevel,
            max_wait: Duration,
        ) -> Result<Vec<Batch>> {
            let kept = self.0.tails().get(topition).and_then(|tail| tail.read(offset, max_bytes));
            match kept {
                Some(batches) => Ok(batches),
                None => self.0.storage.fetch(topition, offset, min_bytes, max_bytes, isolation, max_wait).await,
            }
        }

        async fn delete_records(&self, topics: &[DeleteRecordsTopic]) -> Result<Vec<DeleteRecordsTopicResult>> {
            let deleted = self.0.storage.delete_records(topics).await;
            self.0.forget();
            deleted
        }

        async fn delete_topic(&self, topic: &TopicId) -> Result<ErrorCode> {
            let deleted = self.0.storage.delete_topic(topic).await;
            self.0.forget();
            deleted
        }
    }
    fn register_broker(&self, registration: BrokerRegistrationRequest) -> Result<()>;
    fn create_topic(&self, topic: CreatableTopic, validate_only: bool) -> Result<Uuid>;
    fn incremental_alter_resource(&self, resource: AlterConfigsResource) -> Result<AlterConfigsResourceResponse>;
    fn brokers(&self) -> Result<Vec<DescribeClusterBroker>>;
    fn offset_stage(&self, topition: &Topition) -> Result<OffsetStage>;
    fn list_offsets(&self, isolation: IsolationLevel, offsets: &[(Topition, ListOffset)])
        -> Result<Vec<(Topition, ListOffsetResponse)>>;
    fn offset_commit(&self, group: &str, retention: Option<Duration>, offsets: &[(Topition, OffsetCommitRequest)])
        -> Result<Vec<(Topition, ErrorCode)>>;
    fn offset_fetch(&self, group: Option<&str>, topics: &[Topition], stable: Option<bool>)
        -> Result<BTreeMap<Topition, i64>>;
    fn committed_offset_topitions(&self, group: &str) -> Result<BTreeMap<Topition, i64>>;
    fn metadata(&self, topics: Option<&[TopicId]>) -> Result<MetadataResponse>;
    fn upsert_user_scram_credential(&self, user: &str, mechanism: ScramMechanism, credential: ScramCredential)
        -> Result<()>;
    fn delete_user_scram_credential(&self, user: &str, mechanism: ScramMechanism) -> Result<()>;
    fn user_scram_credential(&self, user: &str, mechanism: ScramMechanism) -> Result<Option<ScramCredential>>;
    fn describe_config(&self, name: &str, resource: ConfigResource, keys: Option<&[String]>)
        -> Result<DescribeConfigsResult>;
    fn list_groups(&self) -> Result<Vec<NamedGroupDetail>>;
    fn delete_groups(&self, groups: Option<&[String]>) -> Result<Vec<DeletableGroupResult>>;
    fn describe_groups(&self, groups: Option<&[String]>, operations: bool) -> Result<Vec<NamedGroupDetail>>;
    fn describe_topic_partitions(&self, topics: Option<&[TopicId]>, limit: i32, cursor: Option<Topition>)
        -> Result<Vec<DescribeTopicPartitionsResponseTopic>>;
    fn group_with_version(&self, group: &str) -> Result<Option<(GroupDetail, Version)>>;
    fn update_group(&self, group: &str, detail: GroupDetail, version: Option<Version>)
        -> Result<Version, UpdateError<GroupDetail>>;
    fn init_producer(&self, transaction: Option<&str>, timeout_ms: i32, producer: Option<i64>, epoch: Option<i16>)
        -> Result<ProducerIdResponse>;
    fn txn_add_offsets(&self, transaction: &str, producer: i64, epoch: i16, group: &str) -> Result<ErrorCode>;
    fn txn_add_partitions(&self, partitions: TxnAddPartitionsRequest) -> Result<TxnAddPartitionsResponse>;
    fn txn_offset_commit(&self, offsets: TxnOffsetCommitRequest) -> Result<Vec<TxnOffsetCommitResponseTopic>>;
    fn txn_end(&self, transaction: &str, producer: i64, epoch: i16, committed: bool) -> Result<ErrorCode>;
    fn maintain(&self, now: SystemTime) -> Result<()>;
    fn maintain_transactions(&self, now: SystemTime) -> Result<()>;
    fn aborted_transactions(&self, topition: &Topition, offset: i64, last_stable: i64)
        -> Result<Vec<AbortedTransaction>>;
    fn cluster_id(&self) -> Result<String>;
    fn node(&self) -> Result<i32>;
    fn advertised_listener(&self) -> Result<Url>;
    fn ping(&self) -> Result<()>;
}

#[cfg(test)]
mod tests;
