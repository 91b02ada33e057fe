//! Sends one e-mail for each ingredient that fell below half of its full level.

mod alert;
mod claim;
mod mail;
mod send;

use millrace::consumer::{self, Report};
use millrace::dead_letter::DeadLetters;
use millrace::{aws, settings, telemetry};

use crate::alert::Alerts;
use crate::claim::Claims;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let dynamo = aws::dynamodb()?;
    let alerts = Alerts {
        claims: Claims::new(dynamo.clone(), settings::setting("MAIL_TABLE")?),
        ses: send::client()?,
        from: settings::optional("ALERT_FROM"),
        fallback: settings::optional("ALERT_EMAIL"),
    };
    let table = settings::setting("DEAD_LETTER_TABLE")?;
    let dead_letters = DeadLetters::new(dynamo, table, aws::s3()?, settings::setting("ARCHIVE_BUCKET")?);
    consumer::serve(alerts, dead_letters, Report::from_env()?).await
}
