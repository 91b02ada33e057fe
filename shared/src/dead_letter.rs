//! Dead letters: records that a consumer can never process, kept with their bytes and the reason.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;
use jiff::Timestamp;

use crate::api::page::{SHARDS, shard_key, shard_of};
use crate::dynamo::{StoreError, n, s};
use crate::event::MAX_EVENT_BYTES;

/// Dead letters with more bytes than this keep them in S3; a `DynamoDB` item holds 400 KB at most.
const MAX_INLINE_BYTES: usize = MAX_EVENT_BYTES;

/// Longest key and longest detail of the item, in bytes.
const MAX_INLINE_KEY: usize = 2_048;
const MAX_DETAIL: usize = 2_000;

/// Where S3 keeps the bytes of large ones.
pub const PREFIX: &str = "dead-letters/";

/// A record that was given up.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Event id; `consumer:topic:partition:offset` where the record is no event.
    pub id: String,
    /// The consumer that failed; a redrive goes there.
    pub consumer: &'static str,
    /// Stable code.
    pub reason: &'static str,
    /// What was wrong.
    pub detail: String,
    /// Where the record is in Kafka.
    pub topic: String,
    /// Partition.
    pub partition: i64,
    /// Offset.
    pub offset: i64,
    /// Times that it was tried.
    pub attempts: u32,
    /// Key of the record.
    pub key: Option<Bytes>,
    /// Value of the record; `None` for a tombstone.
    pub value: Option<Bytes>,
}

/// The table of dead letters, and the bucket for large ones.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    dynamo: aws_sdk_dynamodb::Client,
    table: String,
    s3: aws_sdk_s3::Client,
    bucket: String,
}

impl DeadLetters {
    /// Dead letters in `table`, with the bytes of large ones in `bucket`.
    #[must_use]
    pub fn new(dynamo: aws_sdk_dynamodb::Client, table: String, s3: aws_sdk_s3::Client, bucket: String) -> Self {
        Self { dynamo, table, s3, bucket }
    }

    /// Keeps a dead letter. The first of an id and consumer stays; a repeat changes nothing.
    ///
    /// # Errors
    /// It was not kept, so the record must be reported as failed.
    pub async fn keep(&self, letter: &DeadLetter, now: Timestamp) -> Result<(), StoreError> {
        let size = |bytes: &Option<Bytes>| bytes.as_ref().map_or(0, Bytes::len);
        let large = letter.value.as_ref().filter(|_| size(&letter.value) + size(&letter.key) > MAX_INLINE_BYTES);
        let large_key = letter.key.as_ref().filter(|key| key.len() > MAX_INLINE_KEY);
        let (mut bytes_in, mut key_in) = (None, None);
        if let Some(value) = large {
            bytes_in = Some(self.put_bytes(letter, "", value.clone()).await?);
        }
        if let Some(key) = large_key {
            key_in = Some(self.put_bytes(letter, "-key", key.clone()).await?);
        }
        let inline = letter.value.as_ref().filter(|_| large.is_none());
        let inline_key = letter.key.as_ref().filter(|_| large_key.is_none());
        let detail = &letter.detail[..letter.detail.floor_char_boundary(MAX_DETAIL)];
        let blob = |bytes: &Bytes| AttributeValue::B(Blob::new(bytes.to_vec()));
        let kept = self
            .dynamo
            .put_item()
            .table_name(&self.table)
            .item("id", s(&letter.id))
            .item("consumer", s(letter.consumer))
            .item("reason", s(letter.reason))
            .item("detail", s(detail))
            .item("topic", s(&letter.topic))
            .item("partition", n(letter.partition))
            .item("offset", n(letter.offset))
            .item("attempts", n(letter.attempts))
            .item("status", s("dead"))
            .item("at", s(format!("{now:.3}")))
            .item("bucket", s(bucket(now, &letter.id)))
            .set_item_if("recordKey", inline_key.map(blob))
            .set_item_if("recordKeyIn", key_in.map(s))
            .set_item_if("bytes", inline.map(blob))
            .set_item_if("bytesIn", bytes_in.map(s))
            .condition_expression("attribute_not_exists(id)")
            .send()
            .await
            .map_err(StoreError::from);
        tracing::error!(
            id = letter.id,
            reason = letter.reason,
            detail,
            topic = letter.topic,
            partition = letter.partition,
            offset = letter.offset,
            "dead letter"
        );
        match kept {
            Ok(_) | Err(StoreError::Condition(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The key is made of where the record is, so that a repeat writes the same object.
    async fn put_bytes(&self, letter: &DeadLetter, suffix: &str, value: Bytes) -> Result<String, StoreError> {
        let DeadLetter { consumer, topic, partition, offset, .. } = letter;
        let key = format!("{PREFIX}{consumer}/{topic}/{partition}-{offset}{suffix}");
        let put = self.s3.put_object().bucket(&self.bucket).key(&key).body(value.into());
        put.send().await.map_err(StoreError::from)?;
        Ok(format!("s3://{}/{key}", self.bucket))
    }
}

/// Dead letters are listed by day, spread over shards.
fn bucket(now: Timestamp, id: &str) -> String {
    format!("{}#{}", now.strftime("%Y-%m-%d"), shard_key(shard_of(id, SHARDS)))
}

/// Adds an attribute that may be absent.
trait SetItemIf {
    fn set_item_if(self, name: &str, value: Option<AttributeValue>) -> Self;
}

impl SetItemIf for aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder {
    fn set_item_if(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.item(name, value),
            None => self,
        }
    }
}
