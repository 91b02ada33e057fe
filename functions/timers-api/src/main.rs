//! The timers API: makes timers, tells what became of them, and cancels them.

mod guard;
mod input;
mod routes;
mod store;
mod view;

use std::sync::Arc;

use millrace::idempotency::Keys;
use millrace::kafka::{self, Kafka, Publisher};
use millrace::outbox::Outbox;
use millrace::timer::Table;
use millrace::webhook::guard::Policy;
use millrace::{api, aws, settings, telemetry};

use crate::routes::Api;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env()?);
    let store = Store { timers: Table::from_env(dynamo.clone())? };
    let keys = Keys::new(dynamo.clone(), settings::setting("IDEMPOTENCY_TABLE")?);
    let outbox = Outbox::new(dynamo, settings::setting("OUTBOX_TABLE")?, publisher.clone());
    let api = Api { store, keys, outbox, policy: Policy::from_env()? };
    api::serve::serve(routes::router(api), async move { kafka::close(&*publisher).await }).await
}
