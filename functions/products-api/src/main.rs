//! The products API: create, read, list, change and delete products; every change is an event.

mod change;
mod input;
mod routes;
mod store;

use std::sync::Arc;

use millrace::idempotency::Keys;
use millrace::kafka::{self, Kafka, Publisher};
use millrace::outbox::Outbox;
use millrace::{api, aws, settings, telemetry};

use crate::routes::Api;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env()?);
    let closing = publisher.clone();
    let api = Api {
        store: Store::new(dynamo.clone(), settings::setting("PRODUCTS_TABLE")?),
        keys: Keys::new(dynamo.clone(), settings::setting("IDEMPOTENCY_TABLE")?),
        outbox: Outbox::new(dynamo, settings::setting("OUTBOX_TABLE")?, publisher.clone()),
        publisher,
    };
    api::serve::serve(routes::router(api), async move { kafka::close(&*closing).await }).await
}
