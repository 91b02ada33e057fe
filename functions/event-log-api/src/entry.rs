//! An event as the log has it, and as the API returns it.

use millrace_platform::dynamo::{Item, StoreError, number, text};
use serde::Serialize;
use serde_json::value::RawValue;

/// A log entry. `attributes` and `data` are all that the event has, with its own numbers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub event_id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub topic: String,
    pub partition: i64,
    pub offset: i64,
    pub time: String,
    pub attributes: Box<RawValue>,
    pub data: Box<RawValue>,
    #[serde(skip)]
    pub time_id: String,
    /// After this time, in Unix seconds, the entry is treated as deleted, though `DynamoDB` may take days to delete it.
    #[serde(skip)]
    pub expires_at: i64,
}

impl Entry {
    /// Reads an item, from the table or an index that has all of it.
    pub fn read(item: &Item) -> Result<Self, StoreError> {
        let owned = |name| text(item, name).map(str::to_owned);
        let json = |name| RawValue::from_string(owned(name)?).map_err(|error| StoreError::Corrupt(error.to_string()));
        Ok(Self {
            event_id: owned("eventId")?,
            source: owned("source")?,
            kind: owned("type")?,
            topic: owned("topic")?,
            partition: number(item, "partition")?,
            offset: number(item, "offset")?,
            time: owned("time")?,
            attributes: json("attributes")?,
            data: json("data")?,
            time_id: owned("timeId")?,
            expires_at: number(item, "expiresAt")?,
        })
    }

    /// Bytes of its data and its attributes.
    pub fn bytes(&self) -> usize {
        self.data.get().len() + self.attributes.get().len()
    }
}
