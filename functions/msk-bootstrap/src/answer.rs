//! The response to CloudFormation, and its delivery.
//!
//! Fields and limits: "Custom resource response objects" in the CloudFormation user guide.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use serde::Serialize;

use crate::causes;
use crate::request::Request;

/// Longest reason, in bytes. The whole body is limited to 4,096.
const MAX_REASON_BYTES: usize = 1000;
/// Attempts to send the response.
const MAX_TRIES: u32 = 4;
/// Time limit of one attempt. All attempts and backoffs together take at most 7.4 s.
const TRY_TIMEOUT: Duration = Duration::from_millis(1500);
/// Backoff after the first failed attempt; it doubles.
const BACKOFF: Duration = Duration::from_millis(200);

/// The body of the response.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Answer<'a> {
    status: &'static str,
    reason: &'a str,
    physical_resource_id: String,
    stack_id: &'a str,
    request_id: &'a str,
    logical_resource_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Data<'a> {
    bootstrap_brokers: &'a str,
}

impl<'a> Answer<'a> {
    /// The response to `request`: the brokers, success without data, or the reason for a failure.
    pub fn new(request: &'a Request, outcome: Result<Option<&'a str>, &'a str>) -> Self {
        let (status, reason, data) = match outcome {
            Ok(brokers) => ("SUCCESS", "", brokers.map(|bootstrap_brokers| Data { bootstrap_brokers })),
            Err(reason) => ("FAILED", reason.get(..reason.floor_char_boundary(MAX_REASON_BYTES)).unwrap_or(""), None),
        };
        // The id never changes: otherwise CloudFormation would delete "the old resource" after an update.
        let physical_resource_id = match &request.physical_resource_id {
            Some(id) => id.clone(),
            None => format!("bootstrap-brokers-{}", request.logical_resource_id),
        };
        Self {
            status,
            reason,
            physical_resource_id,
            stack_id: &request.stack_id,
            request_id: &request.request_id,
            logical_resource_id: &request.logical_resource_id,
            data,
        }
    }
}

/// The response was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the answer cannot be encoded")]
    Encode(#[from] serde_json::Error),
    #[error("the answer cannot be sent to {host}: {reason}")]
    Send { host: String, reason: String },
}

/// Sends `answer` to `url` by PUT, with retries. An error names only the URL's host, because its query is a credential.
pub async fn send(connector: &SharedHttpConnector, url: &http::Uri, answer: &Answer<'_>) -> Result<(), SendError> {
    let body = serde_json::to_vec(answer)?;
    let mut wait = BACKOFF;
    let mut tries = 1;
    loop {
        let reason = match tokio::time::timeout(TRY_TIMEOUT, put(connector, url, &body)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(reason)) => reason,
            Err(_) => "no response in time".to_owned(),
        };
        tracing::warn!(reason, tries, "sending the answer failed");
        if tries == MAX_TRIES {
            return Err(SendError::Send { host: url.host().unwrap_or_default().to_owned(), reason });
        }
        tries += 1;
        tokio::time::sleep(wait).await;
        wait *= 2;
    }
}

async fn put(connector: &SharedHttpConnector, url: &http::Uri, body: &[u8]) -> Result<(), String> {
    let request = http::Request::put(url)
        // The URL is signed for an empty content type.
        .header(http::header::CONTENT_TYPE, "")
        .header(http::header::CONTENT_LENGTH, body.len())
        .body(SdkBody::from(body))
        .map_err(|error| error.to_string())?;
    let request = HttpRequest::try_from(request).map_err(|error| error.to_string())?;
    let response = connector.call(request).await.map_err(|error| causes(&error))?;
    match response.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("status {}", status.as_u16())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use aws_smithy_http_client::Connector;
    use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
    use serde_json::{Value, json};

    use super::*;

    fn request(physical_resource_id: Option<&str>) -> Request {
        Request {
            request_type: "Create".to_owned(),
            response_url: String::new(),
            stack_id: "stack".to_owned(),
            request_id: "request".to_owned(),
            logical_resource_id: "Brokers".to_owned(),
            physical_resource_id: physical_resource_id.map(str::to_owned),
            resource_properties: Value::Null,
        }
    }

    #[test]
    fn the_answer_has_cloudformations_fields_and_keeps_the_physical_id() {
        let request = request(None);
        let answer = serde_json::to_value(Answer::new(&request, Ok(Some("b:9098")))).ok();
        let expected = json!({
            "Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "bootstrap-brokers-Brokers",
            "StackId": "stack", "RequestId": "request", "LogicalResourceId": "Brokers",
            "Data": {"BootstrapBrokers": "b:9098"},
        });
        assert_eq!(answer, Some(expected));
    }

    #[test]
    fn a_failure_has_a_bounded_reason_and_no_data() {
        let request = request(Some("old"));
        let long = "é".repeat(4096);
        let answer = serde_json::to_value(Answer::new(&request, Err(&long))).unwrap();
        assert_eq!((&answer["Status"], &answer["PhysicalResourceId"]), (&json!("FAILED"), &json!("old")));
        assert_eq!(answer["Reason"].as_str().map(str::len), Some(MAX_REASON_BYTES));
        assert!(answer.get("Data").is_none() && answer.to_string().len() <= 4096);
    }

    #[tokio::test]
    async fn an_answer_that_fails_once_is_put_again_unchanged() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a%3Ab?Signature=x%2By", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let mut seen = Vec::new();
            for status in ["500 Oops", "200 OK"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut bytes = Vec::new();
                while !bytes.ends_with(b"}}") {
                    let mut chunk = [0; 4096];
                    let read = stream.read(&mut chunk).unwrap();
                    bytes.extend_from_slice(chunk.get(..read).unwrap());
                }
                write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
                seen.push(String::from_utf8(bytes).unwrap());
            }
            seen
        });
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build();
        let request = request(None);
        let answer = Answer::new(&request, Ok(Some("b:9098")));
        send(&SharedHttpConnector::new(connector), &url.parse().unwrap(), &answer).await.unwrap();

        let seen = server.join().unwrap();
        assert_eq!(seen.first(), seen.last());
        let (head, body) = seen.first().and_then(|text| text.split_once("\r\n\r\n")).unwrap();
        assert!(head.starts_with("PUT /a%3Ab?Signature=x%2By HTTP/1.1\r\n"), "{head}");
        assert!(head.lines().any(|line| line.trim_end() == "content-type:"), "{head}");
        assert_eq!(body, serde_json::to_string(&answer).unwrap());
    }
}
