//! Puts what people want to know into the feed of notifications, each event once: low stock, alerts, decided orders, ended
//! timers and dead letters, and once a second how many users' events came.

mod append;
mod counts;
mod letters;
mod news;
mod notify;
mod plan;
mod serve;
mod titles;

use std::sync::Arc;

use millrace_delivery::consumer::Report;
use millrace_delivery::dead_letter::DeadLetters;
use millrace_platform::{aws, settings, telemetry};

use crate::append::Feed;
use crate::notify::Notifier;
use crate::serve::Function;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let feed = Arc::new(Feed::new(aws::dynamodb()?, settings::setting("NOTIFICATIONS_TABLE")?));
    let function = Function {
        notifier: Notifier { feed: feed.clone() },
        feed,
        dead_letters: DeadLetters::from_env()?,
        report: Report::from_env()?,
    };
    serve::serve(function).await
}
