//! Publishes entries that remain in the outbox: every minute those that were left behind, and at once those that the
//! table's stream delivers from writers that cannot produce.

mod work;

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use millrace_delivery::outbox::Outbox;
use millrace_platform::kafka::{self, Kafka, Publisher};
use millrace_platform::{invocations, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env().await?);
    let outbox = Arc::new(Outbox::from_env(publisher.clone())?);
    let handle = move |event: LambdaEvent<Value>| {
        let outbox = outbox.clone();
        async move {
            let deadline = event.context.deadline();
            work::run(&outbox, event.payload, deadline).await
        }
    };
    invocations::serve(handle, async move { kafka::close(&*publisher).await }).await
}
