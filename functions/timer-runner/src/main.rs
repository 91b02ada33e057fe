//! Reads the due index five times a second and produces the attempts whose time has come.

mod hold;
mod lease;
mod produced;
mod run;
mod watch;

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use millrace::crash_points::{self, ANSWER};
use millrace::kafka::{self, Kafka, Publisher};
use millrace::shutdown::{self, InFlight};
use millrace::{aws, settings, telemetry};
use serde_json::Value;
use tracing::Instrument;

use crate::run::run;
use crate::watch::Index;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env()?);
    let table = settings::setting("TIMERS_TABLE")?;
    let index = Arc::new(Index { dynamo: aws::dynamodb()?, table, publisher: publisher.clone() });
    let in_flight = InFlight::default();
    shutdown::on_sigterm(in_flight.clone(), async move { kafka::close(&*publisher).await });
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Value>| {
        let index = index.clone();
        let guard = in_flight.enter();
        let span = telemetry::invocation_span(&event.context.request_id, None);
        async move {
            let _guard = guard;
            run(&index, event.context.deadline()).await;
            crash_points::before(ANSWER);
            Ok::<(), lambda_runtime::Diagnostic>(())
        }
        .instrument(span)
    }))
    .await
}
