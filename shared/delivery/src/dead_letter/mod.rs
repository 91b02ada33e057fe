//! Dead letters: records that a consumer can never process, stored with their bytes and the reason.

mod item;
mod redrive;

pub use item::{DEAD, put};
pub use redrive::{RedriveError, Redriven, Selected, outbox_key, redrive};

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;

use self::item::{attributes, condition, replace};
use millrace_domain::event::MAX_EVENT_BYTES;
use millrace_domain::event::identity::source_key;
use millrace_platform::aws;
use millrace_platform::dynamo::{Item, OnTable, StoreError, s};
use millrace_platform::settings::{MissingSetting, setting};

/// A dead letter with more bytes than this has them in S3, because a `DynamoDB` item is limited to 400 KB.
const MAX_INLINE_BYTES: usize = MAX_EVENT_BYTES;

/// Longest record key that is stored in the item, in bytes.
const MAX_INLINE_KEY: usize = 2_048;

/// Index of all dead letters by time: partition key [`SHARD`], sort key [`TIME_ID`]. Projects all attributes.
pub const BY_TIME: &str = "byTime";
/// Index of the dead letters that were not redriven since they failed: partition key [`OPEN_SHARD`], sort key
/// [`TIME_ID`]. Sparse and of keys only.
pub const OPEN: &str = "open";
/// [`SHARD`], as long as it is open.
pub const OPEN_SHARD: &str = "openShard";
/// Sort key of the table: see [`DeadLetter::address`].
pub const ADDRESS: &str = "address";
/// One of 16 shards, `00` to `15`.
pub const SHARD: &str = "shard";
/// Time, id and address.
pub const TIME_ID: &str = "timeId";

/// Prefix of the S3 objects that hold the bytes of large dead letters.
pub const PREFIX: &str = "dead-letters/";

/// A record that was dead-lettered.
#[derive(Debug, Clone)]
pub struct DeadLetter {
    /// Event id, or `consumer:topic:partition:offset` if the record is not an event.
    pub id: String,
    /// Source of the event, with which its id is unique; `None` if the record is not an event.
    pub source: Option<String>,
    /// Digest of what the event says, if its id belongs to another content: then one id has several dead letters.
    pub content: Option<String>,
    /// The consumer that failed; a redrive is addressed to it.
    pub consumer: &'static str,
    /// Stable code.
    pub reason: &'static str,
    /// What is wrong with it.
    pub detail: String,
    /// Topic of the record.
    pub topic: String,
    /// Partition.
    pub partition: i64,
    /// Offset.
    pub offset: i64,
    /// Number of attempts to process it.
    pub attempts: u32,
    /// Key of the record.
    pub key: Option<Bytes>,
    /// Value of the record; `None` for a tombstone.
    pub value: Option<Bytes>,
    /// Id of the redrive after which the record failed again.
    pub redrive: Option<String>,
}

impl DeadLetter {
    /// Where it is among the dead letters with its id: `consumer`, `consumer#source`, or `consumer#source#digest` if the
    /// id belongs to another content.
    #[must_use]
    pub fn address(&self) -> String {
        let parts = [self.source.as_deref().map(source_key), self.content.as_deref().map(Cow::Borrowed)];
        parts.into_iter().flatten().fold(self.consumer.to_owned(), |address, part| format!("{address}#{part}"))
    }
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

    /// Configured by the settings `DEAD_LETTER_TABLE` and `ARCHIVE_BUCKET`.
    ///
    /// # Errors
    /// A setting is missing.
    pub fn from_env() -> Result<Self, MissingSetting> {
        Ok(Self::new(aws::dynamodb()?, setting("DEAD_LETTER_TABLE")?, aws::s3()?, setting("ARCHIVE_BUCKET")?))
    }

    /// Stores a dead letter. A repeat for the same event and consumer changes nothing, unless the dead letter was redriven
    /// and failed again: then it is dead again.
    ///
    /// # Errors
    /// It was not stored, so the record must be reported as failed.
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
        let mut item = attributes(letter, now);
        if let Some(place) = bytes_in {
            item.remove("bytes");
            item.insert("bytesIn".to_owned(), s(place));
        }
        if let Some(place) = key_in {
            item.remove("recordKey");
            item.insert("recordKeyIn".to_owned(), s(place));
        }
        let kept = self.write(letter, item).await;
        tracing::error!(
            id = letter.id,
            reason = letter.reason,
            detail = letter.detail,
            topic = letter.topic,
            partition = letter.partition,
            offset = letter.offset,
            "dead letter"
        );
        match kept {
            Ok(()) | Err(StoreError::Condition(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn write(&self, letter: &DeadLetter, item: Item) -> Result<(), StoreError> {
        let (table, condition) = (&self.table, condition(letter));
        if letter.redrive.is_none() {
            let put = self.dynamo.put_item().table_name(table).set_item(Some(item)).condition_expression(condition);
            return put.send().await.map(drop).on(table);
        }
        let (key, expression, names, values) = replace(letter, item);
        let update = self.dynamo.update_item().table_name(table).set_key(Some(key)).update_expression(expression);
        let update = update.set_expression_attribute_names(Some(names)).set_expression_attribute_values(Some(values));
        update.condition_expression(condition).send().await.map(drop).on(table)
    }

    /// The object key is derived from the record's position, so a repeat writes the same object.
    async fn put_bytes(&self, letter: &DeadLetter, suffix: &str, value: Bytes) -> Result<String, StoreError> {
        let DeadLetter { consumer, topic, partition, offset, .. } = letter;
        let key = format!("{PREFIX}{consumer}/{topic}/{partition}-{offset}{suffix}");
        let put = self.s3.put_object().bucket(&self.bucket).key(&key).body(value.into());
        put.send().await.map_err(StoreError::from)?;
        Ok(format!("s3://{}/{key}", self.bucket))
    }
}
