//! The activity API: takes what users did, and tells what became of it.

mod input;
mod lists;
mod outcome;
mod redrive;
mod routes;
mod take;

use std::sync::Arc;

use millrace::kafka::{self, Kafka, Publisher};
use millrace::limiter::{Limiter, Rule};
use millrace::outbox::Outbox;
use millrace::{api, aws, clock, settings, telemetry};

use crate::lists::Store;
use crate::routes::Api;

/// Most accepted events of one user in any second.
const EVENTS_PER_SECOND: usize = 100;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env()?);
    let activity = settings::setting("ACTIVITY_TABLE")?;
    let skew_ms: u32 = settings::parsed("CLOCK_SKEW_MS")?;
    let rule = Rule { limit: EVENTS_PER_SECOND, skew: i64::from(skew_ms) * 1_000 };
    let api = Api {
        limiter: Limiter::new(dynamo.clone(), activity.clone(), rule, clock::micros),
        publisher: publisher.clone(),
        outbox: Outbox::new(dynamo.clone(), settings::setting("OUTBOX_TABLE")?, publisher.clone()),
        store: Store { dynamo, activity, dead_letters: settings::setting("DEAD_LETTER_TABLE")? },
    };
    api::serve::serve(routes::router(api), async move { kafka::close(&*publisher).await }).await
}
