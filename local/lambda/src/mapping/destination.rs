//! On-failure destinations: where a mapping sends records that it gives up (LDG/kafka-on-failure,
//! LDG/kafka-on-failure-destination).

use bytes::Bytes;
use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::retry::Condition;

/// Prefix of a Kafka destination.
const KAFKA_PREFIX: &str = "kafka://";
/// Prefix of the ARN of a bucket.
const BUCKET_PREFIX: &str = "arn:aws:s3:::";

/// Where a mapping sends what it gives up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// An S3 bucket: one object per batch with metadata and the whole event.
    Bucket(String),
    /// A Kafka topic of the same cluster: one message per record, under the record's key.
    Topic(String),
}

/// A destination that the local stack does not support.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the on-failure destination {0} is not available locally: use the ARN of a bucket or kafka://topic")]
pub struct UnknownDestination(String);

impl Destination {
    /// Parses `arn:aws:s3:::bucket` or `kafka://topic`.
    ///
    /// # Errors
    /// [`UnknownDestination`] for everything else, including SQS and SNS.
    pub fn parse(text: &str) -> Result<Self, UnknownDestination> {
        let named = |rest: &str| !rest.is_empty() && !rest.contains('/');
        match (text.strip_prefix(BUCKET_PREFIX), text.strip_prefix(KAFKA_PREFIX)) {
            (Some(bucket), _) if named(bucket) => Ok(Self::Bucket(bucket.into())),
            (_, Some(topic)) if named(topic) => Ok(Self::Topic(topic.into())),
            _ => Err(UnknownDestination(text.into())),
        }
    }
}

/// A destination did not accept a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SinkError(pub String);

/// Writes to destinations.
pub trait Sink: Send + Sync + 'static {
    /// Writes an object.
    ///
    /// # Errors
    /// [`SinkError`] if the object was not, or perhaps not, written.
    fn put_object(&self, bucket: String, key: String, body: Bytes) -> BoxFuture<'_, Result<(), SinkError>>;

    /// Produces a record, and waits for its acknowledgement.
    ///
    /// # Errors
    /// [`SinkError`] if the record was not, or perhaps not, written.
    fn produce(&self, topic: String, key: Option<Bytes>, value: Bytes) -> BoxFuture<'_, Result<(), SinkError>>;
}

/// Why and how often records failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Logical id of the mapping.
    pub mapping: String,
    /// Name of the function.
    pub function: String,
    /// Why the records are given up.
    pub condition: Condition,
    /// Invocations that carried them.
    pub invocations: u32,
    /// Whether the last of those invocations ended in a function error.
    pub function_error: bool,
}

/// What is written to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Key of the record in Kafka; objects are named by [`Failure::object_key`].
    pub key: Option<Bytes>,
    /// The failure as JSON.
    pub body: Bytes,
}

impl Failure {
    /// The message for a batch: `info` is the batch's description under its documented name, such as `KafkaBatchInfo`;
    /// `payload` is the event, as text for S3 and as JSON for Kafka.
    pub fn message(&self, now: Timestamp, info: (&str, Value), payload: Value, key: Option<Bytes>) -> Message {
        let (name, info) = info;
        let mut document = json!({
            "requestContext": {
                "requestId": Uuid::new_v4(),
                "functionArn": format!("arn:aws:lambda:us-east-1:000000000000:function:{}", self.function),
                "condition": self.condition.name(),
                "approximateInvokeCount": self.invocations,
            },
            "responseContext": self.response_context(),
            "version": "1.0",
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            "payload": payload,
        });
        if let Some(document) = document.as_object_mut() {
            document.insert(name.into(), info);
        }
        Message { key, body: document.to_string().into() }
    }

    /// Null if no function has received the records.
    fn response_context(&self) -> Value {
        if self.invocations == 0 {
            return Value::Null;
        }
        let mut context = json!({"statusCode": 200, "executedVersion": "$LATEST"});
        if let (true, Some(context)) = (self.function_error, context.as_object_mut()) {
            context.insert("functionError".into(), "Unhandled".into());
        }
        context
    }

    /// Key of the object in a bucket: `aws/lambda/<mapping>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<random>`. AWS uses the UUID
    /// of the mapping; this one is derived from its logical id, so that it is stable.
    pub fn object_key(&self, now: Timestamp) -> String {
        let mapping = Uuid::new_v5(&Uuid::NAMESPACE_OID, self.mapping.as_bytes());
        format!("aws/lambda/{mapping}/{}-{}", now.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S"), Uuid::new_v4())
    }
}

/// A time in milliseconds since the epoch, formatted as in the failure documents.
pub fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            mapping: "M".into(),
            function: "f".into(),
            condition: Condition::RetryAttemptsExhausted,
            invocations: 3,
            function_error: true,
        }
    }

    #[test]
    fn destinations_are_buckets_and_topics() {
        assert_eq!(Destination::parse("arn:aws:s3:::b"), Ok(Destination::Bucket("b".into())));
        assert_eq!(Destination::parse("kafka://topic"), Ok(Destination::Topic("topic".into())));
        for other in ["arn:aws:sqs:us-east-1:1:q", "kafka://", "arn:aws:s3:::", "arn:aws:s3:::b/x", "topic", ""] {
            assert!(Destination::parse(other).is_err(), "{other}");
        }
    }

    #[test]
    fn the_document_is_the_one_that_aws_shows() {
        let now: Timestamp = "2019-11-14T00:38:06.021Z".parse().unwrap();
        let message = failure().message(now, ("KafkaBatchInfo", json!({"batchSize": 1})), json!("event"), None);
        let document: Value = serde_json::from_slice(&message.body).unwrap();
        assert_eq!(document["requestContext"]["condition"], "RetryAttemptsExhausted");
        assert_eq!(document["requestContext"]["approximateInvokeCount"], 3);
        assert_eq!(document["responseContext"]["functionError"], "Unhandled");
        assert_eq!((&document["version"], &document["timestamp"]), (&json!("1.0"), &json!("2019-11-14T00:38:06.021Z")));
        assert_eq!((&document["KafkaBatchInfo"]["batchSize"], &document["payload"]), (&json!(1), &json!("event")));
        let key = failure().object_key(now);
        assert!(key.starts_with("aws/lambda/") && key.contains("/2019/11/14/2019-11-14T00.38.06-"), "{key}");
    }

    #[test]
    fn records_that_no_function_saw_have_no_response() {
        let failure = Failure { invocations: 0, condition: Condition::MaximumPayloadSizeExceeded, ..failure() };
        let message = failure.message(Timestamp::UNIX_EPOCH, ("KafkaBatchInfo", json!({})), json!(""), None);
        let document: Value = serde_json::from_slice(&message.body).unwrap();
        assert!(document["responseContext"].is_null());
    }
}
