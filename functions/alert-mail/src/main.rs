//! Sends one e-mail for each ingredient that fell below half of its full level.

mod alert;
mod claim;
mod mail;
mod send;

use millrace_delivery::consumer;
use millrace_platform::{aws, settings, telemetry};

use crate::alert::Alerts;
use crate::claim::Claims;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let alerts = Alerts {
        claims: Claims::new(aws::dynamodb()?, settings::setting("MAIL_TABLE")?),
        ses: send::client()?,
        from: settings::optional("ALERT_FROM"),
        fallback: settings::optional("ALERT_EMAIL"),
    };
    consumer::serve(alerts).await
}
