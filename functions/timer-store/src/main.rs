//! Adds requested timers to the due index, from which they are fired.

mod enter;
mod store;

use millrace_delivery::consumer;
use millrace_platform::{aws, settings, telemetry};

use crate::enter::Entering;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let store = Store { dynamo: aws::dynamodb()?, timers: settings::setting("TIMERS_TABLE")? };
    consumer::serve(Entering { store }).await
}
