//! One run of the relay.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::Diagnostic;
use millrace_delivery::outbox::{Outbox, RelayReport, publish_all, relay};
use millrace_platform::clock;
use millrace_platform::metrics::{self, Metric};
use serde_json::Value;

/// Time of the invocation that is kept in reserve; no new work starts after it.
const MARGIN: Duration = Duration::from_secs(3);

/// Why a run failed. What it left is found by the next scheduled run; a failed batch of stream records is retried.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("{0} aggregates still have events pending")]
    Pending(usize),
    #[error(transparent)]
    Store(#[from] millrace_platform::dynamo::StoreError),
}

impl From<RelayError> for Diagnostic {
    fn from(error: RelayError) -> Self {
        let error_type = match &error {
            RelayError::Pending(_) => "OutboxPending",
            RelayError::Store(_) => "StoreUnavailable",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// Publishes the aggregates of the payload's stream records; without stream records, all entries that were left behind.
pub async fn run(outbox: &Outbox, payload: Value, deadline: SystemTime) -> Result<(), RelayError> {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let deadline = Instant::now() + left.saturating_sub(MARGIN);
    let report = match woken(&payload) {
        Some(aggregates) => {
            let mut report = RelayReport::default();
            publish_all(outbox, aggregates, deadline, &mut report).await;
            report
        }
        None => relay(outbox, clock::now(), clock::random(), deadline).await?,
    };
    let RelayReport { published, failed, oldest } = report;
    let measured = [
        Metric::count("RelayedEvents", published),
        Metric::count("PendingAggregates", failed),
        Metric::milliseconds("OutboxAge", oldest),
    ];
    metrics::emit(&[("Function", "outbox-relay")], &measured, &[]);
    tracing::info!(published, failed, oldest_ms = oldest.as_millis(), "relayed");
    if failed > 0 { Err(RelayError::Pending(failed)) } else { Ok(()) }
}

/// The aggregates in the payload's stream records; `None` for a schedule's payload.
fn woken(payload: &Value) -> Option<BTreeSet<String>> {
    let records = payload.get("Records")?.as_array()?;
    let aggregate = |record: &Value| record.pointer("/dynamodb/Keys/aggregate/S")?.as_str().map(str::to_owned);
    Some(records.iter().filter_map(aggregate).collect())
}
