//! Takes what users did: each event once, and in order per user.

mod order;

use std::time::Duration;

use millrace::activity::plan::Rules;
use millrace::activity::progress::Said;
use millrace::activity::store::Tables;
use millrace::consumer::{self, Report};
use millrace::dead_letter::DeadLetters;
use millrace::{aws, settings, telemetry};

use crate::order::Order;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let dead_letters = settings::setting("DEAD_LETTER_TABLE")?;
    let tables = Tables::new(dynamo.clone(), settings::setting("ACTIVITY_TABLE")?, dead_letters.clone());
    let rules = Rules::new(Duration::from_secs(settings::parsed("ACTIVITY_GAP_SECONDS")?));
    let dead_letters = DeadLetters::new(dynamo, dead_letters, aws::s3()?, settings::setting("ARCHIVE_BUCKET")?);
    let order = Order { tables, rules, said: Said::default() };
    consumer::serve(order, dead_letters, Report::from_env()?).await
}
