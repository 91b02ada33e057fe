//! Where a stack is, as its line of JSON says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The line of JSON that `millrace-local` prints when it is ready.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addresses {
    /// Base URL of the HTTP API.
    pub http: String,
    /// URL of the console, a page of the HTTP API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    #[serde(rename = "functionUrls", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub function_urls: BTreeMap<String, String>,
    /// That of the stream of notifications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<String>,
    /// URL of the OpenID Connect issuer, where callers have to be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// An API key that may do everything, where callers have to be known.
    #[serde(rename = "apiKey", default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
}
