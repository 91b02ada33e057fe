//! The orders API: orders, ingredients, and demo data for trying them out.

mod api;
mod demo_data;
mod ingredients;
mod input;
mod orders;
mod quote;
mod routes;
mod seed;
mod store;

use std::sync::Arc;

use millrace_api::change::Changes;
use millrace_api::serve::serve;
use millrace_platform::kafka::{self, Kafka, Publisher};
use millrace_platform::{aws, settings, telemetry};

use crate::api::Api;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env().await?);
    let store = Store {
        dynamo: aws::dynamodb()?,
        orders: settings::setting("ORDERS_TABLE")?,
        ingredients: settings::setting("INGREDIENTS_TABLE")?,
        products: settings::setting("PRODUCTS_TABLE")?,
    };
    let api = Api { store, changes: Changes::from_env(publisher.clone())?, seed: settings::setting("SEED")? == "on" };
    serve(routes::router(api), async move { kafka::close(&*publisher).await }).await
}
