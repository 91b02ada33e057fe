//! Producing to Kafka, behind one narrow trait, so that the client library can be replaced with little work.

mod error;
mod krafka;
mod link;
mod secret;
mod settings;

use std::time::Duration;

use bytes::Bytes;

use futures::future::BoxFuture;

pub use error::{PublishError, Rejection};
pub use krafka::Kafka;
pub use secret::{Ca, Login};
pub use settings::{Auth, KafkaSettings, SettingsError};

/// Largest record that is sent: key, value and headers, in bytes. Kafka's own default (`message.max.bytes`, 1,048,588)
/// includes the batch header, so this is a little lower.
pub const MAX_RECORD_BYTES: usize = 1_000_000;

/// The `content-type` header of a CloudEvent in structured JSON mode (CloudEvents' Kafka protocol binding, 3.3).
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// One record to produce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Topic name.
    pub topic: String,
    /// Partitioning key: the aggregate id. Records with the same key keep their order.
    pub key: String,
    /// The CloudEvent in structured JSON.
    pub value: Bytes,
    /// Header names and values, in order.
    pub headers: Vec<(String, Bytes)>,
}

impl Record {
    /// The record of an event in structured JSON, with its content type and trace context as headers.
    #[must_use]
    pub fn event(topic: &str, key: String, value: impl Into<Bytes>, traceparent: Option<String>) -> Self {
        let mut headers = vec![("content-type".to_owned(), Bytes::from_static(CONTENT_TYPE.as_bytes()))];
        headers.extend(traceparent.map(|trace| ("traceparent".to_owned(), Bytes::from(trace))));
        Self { topic: topic.to_owned(), key, value: value.into(), headers }
    }

    /// Total size of key, value and headers, in bytes.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.key.len() + self.value.len() + headers
    }
}

/// Position of an acknowledged record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition. `None` when the broker recognised a retry of a record it already has.
    pub offset: Option<i64>,
}

/// Time limit for the flush at SIGTERM; Lambda allows 2 s in total.
const CLOSE: Duration = Duration::from_millis(300);

/// Flushes and closes `publisher` at the end of the process. Events not acknowledged by then are still in the outbox.
pub async fn close(publisher: &dyn Publisher) {
    if let Err(error) = publisher.close(CLOSE).await {
        tracing::warn!(%error, "not everything was acknowledged at the end");
    }
}

/// Produces records. One per process, shared by concurrent invocations.
pub trait Publisher: Send + Sync {
    /// Sends `record` and waits up to `within` until all in-sync replicas have it.
    ///
    /// Delivery is at least once: after [`PublishError::Unavailable`] the record may still arrive, even some seconds
    /// later, so consumers deduplicate by event id.
    ///
    /// # Errors
    /// [`PublishError::Unavailable`] when the record was not acknowledged in time, [`PublishError::Rejected`] when the
    /// cluster refused it.
    fn publish(&self, record: Record, within: Duration) -> BoxFuture<'_, Result<Ack, PublishError>>;

    /// Checks within `within`, by one round trip, that the cluster answers.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    fn ready(&self, within: Duration) -> BoxFuture<'_, Result<(), PublishError>>;

    /// Sends the queued records and closes the producer, waiting up to `within`. Later calls are refused. For SIGTERM.
    ///
    /// # Errors
    /// [`PublishError::Unavailable`] when a queued record was not acknowledged in time.
    fn close(&self, within: Duration) -> BoxFuture<'_, Result<(), PublishError>>;
}
