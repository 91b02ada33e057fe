//! Publishes the pending entries of one aggregate.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use futures::FutureExt;

use super::drain::{Drain, Performed, Step};
use super::{Entry, FastPath, bundle};
use millrace_platform::aws;
use millrace_platform::batching::Batcher;
use millrace_platform::dynamo::{Item, OnTable, StoreError, WRITE_BATCH, batch_write, delete_request, s};
use millrace_platform::kafka::{PublishError, Publisher, Record};
use millrace_platform::settings::{MissingSetting, setting};

/// Entries read by one query; an aggregate rarely has more than one pending.
const PAGE: i32 = 25;

/// Most time that a request spends on Kafka before it leaves the event to the relay.
pub const REQUEST_BUDGET: Duration = Duration::from_secs(2);

/// Why an aggregate still has pending entries.
#[derive(Debug, thiserror::Error)]
pub enum PublishFailure {
    /// The outbox could not be read, or an entry could not be deleted.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Kafka did not acknowledge.
    #[error(transparent)]
    Kafka(#[from] PublishError),
    /// The time limit was reached.
    #[error("not finished in time")]
    OutOfTime,
}

/// The outbox of this process.
#[derive(Clone)]
pub struct Outbox {
    pub(super) dynamo: Client,
    pub(super) table: String,
    publisher: Arc<dyn Publisher>,
    fast_path: Arc<FastPath>,
    /// Deletes entries, combining those of several aggregates into one call.
    deletes: Batcher<EntryKey, Result<(), StoreError>>,
}

/// Partition key and sort key of an entry.
type EntryKey = (String, String);

impl Outbox {
    /// An outbox on `table` that publishes through `publisher`.
    pub fn new(dynamo: Client, table: String, publisher: Arc<dyn Publisher>) -> Self {
        let at = (dynamo.clone(), table.clone());
        let deletes = Batcher::new(WRITE_BATCH, move |keys| delete(at.clone(), keys).boxed());
        Self { dynamo, table, publisher, fast_path: Arc::default(), deletes }
    }

    /// The outbox in the table that the setting `OUTBOX_TABLE` names.
    ///
    /// # Errors
    /// A setting is missing.
    pub fn from_env(publisher: Arc<dyn Publisher>) -> Result<Self, MissingSetting> {
        Ok(Self::new(aws::dynamodb()?, setting("OUTBOX_TABLE")?, publisher))
    }

    /// Name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Moves the entries of a [bundle](super::bundle) to their own aggregates, and returns these. A writer calls this
    /// before it commits the next version of an item that refers to the bundle.
    ///
    /// # Errors
    /// The outbox does not answer.
    pub async fn expand(&self, key: &str) -> Result<BTreeSet<String>, StoreError> {
        bundle::expand(&self.dynamo, &self.table, key).await
    }

    /// The fast path of a request that has committed these entries of one aggregate: publishes the aggregate's pending
    /// entries within [`REQUEST_BUDGET`]. Returns nothing, because the events are safe in the outbox in any case.
    pub async fn after_commit(&self, entries: Vec<Entry>) {
        let Some(aggregate) = entries.first().map(|entry| entry.aggregate.clone()) else { return };
        if !self.fast_path.enter(Instant::now()) {
            tracing::debug!(aggregate, "left to the relay, because Kafka failed a moment ago");
            return;
        }
        match self.drain(&aggregate, Drain::after_commit(entries), REQUEST_BUDGET).await {
            Ok(_) => self.fast_path.succeeded(),
            Err(failure) => {
                self.fast_path.failed(Instant::now());
                tracing::warn!(aggregate, error = %failure, "left to the relay");
            }
        }
    }

    /// Publishes all pending entries of an aggregate in order, and returns their number.
    ///
    /// # Errors
    /// The first failure; entries that were not acknowledged stay pending.
    pub async fn publish(&self, aggregate: &str, within: Duration) -> Result<usize, PublishFailure> {
        self.drain(aggregate, Drain::default(), within).await
    }

    async fn drain(
        &self,
        aggregate: &str,
        mut drain: Drain<Entry, PublishFailure>,
        within: Duration,
    ) -> Result<usize, PublishFailure> {
        let deadline = Instant::now() + within;
        while let Some(step) = drain.step() {
            let left = deadline.saturating_duration_since(Instant::now());
            // A call that hangs must not block the request.
            let performed = tokio::time::timeout(left, self.perform(aggregate, step, left)).await;
            drain.apply(performed.unwrap_or(Err(PublishFailure::OutOfTime)));
        }
        drain.outcome()
    }

    async fn perform(
        &self,
        aggregate: &str,
        step: Step<'_, Entry>,
        within: Duration,
    ) -> Result<Performed<Entry>, PublishFailure> {
        match step {
            Step::Query => {
                let (entries, more) = self.pending(aggregate).await?;
                Ok(Performed::Pending(entries, more))
            }
            Step::Publish(entry) => {
                let ack = self.publisher.publish(record(entry), within).await?;
                tracing::info!(
                    eventId = entry.event_id,
                    topic = entry.topic,
                    partition = ack.partition,
                    offset = ack.offset,
                    "published"
                );
                Ok(Performed::Acknowledged)
            }
            Step::Delete(entry) => {
                self.deletes
                    .submit((entry.aggregate.clone(), entry.entry.clone()))
                    .await
                    .map_err(StoreError::from)??;
                Ok(Performed::Deleted)
            }
        }
    }

    /// The first pending entries of an aggregate, and whether there are more. Read consistently, so that a committed
    /// predecessor is never missed.
    async fn pending(&self, aggregate: &str) -> Result<(Vec<Entry>, bool), StoreError> {
        let answer = self
            .dynamo
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#aggregate = :aggregate")
            .expression_attribute_names("#aggregate", "aggregate")
            .expression_attribute_values(":aggregate", s(aggregate))
            .limit(PAGE)
            .send()
            .await
            .on(&self.table)?;
        let entries = answer.items().iter().map(Entry::from_item).collect::<Result<_, _>>()?;
        Ok((entries, answer.last_evaluated_key().is_some()))
    }
}

/// Deletes entries, up to the limit of one call. If some deletions fail, all are reported as failed, and their entries
/// are published again.
async fn delete((dynamo, table): (Client, String), keys: Vec<EntryKey>) -> Vec<Result<(), StoreError>> {
    let asked = keys.len();
    // Two requests of this process may have published the same entry, and a call accepts each key only once.
    let distinct: HashSet<EntryKey> = keys.into_iter().collect();
    let request = |(aggregate, entry): EntryKey| {
        delete_request(Item::from([("aggregate".to_owned(), s(aggregate)), ("entry".to_owned(), s(entry))]))
    };
    let deleted = match distinct.into_iter().map(request).collect() {
        Ok(requests) => batch_write(&dynamo, &table, requests).await,
        Err(error) => Err(error),
    };
    vec![deleted; asked]
}

fn record(entry: &Entry) -> Record {
    Record::event(&entry.topic, entry.key.clone(), entry.value.clone(), entry.traceparent.clone())
}
