//! `GET /analytics`, `GET /analytics/products`: how many events there were, what orders were worth, and what was sold most.

mod counts;
mod products;
mod range;
mod routes;

use millrace_api::serve::serve;
use millrace_platform::{aws, settings, telemetry};

use crate::routes::Api;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let api = Api { dynamo: aws::dynamodb()?, table: settings::setting("ANALYTICS_TABLE")? };
    serve(routes::router(api), async {}).await
}
