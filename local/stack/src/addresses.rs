//! Where everything is, as printed in the line of JSON.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use local_template::model::Template;
use serde::Serialize;

/// Where a template has its console, if it has one.
const CONSOLE: &str = "/console";

/// The line of JSON. Programs read it, so fields may be added but not renamed.
#[derive(Debug, Clone, Serialize)]
pub struct Addresses {
    /// Base URL of the HTTP API.
    pub http: String,
    /// URL of the console, a page of the HTTP API, if the template has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console: Option<String>,
    /// Endpoint of DynamoDB, S3, SES and Lambda.
    pub aws: String,
    /// Kafka's bootstrap servers.
    pub kafka: String,
    /// Table names by logical id.
    pub tables: BTreeMap<String, String>,
    /// Bucket names by logical id.
    pub buckets: BTreeMap<String, String>,
    /// Topics.
    pub topics: Vec<String>,
    /// URL of the OpenID Connect issuer (`--auth`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// An API key that may do everything (`--auth`).
    #[serde(rename = "apiKey", skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}

impl Addresses {
    /// The addresses of the parts, and the names from the template.
    pub fn new(http: SocketAddr, aws: &str, kafka: &str, template: &Template) -> Self {
        let console = template.routes.iter().any(|route| route.path == CONSOLE);
        Self {
            http: format!("http://{http}"),
            console: console.then(|| format!("http://{http}{CONSOLE}")),
            aws: aws.to_owned(),
            kafka: kafka.to_owned(),
            tables: template.tables.iter().map(|table| (table.logical_id.clone(), table.name.clone())).collect(),
            buckets: template.buckets.iter().map(|bucket| (bucket.logical_id.clone(), bucket.name.clone())).collect(),
            topics: template.topics.iter().map(|topic| topic.name.clone()).collect(),
            issuer: None,
            api_key: None,
        }
    }
}
