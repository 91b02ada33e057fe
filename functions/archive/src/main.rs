//! Writes every event into S3, as compressed newline-delimited JSON.

mod object;
mod write;

use millrace::consumer::{self, Report};
use millrace::dead_letter::DeadLetters;
use millrace::{aws, settings, telemetry};

use crate::write::Archive;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let s3 = aws::s3()?;
    let bucket = settings::setting("ARCHIVE_BUCKET")?;
    let archive = Archive { s3: s3.clone(), bucket: bucket.clone() };
    let table = settings::setting("DEAD_LETTER_TABLE")?;
    let dead_letters = DeadLetters::new(aws::dynamodb()?, table, s3, bucket);
    consumer::serve(archive, dead_letters, Report::from_env()?).await
}
