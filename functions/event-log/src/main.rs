//! Writes every event of every topic into the event log, once.

mod write;

use millrace::consumer::{self, Report};
use millrace::dead_letter::DeadLetters;
use millrace::{aws, settings, telemetry};

use crate::write::EventLog;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let log = EventLog {
        dynamo: dynamo.clone(),
        table: settings::setting("EVENT_LOG_TABLE")?,
        days: settings::parsed("EVENT_LOG_DAYS")?,
    };
    let table = settings::setting("DEAD_LETTER_TABLE")?;
    let dead_letters = DeadLetters::new(dynamo, table, aws::s3()?, settings::setting("ARCHIVE_BUCKET")?);
    consumer::serve(log, dead_letters, Report::from_env()?).await
}
