//! Producing to Kafka, behind one narrow trait, so that a swap of the client stays small.

mod error;
mod krafka;
mod link;
mod settings;

use std::time::Duration;

use bytes::Bytes;

use futures::future::BoxFuture;

pub use error::{PublishError, Rejection};
pub use krafka::Kafka;
pub use settings::{Auth, KafkaSettings, SettingsError};

/// Largest record that is sent: key, value and headers, in bytes. Kafka's own default
/// (`message.max.bytes`, 1,048,588) counts the batch header too, so this stays a little below it.
pub const MAX_RECORD_BYTES: usize = 1_000_000;

/// The `content-type` header of a CloudEvent in structured JSON mode (CloudEvents' Kafka protocol binding, 3.3).
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// One record to produce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Topic name.
    pub topic: String,
    /// Partitioning key: the aggregate id. Records of one key keep their order.
    pub key: String,
    /// The CloudEvent in structured JSON.
    pub value: Bytes,
    /// Header names and values, in order.
    pub headers: Vec<(String, Bytes)>,
}

impl Record {
    /// The record of an event in structured JSON, with the headers that say so and carry its trace on.
    #[must_use]
    pub fn event(topic: &str, key: String, value: impl Into<Bytes>, traceparent: Option<String>) -> Self {
        let mut headers = vec![("content-type".to_owned(), Bytes::from_static(CONTENT_TYPE.as_bytes()))];
        headers.extend(traceparent.map(|trace| ("traceparent".to_owned(), Bytes::from(trace))));
        Self { topic: topic.to_owned(), key, value: value.into(), headers }
    }

    /// Bytes of key, value and headers together.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.len() + self.value.len() + headers
    }
}

/// Where an acknowledged record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition. `None` when the broker recognised a retry of a record it already has.
    pub offset: Option<i64>,
}

/// Most time to flush at SIGTERM; Lambda leaves 2 s in all.
const CLOSE: Duration = Duration::from_millis(300);

/// Flushes and closes `publisher` at the end of the process. What is not acknowledged by then is in the outbox.
pub async fn close(publisher: &dyn Publisher) {
    if let Err(error) = publisher.close(CLOSE).await {
        tracing::warn!(%error, "not everything was acknowledged at the end");
    }
}

/// Produces records. One per process, shared by its concurrent invocations.
pub trait Publisher: Send + Sync {
    /// Sends `record` and waits at most `within` for all in-sync replicas to have it.
    ///
    /// Delivery is at least once: after [`PublishError::Unavailable`] the record may still arrive, also some
    /// seconds later, so a consumer tells repeats by event id.
    ///
    /// # Errors
    /// [`PublishError::Unavailable`] when nothing acknowledged it in time, [`PublishError::Rejected`] when
    /// the cluster refused it.
    fn publish(&self, record: Record, within: Duration) -> BoxFuture<'_, Result<Ack, PublishError>>;

    /// Checks by one round trip that the cluster answers, within `within`.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    fn ready(&self, within: Duration) -> BoxFuture<'_, Result<(), PublishError>>;

    /// Sends what is queued and closes, waiting at most `within`. Later calls are refused. For SIGTERM.
    ///
    /// # Errors
    /// [`PublishError::Unavailable`] when something queued was not acknowledged in time.
    fn close(&self, within: Duration) -> BoxFuture<'_, Result<(), PublishError>>;
}
