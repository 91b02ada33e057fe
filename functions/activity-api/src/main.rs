//! The activity API: accepts user activity, and reports its processing status.

mod accept;
mod api;
mod input;
mod lists;
mod outcome;
mod redrive;
mod routes;

use std::sync::Arc;

use millrace_activity::keys;
use millrace_api::serve::serve;
use millrace_delivery::outbox::Outbox;
use millrace_platform::kafka::{self, Kafka, Publisher};
use millrace_platform::limiter::Limiter;
use millrace_platform::{aws, clock, settings, telemetry};

use crate::api::Api;
use crate::lists::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env().await?);
    let activity = settings::setting("ACTIVITY_TABLE")?;
    let skew_ms: u32 = settings::parsed("CLOCK_SKEW_MS")?;
    let skew = i64::from(skew_ms) * 1_000;
    let api = Api {
        limiter: Limiter::new(dynamo.clone(), activity.clone(), keys::rate, skew, clock::micros),
        publisher: publisher.clone(),
        outbox: Outbox::from_env(publisher.clone())?,
        store: Store { dynamo, activity, dead_letters: settings::setting("DEAD_LETTER_TABLE")? },
    };
    serve(routes::router(api), async move { kafka::close(&*publisher).await }).await
}
