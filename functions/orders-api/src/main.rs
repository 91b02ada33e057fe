//! The orders API: orders, ingredients, and the demo data that lets one try them.

mod ingredients;
mod input;
mod orders;
mod quote;
mod routes;
mod seed;
mod store;
mod story;

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
    let store = Store {
        dynamo: dynamo.clone(),
        orders: settings::setting("ORDERS_TABLE")?,
        ingredients: settings::setting("INGREDIENTS_TABLE")?,
        products: settings::setting("PRODUCTS_TABLE")?,
    };
    let keys = Keys::new(dynamo.clone(), settings::setting("IDEMPOTENCY_TABLE")?);
    let outbox = Outbox::new(dynamo, settings::setting("OUTBOX_TABLE")?, publisher.clone());
    let api = Api { store, keys, outbox, seed: settings::setting("SEED")? == "on" };
    api::serve::serve(routes::router(api), async move { kafka::close(&*publisher).await }).await
}
