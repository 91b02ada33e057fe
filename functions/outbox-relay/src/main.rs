//! Publishes what stayed in the outbox: each minute what was left behind, and at once what the outbox table's stream
//! brings from writers that cannot produce.

mod work;

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use millrace::crash_points::{self, ANSWER};
use millrace::kafka::{self, Kafka, Publisher};
use millrace::outbox::Outbox;
use millrace::shutdown::{self, InFlight};
use millrace::{aws, settings, telemetry};
use serde_json::Value;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env()?);
    let outbox = Arc::new(Outbox::new(aws::dynamodb()?, settings::setting("OUTBOX_TABLE")?, publisher.clone()));
    let in_flight = InFlight::default();
    shutdown::on_sigterm(in_flight.clone(), async move { kafka::close(&*publisher).await });
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Value>| {
        let outbox = outbox.clone();
        let guard = in_flight.enter();
        let span = telemetry::invocation_span(&event.context.request_id, None);
        async move {
            let _guard = guard;
            let answer = work::run(&outbox, event.payload, event.context.deadline()).await;
            crash_points::before(ANSWER);
            answer
        }
        .instrument(span)
    }))
    .await
}
