//! Serves both kinds of invocations: Kafka batches, and the function's own invocations with attempts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::LambdaEvent;
use millrace_delivery::consumer::{self, BatchResponse, KafkaBatch, KafkaRecord, Report};
use millrace_delivery::dead_letter::DeadLetters;
use millrace_platform::invocations;
use serde::Deserialize;

use crate::attempt::Due;
use crate::delivery::Deliveries;
use crate::handoff::Handoff;

/// Time of the invocation left when attempts have to be finished.
const MARGIN: Duration = Duration::from_secs(1);

/// The payload of an invocation: one of the two.
#[derive(Debug, Deserialize)]
struct Payload {
    #[serde(default)]
    records: BTreeMap<String, Vec<KafkaRecord>>,
    #[serde(default)]
    due: Vec<Due>,
}

/// Serves until Lambda ends the process.
pub async fn serve(handoff: Handoff, deliveries: Deliveries) -> Result<(), lambda_runtime::Error> {
    let (dead_letters, report) = (DeadLetters::from_env()?, Report::from_env()?);
    let shared = Arc::new((handoff, dead_letters, deliveries));
    let handle = move |event: LambdaEvent<Payload>| {
        let shared = shared.clone();
        async move {
            let (handoff, dead_letters, deliveries) = &*shared;
            let Payload { records, due } = event.payload;
            if due.is_empty() {
                let batch = KafkaBatch { records };
                return consumer::answer(handoff, dead_letters, report, batch, &event.context).await;
            }
            let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            deliveries.make(due, Instant::now() + left.saturating_sub(MARGIN)).await;
            Ok(BatchResponse::default())
        }
    };
    invocations::serve(handle, async {}).await
}
