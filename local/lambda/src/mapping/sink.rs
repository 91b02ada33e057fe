//! On-failure destinations of the local stack: the S3 endpoint over HTTP, and Kafka.

use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use krafka::Kafka;
use krafka::producer::{Producer, Record};
use tokio::sync::OnceCell;

use super::destination::{Sink, SinkError};

/// Maximum wait for a destination.
const SINK_TIMEOUT: Duration = Duration::from_secs(5);

/// Writes to S3 at an endpoint without TLS, with path-style addresses, and to Kafka with a producer created on first
/// use.
///
/// Requests to S3 are unsigned, which the embedded S3 and LocalStack accept.
pub struct LocalSink {
    http: reqwest::Client,
    endpoint: String,
    bootstrap_servers: String,
    producer: OnceCell<Producer>,
}

impl LocalSink {
    /// A sink for an AWS endpoint such as `http://127.0.0.1:4566` and a Kafka cluster.
    pub fn new(http: reqwest::Client, endpoint: &str, bootstrap_servers: &str) -> Self {
        Self {
            http,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            bootstrap_servers: bootstrap_servers.to_owned(),
            producer: OnceCell::new(),
        }
    }

    async fn producer(&self) -> Result<&Producer, SinkError> {
        let connect = || async {
            let kafka = Kafka::builder(self.bootstrap_servers.as_str()).connect_timeout(SINK_TIMEOUT).connect().await?;
            kafka.producer().delivery_timeout(SINK_TIMEOUT).build().await
        };
        self.producer.get_or_try_init(connect).await.map_err(|error| SinkError(error.to_string()))
    }
}

impl Sink for LocalSink {
    fn put_object(&self, bucket: String, key: String, body: Bytes) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            let url = format!("{}/{bucket}/{key}", self.endpoint);
            let request = self.http.put(url).timeout(SINK_TIMEOUT).header("content-type", "application/json");
            let answer = request.body(body).send().await.map_err(|error| SinkError(error.to_string()))?;
            let status = answer.status();
            if status.is_success() {
                return Ok(());
            }
            Err(SinkError(format!("S3 answered {status} for bucket {bucket}")))
        })
    }

    fn produce(&self, topic: String, key: Option<Bytes>, value: Bytes) -> BoxFuture<'_, Result<(), SinkError>> {
        Box::pin(async move {
            let record = Record::new(topic, value);
            let record = match key {
                Some(key) => record.key(key),
                None => record,
            };
            let sent = self.producer().await?.send(record).await;
            sent.map(|_| ()).map_err(|error| SinkError(error.to_string()))
        })
    }
}
