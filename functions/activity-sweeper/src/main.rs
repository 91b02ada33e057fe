//! Each minute goes on with the users whose events wait and for whom no event may come: steps over gaps that are past
//! their deadline, and finishes what a consumer that died has left.

mod sweep;

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use millrace::activity::plan::Rules;
use millrace::activity::store::Tables;
use millrace::crash_points::{self, ANSWER};
use millrace::shutdown::{self, InFlight};
use millrace::{aws, settings, telemetry};
use serde_json::Value;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let (activity, dead_letters) = (settings::setting("ACTIVITY_TABLE")?, settings::setting("DEAD_LETTER_TABLE")?);
    let tables = Arc::new(Tables::new(aws::dynamodb()?, activity, dead_letters));
    let rules = Rules::new(Duration::from_secs(settings::parsed("ACTIVITY_GAP_SECONDS")?));
    let in_flight = InFlight::default();
    shutdown::on_sigterm(in_flight.clone(), async {});
    lambda_runtime::run_concurrent(service_fn(move |event: LambdaEvent<Value>| {
        let tables = tables.clone();
        let guard = in_flight.enter();
        let span = telemetry::invocation_span(&event.context.request_id, None);
        async move {
            let _guard = guard;
            let answer = sweep::run(&tables, &rules, event.context.deadline()).await;
            crash_points::before(ANSWER);
            answer
        }
        .instrument(span)
    }))
    .await
}
