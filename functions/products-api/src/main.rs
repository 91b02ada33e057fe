//! The products API: create, read, list, change and delete products; every change is an event.

mod input;
mod routes;
mod store;

use std::sync::Arc;

use millrace_api::change::Changes;
use millrace_api::serve::serve;
use millrace_platform::kafka::{self, Kafka, Publisher};
use millrace_platform::{aws, settings, telemetry};

use crate::routes::Api;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env().await?);
    let api = Api {
        store: Store { dynamo: aws::dynamodb()?, table: settings::setting("PRODUCTS_TABLE")? },
        changes: Changes::from_env(publisher.clone())?,
        publisher: publisher.clone(),
    };
    serve(routes::router(api), async move { kafka::close(&*publisher).await }).await
}
