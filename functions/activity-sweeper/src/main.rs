//! Runs every minute for users with waiting events, because no further event may arrive to trigger their processing:
//! skips gaps that are past their deadline, and completes the work of consumers that died.

mod sweep;

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use millrace_activity::plan::Rules;
use millrace_activity::store::Tables;
use millrace_platform::{aws, invocations, settings, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let (activity, dead_letters) = (settings::setting("ACTIVITY_TABLE")?, settings::setting("DEAD_LETTER_TABLE")?);
    let analytics = settings::setting("ANALYTICS_TABLE")?;
    let tables = Arc::new(Tables::new(aws::dynamodb()?, activity, dead_letters, analytics));
    let rules = Rules::new(Duration::from_secs(settings::parsed("ACTIVITY_GAP_SECONDS")?));
    let handle = move |event: LambdaEvent<Value>| {
        let tables = tables.clone();
        async move { sweep::run(&tables, &rules, event.context.deadline()).await }
    };
    invocations::serve(handle, async {}).await
}
