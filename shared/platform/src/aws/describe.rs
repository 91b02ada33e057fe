//! An error of an AWS call as one line of a log.

use std::any::type_name;
use std::error::Error;
use std::fmt::Debug;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// The call, the endpoint and the cause of an error, such as `DynamoDB GetItem at http://127.0.0.1:4566: not reached:
/// Connection refused (os error 111)`. What the SDK shows of an error itself is its kind alone.
pub fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    line(error, None)
}

/// As [`describe`], with what was called for, such as a table.
pub fn describe_on<E, R>(error: &SdkError<E, R>, what: &str) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    line(error, Some(what))
}

fn line<E, R>(error: &SdkError<E, R>, what: Option<&str>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    let kind = match error {
        SdkError::ConstructionFailure(_) => "request not built",
        SdkError::TimeoutError(_) => "timed out",
        SdkError::DispatchFailure(_) => "not reached",
        SdkError::ResponseError(_) => "garbled answer",
        _ => "refused",
    };
    let why = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, message) => {
            last_cause(error).or(message.map(str::to_owned)).unwrap_or_else(|| "no cause told".to_owned())
        }
    };
    let on = what.map_or_else(String::new, |what| format!(" on {what}"));
    format!("{}{on} at {}: {kind}: {why}", call(type_name::<E>()), endpoint())
}

/// The innermost source, which the others only wrap.
fn last_cause(error: &dyn Error) -> Option<String> {
    let mut last = error.source()?;
    while let Some(next) = last.source() {
        last = next;
    }
    Some(last.to_string())
}

/// The call by the type of its error, such as `aws_sdk_dynamodb::operation::get_item::GetItemError`. The SDK names it
/// nowhere else.
fn call(error: &str) -> String {
    let mut parts = error.split("::");
    let service = match parts.next().and_then(|name| name.strip_prefix("aws_sdk_")) {
        Some("dynamodb") => "DynamoDB",
        Some("s3") => "S3",
        Some("sesv2") => "SES",
        Some("lambda") => "Lambda",
        Some("kafka") => "MSK",
        other => other.unwrap_or("AWS"),
    };
    let operation = parts.last().unwrap_or_default();
    format!("{service} {}", operation.strip_suffix("Error").unwrap_or(operation))
}

fn endpoint() -> String {
    match super::sdk_config() {
        Ok(config) => match (config.endpoint_url(), config.region()) {
            (Some(url), _) => url.to_owned(),
            (None, Some(region)) => format!("AWS in {region}"),
            (None, None) => "AWS".to_owned(),
        },
        Err(_) => "AWS".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};

    use super::*;

    #[tokio::test]
    async fn an_endpoint_that_refuses_connections_is_told_with_the_call_and_the_last_cause_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .http_client(super::super::http_client(super::super::build_connector(true)))
            .retry_config(aws_smithy_types::retry::RetryConfig::disabled())
            .timeout_config(super::super::timeouts(Duration::from_secs(5), Duration::from_secs(5)))
            .endpoint_url(endpoint)
            .build();
        let client = aws_sdk_dynamodb::Client::from_conf(config);
        let error = client.get_item().table_name("products").send().await.unwrap_err();
        let line = describe_on(&error, "products");
        assert!(line.starts_with("DynamoDB GetItem on products at "), "{line}");
        assert!(line.to_lowercase().ends_with("not reached: connection refused (os error 111)"), "{line}");
        assert_eq!(line.matches("not reached").count(), 1, "{line}");
        assert!(describe(&error).starts_with("DynamoDB GetItem at "), "{line}");
    }

    #[test]
    fn a_call_is_named_by_service_and_operation() {
        for (error, expected) in [
            (
                "aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError",
                "DynamoDB TransactWriteItems",
            ),
            ("aws_sdk_s3::operation::put_object::PutObjectError", "S3 PutObject"),
            ("aws_sdk_sesv2::operation::send_email::SendEmailError", "SES SendEmail"),
            ("aws_sdk_lambda::operation::invoke::InvokeError", "Lambda Invoke"),
            ("aws_sdk_kafka::operation::list_clusters_v2::ListClustersV2Error", "MSK ListClustersV2"),
        ] {
            assert_eq!(call(error), expected);
        }
    }
}
