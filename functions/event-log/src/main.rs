//! Writes every event of every topic to the event log, once.

mod write;

use millrace_delivery::consumer;
use millrace_platform::{aws, settings, telemetry};

use crate::write::EventLog;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let log = EventLog {
        dynamo: aws::dynamodb()?,
        table: settings::setting("EVENT_LOG_TABLE")?,
        days: settings::parsed("EVENT_LOG_DAYS")?,
    };
    consumer::serve(log).await
}
