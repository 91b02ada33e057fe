//! Handles one request: decides, asks MSK, and responds in any case.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use lambda_runtime::Context;
use millrace_platform::telemetry;
use serde_json::Value;
use tracing::Instrument as _;

use crate::answer::{Answer, send};
use crate::brokers::lookup;
use crate::request::{Action, Request, decide, may_answer};

/// Time of the invocation reserved for the response and its retries. Without a response CloudFormation waits for an
/// hour.
const ANSWER_RESERVE: Duration = Duration::from_secs(8);

/// The dependencies of a request.
pub struct Handler {
    pub kafka: aws_sdk_kafka::Client,
    pub connector: SharedHttpConnector,
    /// `AWS_ENDPOINT_URL`, for local runs.
    pub endpoint: Option<http::Uri>,
}

impl Handler {
    /// Handles one request. Fails only if there is no valid response URL, or the response cannot be delivered.
    pub async fn handle(&self, payload: Value, context: &Context) -> anyhow::Result<()> {
        let time = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
        let span = telemetry::invocation_span(&context.request_id, None);
        self.answer(payload, time.saturating_sub(ANSWER_RESERVE)).instrument(span).await
    }

    async fn answer(&self, payload: Value, within: Duration) -> anyhow::Result<()> {
        let request: Request = serde_json::from_value(payload).context("not a custom resource request")?;
        let url = request.response_url.parse().context("ResponseURL is not a URL")?;
        if !may_answer(&url, self.endpoint.as_ref()) {
            bail!("ResponseURL is not an https URL of AWS");
        }
        let outcome = self.outcome(&request, within).await;
        match &outcome {
            Ok(brokers) => tracing::info!(requestType = request.request_type, brokers, "answering success"),
            Err(reason) => tracing::error!(requestType = request.request_type, reason, "answering failure"),
        }
        let outcome = outcome.as_ref().map(Option::as_deref).map_err(String::as_str);
        Ok(send(&self.connector, &url, &Answer::new(&request, outcome)).await?)
    }

    async fn outcome(&self, request: &Request, within: Duration) -> Result<Option<String>, String> {
        match decide(request).map_err(|refusal| refusal.to_string())? {
            Action::Nothing => Ok(None),
            Action::Lookup { cluster_arn, auth } => {
                tokio::time::timeout(within, lookup(&self.kafka, &cluster_arn, auth))
                    .await
                    .unwrap_or_else(|_| Err("MSK did not answer in time".to_owned()))
                    .map(Some)
            }
        }
    }
}
