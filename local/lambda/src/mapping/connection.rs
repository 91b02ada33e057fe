//! Connections to Kafka, and how long an answer may take.

use std::time::Duration;

use krafka::Kafka;
use krafka::error::KrafkaError;

use super::source::SourceError;

/// How long the embedded broker may take for a fetch, and hold one that finds nothing. Short, because new records are
/// notified.
pub(super) const FETCH_MAX_WAIT: Duration = Duration::from_millis(50);
/// Maximum wait for an answer to anything but a fetch.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects.
pub(super) async fn connect(bootstrap_servers: &str) -> Result<Kafka, SourceError> {
    Kafka::builder(bootstrap_servers)
        .client_id("local-mapping")
        .connect_timeout(CALL_TIMEOUT)
        .request_timeout(CALL_TIMEOUT)
        .connect()
        .await
        .map_err(failed("connecting"))
}

/// Wraps an error of krafka with what was attempted.
pub(super) fn failed(what: &'static str) -> impl Fn(KrafkaError) -> SourceError {
    move |error| SourceError(format!("{what}: {error}"))
}
