//! Takes both kinds of invocations: Kafka's batches, and the function's own with attempts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::{LambdaEvent, service_fn};
use millrace::consumer::{self, BatchResponse, KafkaBatch, KafkaRecord, Report};
use millrace::crash_points::{self, ANSWER};
use millrace::dead_letter::DeadLetters;
use millrace::shutdown::{self, InFlight};
use millrace::telemetry;
use serde::Deserialize;
use tracing::Instrument;

use crate::delivery::Deliveries;
use crate::handoff::{Due, Handoff};

/// Left of the invocation's time when attempts stop being marked.
const MARGIN: Duration = Duration::from_secs(1);

/// What the function is invoked with: one of the two.
#[derive(Debug, Deserialize)]
struct Payload {
    #[serde(default)]
    records: BTreeMap<String, Vec<KafkaRecord>>,
    #[serde(default)]
    due: Vec<Due>,
}

/// Serves until Lambda ends the process.
pub async fn serve(
    handoff: Handoff,
    dead_letters: DeadLetters,
    report: Report,
    deliveries: Deliveries,
) -> Result<(), lambda_runtime::Error> {
    let shared = Arc::new((handoff, dead_letters, deliveries));
    let in_flight = InFlight::default();
    shutdown::on_sigterm(in_flight.clone(), async {});
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Payload>| {
        let shared = shared.clone();
        let guard = in_flight.enter();
        let span = telemetry::invocation_span(&event.context.request_id, None);
        async move {
            let _guard = guard;
            let (handoff, dead_letters, deliveries) = &*shared;
            let Payload { records, due } = event.payload;
            if due.is_empty() {
                let batch = KafkaBatch { records };
                return consumer::answer(handoff, dead_letters, report, batch, &event.context).await;
            }
            let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            deliveries.make(due, Instant::now() + left.saturating_sub(MARGIN)).await;
            crash_points::before(ANSWER);
            Ok(BatchResponse::default())
        }
        .instrument(span)
    }))
    .await
}
