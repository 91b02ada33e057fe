//! `GET /event-log`: every event by type and time, by aggregate, by trace; `GET /event-log/{eventId}`: the life of one.

mod chosen;
mod entry;
mod life;
mod range;
mod routes;
mod stores;

use millrace_api::serve::serve;
use millrace_platform::{aws, telemetry};

use crate::routes::Api;
use crate::stores::Stores;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let api = Api { dynamo: aws::dynamodb()?, stores: Stores::from_env()? };
    serve(routes::router(api), async {}).await
}
