//! AWS clients: one HTTP client and one set of limits for all of them.
//!
//! aws-config and the SDK's default HTTP client are not used: a function has its credentials in its environment, and
//! both would lengthen a cold start.

mod describe;

pub use describe::{describe, describe_on};

use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::settings::{self, MissingSetting, setting};

/// Time limit for connecting, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit for one attempt of an operation.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(2500);
/// Time limit for an operation, with all its attempts and the backoff between them.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(8);
/// As [`ATTEMPT_TIMEOUT`], for S3, whose bodies are megabytes long.
pub const S3_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// As [`OPERATION_TIMEOUT`], for S3.
pub const S3_OPERATION_TIMEOUT: Duration = Duration::from_secs(25);
/// Attempts of an operation, the first included.
pub const MAX_ATTEMPTS: u32 = 3;
/// Backoff before the second attempt; it doubles, with jitter, up to [`MAX_BACKOFF`].
pub const INITIAL_BACKOFF: Duration = Duration::from_millis(50);
/// Longest backoff between two attempts.
pub const MAX_BACKOFF: Duration = Duration::from_secs(1);
/// How long an idle connection is kept. Short, because a frozen process does not notice that its peer closed it.
pub const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The roots of Amazon Trust Services (<https://www.amazontrust.com/repository/>), which sign the certificates of all
/// public AWS endpoints. Embedded, because reading the system's trust store adds milliseconds to every start.
const AMAZON_ROOTS: &[u8] = include_bytes!("aws/amazon-roots.pem");

/// Region prefixes of AWS partitions whose endpoints may use other roots: China, the isolated partitions, the European
/// sovereign cloud.
const OTHER_TRUST: &[&str] = &["cn-", "us-iso", "eu-iso", "eusc-"];

/// The configuration that all AWS clients share: region, credentials, endpoint, HTTP client, limits.
///
/// Reads `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` (optional) and
/// `AWS_ENDPOINT_URL` (optional) once. Lambda replaces the process before its credentials expire.
///
/// # Errors
/// [`MissingSetting`] names the missing variable.
pub fn sdk_config() -> Result<&'static SdkConfig, MissingSetting> {
    static CONFIG: OnceLock<SdkConfig> = OnceLock::new();
    if let Some(config) = CONFIG.get() {
        return Ok(config);
    }
    let region = setting("AWS_REGION")?;
    let credentials = Credentials::new(
        setting("AWS_ACCESS_KEY_ID")?,
        setting("AWS_SECRET_ACCESS_KEY")?,
        settings::optional("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    Ok(CONFIG.get_or_init(|| build(region, credentials, settings::optional("AWS_ENDPOINT_URL"))))
}

/// The DynamoDB client.
///
/// # Errors
/// As [`sdk_config`].
pub fn dynamodb() -> Result<aws_sdk_dynamodb::Client, MissingSetting> {
    Ok(aws_sdk_dynamodb::Client::new(sdk_config()?))
}

/// The S3 client. With `AWS_ENDPOINT_URL` it uses path-style bucket addresses, as local servers expect.
///
/// # Errors
/// As [`sdk_config`].
pub fn s3() -> Result<aws_sdk_s3::Client, MissingSetting> {
    let shared = sdk_config()?;
    let config = aws_sdk_s3::config::Builder::from(shared)
        .force_path_style(shared.endpoint_url().is_some())
        .timeout_config(timeouts(S3_ATTEMPT_TIMEOUT, S3_OPERATION_TIMEOUT))
        .build();
    Ok(aws_sdk_s3::Client::from_conf(config))
}

/// The HTTPS connector of the SDK clients, for a plain request to an AWS endpoint. It has only a connect timeout: bound
/// the call with [`tokio::time::timeout`].
///
/// # Errors
/// As [`sdk_config`].
pub fn connector() -> Result<SharedHttpConnector, MissingSetting> {
    let endpoint = settings::optional("AWS_ENDPOINT_URL");
    Ok(shared_connector(embeds_roots(&setting("AWS_REGION")?, endpoint.as_deref())))
}

fn build(region: String, credentials: Credentials, endpoint: Option<String>) -> SdkConfig {
    let connector = shared_connector(embeds_roots(&region, endpoint.as_deref()));
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client(connector))
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(MAX_ATTEMPTS)
                .with_initial_backoff(INITIAL_BACKOFF)
                .with_max_backoff(MAX_BACKOFF),
        )
        .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT))
        // Off, because the attempt timeout already ends a stalled transfer.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    config.set_endpoint_url(endpoint);
    config.build()
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// Whether the endpoints are Amazon's own, so that the embedded roots apply; otherwise the system's trust store is
/// read.
fn embeds_roots(region: &str, endpoint: Option<&str>) -> bool {
    let endpoint_has_other_roots = endpoint.is_some_and(|url| url.starts_with("https:"));
    !endpoint_has_other_roots && !OTHER_TRUST.iter().any(|prefix| region.starts_with(prefix))
}

fn shared_connector(embedded_roots: bool) -> SharedHttpConnector {
    static CONNECTOR: OnceLock<SharedHttpConnector> = OnceLock::new();
    CONNECTOR.get_or_init(|| build_connector(embedded_roots)).clone()
}

fn build_connector(embedded_roots: bool) -> SharedHttpConnector {
    let roots =
        if embedded_roots { TrustStore::empty().with_pem_certificate(AMAZON_ROOTS) } else { TrustStore::default() };
    let builder = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .tls_provider(Provider::Rustls(CryptoMode::Ring));
    let connector = match TlsContext::builder().with_trust_store(roots).build() {
        Ok(context) => builder.tls_context(context).build(),
        // The default context trusts the system's store, so this is never less strict than default TLS.
        Err(_) => builder.build(),
    };
    let connector = SharedHttpConnector::new(connector);
    #[cfg(feature = "crash-points")]
    let connector = crate::crash_points::around(connector);
    connector
}

/// The configuration of a service on this machine, for tests.
#[cfg(test)]
pub(crate) fn on_this_machine(port: u16) -> SdkConfig {
    let credentials = Credentials::new("id", "hunter2", None, None, "test");
    build("eu-central-1".to_owned(), credentials, Some(format!("http://127.0.0.1:{port}")))
}

fn http_client(connector: SharedHttpConnector) -> SharedHttpClient {
    http_client_fn(move |_, _| connector.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_roots_are_valid_and_used_for_amazons_own_endpoints_only() {
        // Building parses every certificate and panics on an invalid one.
        let _ = build_connector(true);
        assert!(embeds_roots("eu-central-1", None));
        assert!(embeds_roots("eu-central-1", Some("http://127.0.0.1:4566")));
        assert!(!embeds_roots("eu-central-1", Some("https://localhost.localstack.cloud:4566")));
        assert!(!embeds_roots("cn-north-1", None) && !embeds_roots("us-isob-east-1", None));
    }

    #[test]
    fn every_client_setting_is_explicit() {
        let credentials = Credentials::new("id", "hunter2", None, None, "test");
        let config = build("eu-central-1".to_owned(), credentials, Some("http://127.0.0.1:1".to_owned()));
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
        assert_eq!(config.retry_config().map(RetryConfig::max_attempts), Some(MAX_ATTEMPTS));
        let limits = config.timeout_config().map(|t| (t.operation_attempt_timeout(), t.operation_timeout()));
        assert_eq!(limits, Some((Some(ATTEMPT_TIMEOUT), Some(OPERATION_TIMEOUT))));
        assert!(!format!("{config:?}").contains("hunter2"), "no secret in the debug form");
    }
}
