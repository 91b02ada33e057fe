//! Reads the due index five times a second, and produces the attempts that are due.

mod held_lease;
mod lease;
mod produced;
mod run;
mod watch;

use std::sync::Arc;

use lambda_runtime::{Diagnostic, LambdaEvent};
use millrace_platform::kafka::{self, Kafka, Publisher};
use millrace_platform::{aws, invocations, settings, telemetry};
use serde_json::Value;

use crate::run::run;
use crate::watch::Index;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env().await?);
    let table = settings::setting("TIMERS_TABLE")?;
    let index = Arc::new(Index { dynamo: aws::dynamodb()?, table, publisher: publisher.clone() });
    let handle = move |event: LambdaEvent<Value>| {
        let index = index.clone();
        async move {
            run(&index, event.context.deadline()).await;
            Ok::<(), Diagnostic>(())
        }
    };
    invocations::serve(handle, async move { kafka::close(&*publisher).await }).await
}
