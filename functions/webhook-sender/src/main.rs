//! Fires webhooks.
//!
//! Lambda gives a partition's next batch to a function when it has answered the one before, so a receiver that is slow to
//! answer would hold everybody behind it up. Therefore a batch is only handed on: the function invokes itself
//! asynchronously with the due attempts, and that invocation makes them, all at once. What is lost on the
//! way is still in the due index, and comes again.

mod change;
mod connect;
mod delivery;
mod handoff;
mod send;
mod serve;
mod store;

use std::sync::Arc;

use millrace::consumer::Report;
use millrace::dead_letter::DeadLetters;
use millrace::settings::setting;
use millrace::timer::Table;
use millrace::webhook::guard::{Policy, SystemResolver};
use millrace::webhook::sign;
use millrace::{aws, telemetry};

use crate::delivery::Deliveries;
use crate::handoff::Handoff;
use crate::send::Sender;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let (letters, outbox) = (setting("DEAD_LETTER_TABLE")?, setting("OUTBOX_TABLE")?);
    let deliveries = Deliveries {
        store: Store::new(Table::from_env(dynamo.clone())?, outbox, letters.clone()),
        sender: Sender::new(Policy::from_env()?, Arc::new(SystemResolver)),
        secret: sign::secret_from_env()?,
    };
    let handoff = Handoff::new(handoff::client()?, setting("AWS_LAMBDA_FUNCTION_NAME")?);
    let dead_letters = DeadLetters::new(dynamo, letters, aws::s3()?, setting("ARCHIVE_BUCKET")?);
    serve::serve(handoff, dead_letters, Report::from_env()?, deliveries).await
}
