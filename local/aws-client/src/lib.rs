//! SDK clients for DynamoDB and S3 at an endpoint: the local stack's, LocalStack's, or AWS's.

use std::net::SocketAddr;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;

/// Region used if the environment names none. Buckets in it have no location constraint.
pub const DEFAULT_REGION: &str = "us-east-1";

/// How to reach DynamoDB and S3.
#[derive(Debug, Clone)]
pub struct Access {
    endpoint: String,
    region: String,
    credentials: Credentials,
    http: SharedHttpClient,
}

impl Access {
    /// An endpoint inside this process, which accepts any credentials.
    pub fn embedded(address: SocketAddr) -> Self {
        Self::external(&format!("http://{address}"), |_| None)
    }

    /// An endpoint given by `--aws-endpoint`. `variable` looks up `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; without an access key, dummy credentials that emulators accept
    /// are used.
    pub fn external(endpoint: &str, variable: impl Fn(&str) -> Option<String>) -> Self {
        let credentials = match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            (Some(key), Some(secret)) => {
                Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "environment")
            }
            _ => Credentials::new("local", "local", None, None, "local"),
        };
        let http = if endpoint.starts_with("https:") {
            Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
        } else {
            Builder::new().build_http()
        };
        let region = variable("AWS_REGION").unwrap_or_else(|| DEFAULT_REGION.to_owned());
        Self { endpoint: endpoint.to_owned(), region, credentials, http }
    }

    /// The endpoint's URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// A DynamoDB client.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(&self.endpoint)
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone());
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// An S3 client with path-style addresses.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .endpoint_url(&self.endpoint)
            .region(Region::new(self.region.clone()))
            .credentials_provider(self.credentials.clone())
            .http_client(self.http.clone())
            .force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }
}
