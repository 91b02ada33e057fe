//! Writes every event to S3, as compressed newline-delimited JSON.

mod object;
mod write;

use millrace_delivery::consumer;
use millrace_platform::{aws, settings, telemetry};

use crate::write::Archive;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    consumer::serve(Archive { s3: aws::s3()?, bucket: settings::setting("ARCHIVE_BUCKET")? }).await
}
