//! `GET /overview`: what waits, since when, and whether the dependencies answer.

mod overview;
mod waiting;

use std::sync::Arc;

use millrace_api::serve::serve;
use millrace_platform::kafka::{self, Kafka, Publisher};
use millrace_platform::{aws, telemetry};

use crate::overview::Api;
use crate::waiting::Tables;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env().await?);
    let api = Api { dynamo: aws::dynamodb()?, tables: Tables::from_env()?, publisher: publisher.clone() };
    serve(overview::router(api), async move { kafka::close(&*publisher).await }).await
}
