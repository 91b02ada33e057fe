//! Processes user activity: each event once, and in order per user.

mod order;

use std::time::Duration;

use millrace_activity::plan::Rules;
use millrace_activity::progress::Reported;
use millrace_activity::store::Tables;
use millrace_delivery::consumer;
use millrace_platform::{aws, settings, telemetry};

use crate::order::Order;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let (activity, dead_letters) = (settings::setting("ACTIVITY_TABLE")?, settings::setting("DEAD_LETTER_TABLE")?);
    let analytics = settings::setting("ANALYTICS_TABLE")?;
    let tables = Tables::new(aws::dynamodb()?, activity, dead_letters, analytics);
    let rules = Rules::new(Duration::from_secs(settings::parsed("ACTIVITY_GAP_SECONDS")?));
    let order = Order { tables, rules, reported: Reported::default() };
    consumer::serve(order).await
}
