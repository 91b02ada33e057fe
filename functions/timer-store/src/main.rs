//! Enters requested timers into the due index, from where they fire.

mod enter;
mod store;

use millrace::consumer::{self, Report};
use millrace::dead_letter::DeadLetters;
use millrace::{aws, settings, telemetry};

use crate::enter::Entering;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let store = Store { dynamo: dynamo.clone(), timers: settings::setting("TIMERS_TABLE")? };
    let table = settings::setting("DEAD_LETTER_TABLE")?;
    let dead_letters = DeadLetters::new(dynamo, table, aws::s3()?, settings::setting("ARCHIVE_BUCKET")?);
    consumer::serve(Entering { store }, dead_letters, Report::from_env()?).await
}
