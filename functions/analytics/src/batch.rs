//! A batch of stream records as Lambda delivers it, and the facts in it.
//!
//! The shard's id is only in the events of a mapping with a tumbling window (LDG/services-ddb-windows), which is why the
//! mappings have one. Nothing is kept in the state of the window.

use jiff::Timestamp;
use millrace_store::analytics::Fact;
use serde::{Deserialize, Serialize};
use serde_json::Map;
use serde_json::value::{RawValue, Value};

use crate::sequence::Sequence;

/// The payload of an invocation. At the end of a window there is one without records.
#[derive(Debug, Default, Deserialize)]
pub struct StreamBatch {
    /// The records of one shard.
    #[serde(default, rename = "Records")]
    pub records: Vec<Record>,
    /// The shard.
    #[serde(default, rename = "shardId")]
    pub shard_id: Option<String>,
    /// The stream.
    #[serde(default, rename = "eventSourceARN")]
    pub stream: Option<String>,
}

/// A stream record.
#[derive(Debug, Deserialize)]
pub struct Record {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(rename = "SequenceNumber")]
    sequence: String,
    /// Read record by record, so that one that cannot be read does not stop the others.
    #[serde(default, rename = "NewImage")]
    image: Option<Box<RawValue>>,
}

/// An answer that completes a batch. A mapping with a tumbling window takes an answer without a state for a failure.
#[derive(Debug, Default, Serialize)]
pub struct Answer {
    state: Map<String, Value>,
}

/// The item of a record: an entry of the event log, or the outcome of a user's activity.
#[derive(Debug, Deserialize)]
struct Image {
    time: Text,
    #[serde(rename = "type")]
    kind: Option<Text>,
    data: Option<Text>,
    failed: Option<Flag>,
    late: Option<Flag>,
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

#[derive(Debug, Deserialize)]
struct Flag {
    #[serde(rename = "BOOL")]
    is: bool,
}

/// A record that was read: its place, and what is in it.
#[derive(Debug)]
pub struct Read {
    /// Its place in the shard.
    pub sequence: Sequence,
    item: Option<Image>,
}

impl Read {
    /// What is counted; `None` if the record cannot be read, which is logged.
    pub fn fact(&self) -> Option<Fact<'_>> {
        let Image { time, kind, data, failed, late } = self.item.as_ref()?;
        let time: Timestamp = time.text.parse().ok()?;
        let is = |flag: &Option<Flag>| flag.as_ref().is_some_and(|flag| flag.is);
        Some(match (kind, data) {
            (Some(kind), Some(data)) => Fact::Event { kind: &kind.text, time, data: &data.text },
            _ => Fact::Outcome { time, failed: is(failed), late: is(late) },
        })
    }
}

impl StreamBatch {
    /// The records in the order of the shard, or the first one that has no place in it.
    pub fn read(&self) -> Result<Vec<Read>, String> {
        let read = |record: &Record| {
            let Change { sequence, image } = &record.dynamodb;
            let item = image.as_ref().and_then(|image| serde_json::from_str(image.get()).ok());
            let read = Read { sequence: Sequence::read(sequence).ok_or_else(|| sequence.clone())?, item };
            if read.fact().is_none() {
                // Both tables are written by this system alone, so it is a mistake of this code.
                tracing::error!(sequence, "a stream record cannot be read and is not counted");
            }
            Ok(read)
        };
        let mut records = self.records.iter().map(read).collect::<Result<Vec<_>, String>>()?;
        records.sort_by(|a, b| a.sequence.cmp(&b.sequence));
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_cannot_be_read_does_not_hide_the_others() {
        let time = r#""time":{"S":"2026-11-28T05:12:00Z"}"#;
        let images = [
            format!(r#"{{{time},"type":{{"S":"Unheard"}},"data":{{"S":"{{}}"}},"other":{{"L":[]}}}}"#),
            r#"{"time":{"N":"1"},"type":{"S":"Notify"},"data":{"S":"{}"}}"#.to_owned(),
            format!(r#"{{{time},"pk":{{"S":"outcome#e"}},"late":{{"BOOL":true}}}}"#),
        ];
        let record = |(at, image): (usize, &String)| {
            format!(r#"{{"eventName":"INSERT","dynamodb":{{"SequenceNumber":"{}","NewImage":{image}}}}}"#, 10 - at)
        };
        let records: Vec<String> = images.iter().enumerate().map(record).collect();
        let batch = format!(r#"{{"Records":[{}],"shardId":"s","eventSourceARN":"a"}}"#, records.join(","));
        let batch: StreamBatch = serde_json::from_slice(batch.as_bytes()).unwrap();
        let read = batch.read().unwrap();
        let time: Timestamp = "2026-11-28T05:12:00Z".parse().unwrap();
        let facts: Vec<_> = read.iter().map(Read::fact).collect();
        let expected = [
            Some(Fact::Outcome { time, failed: false, late: true }),
            None,
            Some(Fact::Event { kind: "Unheard", time, data: "{}" }),
        ];
        assert_eq!(facts, expected);
        assert_eq!(serde_json::to_string(&Answer::default()).unwrap(), r#"{"state":{}}"#);
    }
}
