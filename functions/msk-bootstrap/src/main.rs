//! `msk-bootstrap`: a CloudFormation custom resource for the bootstrap brokers of an MSK cluster, which CloudFormation
//! itself does not expose as an attribute.
//!
//! Properties: `ClusterArn`, and `Auth` (`iam`, `scram` or `plaintext`). Attribute: `BootstrapBrokers`.

mod answer;
mod brokers;
mod handler;
mod request;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use millrace_platform::crash_points::{self, ANSWER};
use millrace_platform::{aws, settings, telemetry};
use serde_json::Value;

use crate::handler::Handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let handler = Handler {
        kafka: aws_sdk_kafka::Client::new(aws::sdk_config()?),
        connector: aws::connector()?,
        endpoint: settings::optional("AWS_ENDPOINT_URL").map(|url| url.parse()).transpose()?,
    };
    let handler = &handler;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let answer = handler.handle(event.payload, &event.context).await;
        crash_points::before(ANSWER);
        answer.map_err(|error| Diagnostic { error_type: "Unanswered".to_owned(), error_message: format!("{error:#}") })
    }))
    .await
}

/// `error` and its causes in one line, without repetition. The SDK's own format would include whole responses.
fn causes(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.dedup();
    texts.join(": ")
}
