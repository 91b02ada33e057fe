//! The timers API: creates timers, reports their status, and cancels them.

mod guard;
mod input;
mod routes;
mod store;
mod view;

use std::sync::Arc;

use millrace_api::change::Changes;
use millrace_api::serve::serve;
use millrace_domain::webhook::guard::Policy;
use millrace_platform::kafka::{self, Kafka, Publisher};
use millrace_platform::{aws, settings, telemetry};
use millrace_store::timer::Table;

use crate::routes::Api;
use crate::store::Store;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let publisher: Arc<dyn Publisher> = Arc::new(Kafka::from_env().await?);
    let api = Api {
        store: Store { timers: Table::from_env(aws::dynamodb()?)? },
        changes: Changes::from_env(publisher.clone())?,
        policy: Policy::new(settings::switch("WEBHOOK_ALLOW_LOCAL")?, &settings::list("WEBHOOK_PORTS")?),
    };
    serve(routes::router(api), async move { kafka::close(&*publisher).await }).await
}
