//! Where everything is, as printed in the line of JSON.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use local_lambda::http::url::bases;
use local_template::model::Template;
use serde::Serialize;

/// The function whose URL has a field of its own.
const NOTIFICATIONS: &str = "notifications";
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
    /// Base URLs of the functions that have one, by name.
    #[serde(rename = "functionUrls")]
    pub function_urls: BTreeMap<String, String>,
    /// That of the function `notifications`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<String>,
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
        let http = format!("http://{http}");
        let function_urls = bases(template, &http);
        let console = template.routes.iter().any(|route| route.path == CONSOLE);
        Self {
            console: console.then(|| format!("{http}{CONSOLE}")),
            http,
            aws: aws.to_owned(),
            kafka: kafka.to_owned(),
            tables: template.tables.iter().map(|table| (table.logical_id.clone(), table.name.clone())).collect(),
            buckets: template.buckets.iter().map(|bucket| (bucket.logical_id.clone(), bucket.name.clone())).collect(),
            topics: template.topics.iter().map(|topic| topic.name.clone()).collect(),
            notifications: function_urls.get(NOTIFICATIONS).cloned(),
            function_urls,
            issuer: None,
            api_key: None,
        }
    }
}
