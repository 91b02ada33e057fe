//! `GET /event-log`: every event by type and time.

mod range;
mod routes;

use millrace_api::serve::serve;
use millrace_platform::{aws, settings, telemetry};

use crate::routes::Api;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let api = Api { dynamo: aws::dynamodb()?, table: settings::setting("EVENT_LOG_TABLE")? };
    serve(routes::router(api), async {}).await
}
