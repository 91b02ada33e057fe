//! The calls of DynamoDB Streams that a mapping needs, over the AWS JSON protocol.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Maximum wait for an answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum number of shard pages read; a local stream has one shard.
const SHARD_PAGES: usize = 100;
/// DynamoDB's maximum number of records in one `GetRecords`.
pub const RECORDS_PER_CALL: usize = 1_000;

/// Any credentials will do: the embedded DynamoDB and LocalStack verify no signature.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host, Signature=0";
/// The embedded DynamoDB requires a date with the credentials; any date will do.
const DATE: &str = "20260101T000000Z";

/// A call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// No answer, or an unreadable one.
    #[error("DynamoDB Streams does not answer: {0}")]
    Transport(String),
    /// An error answer, by its code without the namespace.
    #[error("DynamoDB Streams answered {code}: {message}")]
    Service {
        /// Such as `TrimmedDataAccessException`.
        code: String,
        /// The message with it.
        message: String,
    },
    /// The table exists but has no stream.
    #[error("the table {0} has no stream")]
    NoStream(String),
}

impl StreamError {
    /// Whether the error has this code.
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Service { code, .. } if code == wanted)
    }
}

/// A shard of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Shard {
    /// Its id.
    pub shard_id: String,
    /// The shard that must be read to its end before this one.
    #[serde(default)]
    pub parent_shard_id: Option<String>,
}

/// Where to start in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record.
    TrimHorizon,
    /// At records written from now on.
    Latest,
    /// After the record with this sequence number.
    After(String),
}

/// Records of a shard and the next iterator.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Page {
    /// The records, as in an event but without the ARN.
    pub records: Vec<Value>,
    /// `None` if the shard is closed and read to its end.
    #[serde(default)]
    pub next_shard_iterator: Option<String>,
}

/// DynamoDB Streams at an endpoint.
#[derive(Debug, Clone)]
pub struct StreamsApi {
    http: reqwest::Client,
    endpoint: String,
}

impl StreamsApi {
    /// The API at an endpoint without TLS, such as `http://127.0.0.1:4566`.
    pub fn new(http: reqwest::Client, endpoint: &str) -> Self {
        Self { http, endpoint: format!("{}/", endpoint.trim_end_matches('/')) }
    }

    /// The ARN of the stream of a table.
    ///
    /// # Errors
    /// [`StreamError`], including for a table without a stream.
    pub async fn stream_arn(&self, table: &str) -> Result<String, StreamError> {
        let answer: Value = self.call("DynamoDB_20120810.DescribeTable", json!({"TableName": table})).await?;
        let arn = answer.pointer("/Table/LatestStreamArn").and_then(Value::as_str);
        arn.map(str::to_owned).ok_or_else(|| StreamError::NoStream(table.to_owned()))
    }

    /// The shards of a stream.
    ///
    /// # Errors
    /// [`StreamError`].
    pub async fn shards(&self, stream_arn: &str) -> Result<Vec<Shard>, StreamError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Answer {
            stream_description: Description,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Description {
            shards: Vec<Shard>,
            #[serde(default)]
            last_evaluated_shard_id: Option<String>,
        }
        let mut shards = Vec::new();
        let mut start: Option<String> = None;
        for _ in 0..SHARD_PAGES {
            let mut request = json!({"StreamArn": stream_arn});
            if let (Some(start), Some(request)) = (start.take(), request.as_object_mut()) {
                request.insert("ExclusiveStartShardId".into(), start.into());
            }
            let answer: Answer = self.call("DynamoDBStreams_20120810.DescribeStream", request).await?;
            shards.extend(answer.stream_description.shards);
            start = answer.stream_description.last_evaluated_shard_id;
            if start.is_none() {
                break;
            }
        }
        Ok(shards)
    }

    /// An iterator into a shard.
    ///
    /// # Errors
    /// [`StreamError`]; `TrimmedDataAccessException` if the wanted record no longer exists.
    pub async fn iterator(&self, stream_arn: &str, shard: &str, start: &Start) -> Result<String, StreamError> {
        let mut request = json!({"StreamArn": stream_arn, "ShardId": shard});
        let (kind, sequence) = match start {
            Start::TrimHorizon => ("TRIM_HORIZON", None),
            Start::Latest => ("LATEST", None),
            Start::After(sequence) => ("AFTER_SEQUENCE_NUMBER", Some(sequence.as_str())),
        };
        if let Some(request) = request.as_object_mut() {
            request.insert("ShardIteratorType".into(), kind.into());
            if let Some(sequence) = sequence {
                request.insert("SequenceNumber".into(), sequence.into());
            }
        }
        let answer: Value = self.call("DynamoDBStreams_20120810.GetShardIterator", request).await?;
        let iterator = answer.get("ShardIterator").and_then(Value::as_str);
        iterator.map(str::to_owned).ok_or_else(|| StreamError::Transport("no shard iterator in the answer".into()))
    }

    /// The records from an iterator on, at most `limit`.
    ///
    /// # Errors
    /// [`StreamError`]; `ExpiredIteratorException` if the iterator is too old.
    pub async fn records(&self, iterator: &str, limit: usize) -> Result<Page, StreamError> {
        let limit = limit.clamp(1, RECORDS_PER_CALL);
        let request = json!({"ShardIterator": iterator, "Limit": limit});
        self.call("DynamoDBStreams_20120810.GetRecords", request).await
    }

    async fn call<A: DeserializeOwned>(&self, target: &str, request: Value) -> Result<A, StreamError> {
        let transport = |error: reqwest::Error| StreamError::Transport(error.to_string());
        let answer = self
            .http
            .post(&self.endpoint)
            .timeout(CALL_TIMEOUT)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", AUTHORIZATION)
            .header("x-amz-date", DATE)
            .body(request.to_string())
            .send()
            .await
            .map_err(transport)?;
        let failed = !answer.status().is_success();
        let body = answer.bytes().await.map_err(transport)?;
        let unreadable = |error: serde_json::Error| StreamError::Transport(error.to_string());
        if failed {
            let error: Value = serde_json::from_slice(&body).map_err(unreadable)?;
            let text = |names: [&str; 2]| {
                names.iter().find_map(|name| error.get(name).and_then(Value::as_str)).unwrap_or_default()
            };
            let code = text(["__type", "code"]).rsplit('#').next().unwrap_or_default().to_owned();
            return Err(StreamError::Service { code, message: text(["message", "Message"]).to_owned() });
        }
        serde_json::from_slice(&body).map_err(unreadable)
    }
}
