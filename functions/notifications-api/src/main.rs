//! `GET /notifications`: the feed of notifications, for clients that poll.

mod routes;

use millrace_api::serve::serve;
use millrace_platform::{aws, settings, telemetry};
use millrace_store::feed::Feed;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let feed = Feed::new(aws::dynamodb()?, settings::setting("NOTIFICATIONS_TABLE")?);
    serve(routes::router(feed), async {}).await
}
