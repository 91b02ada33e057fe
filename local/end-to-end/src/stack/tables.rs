//! What the stack has stored: DynamoDB items, the event log, the archive.

use std::collections::HashMap;
use std::io::Read;

use aws_sdk_dynamodb::types::AttributeValue;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Stack;

pub type Item = HashMap<String, AttributeValue>;

/// Entries per page of the event log.
const PAGE: usize = 100;

/// An entry as returned by `GET /event-log`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Logged {
    pub event_id: String,
    pub source: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub time: String,
    pub attributes: Box<RawValue>,
    pub data: Box<RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LogPage {
    items: Vec<Logged>,
    next_cursor: Option<String>,
}

/// A line of the archive.
#[derive(Debug, Clone, Deserialize)]
pub struct Archived {
    pub id: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub subject: String,
    pub time: String,
    /// 0 for user activity, which has none.
    #[serde(rename = "aggregateversion", default)]
    pub version: u64,
    pub data: Box<RawValue>,
    pub kafka: Position,
}

/// Where an archived event is in Kafka.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: String,
}

impl Stack {
    /// Every item of a table.
    pub async fn items(&self, logical_id: &str) -> Vec<Item> {
        let scan = self.dynamodb.scan().table_name(self.table(logical_id)).consistent_read(true);
        scan.into_paginator().items().send().collect::<Result<_, _>>().await.unwrap()
    }

    /// All pages of the event log for a query such as `type=ProductCreated`; the default range is the last day.
    pub async fn event_log(&self, query: &str) -> Vec<Logged> {
        let mut entries = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/event-log?limit={PAGE}&{query}{cursor}");
            let page: LogPage = serde_json::from_str(&self.get(&path).await.with(200).text).unwrap();
            assert!(page.items.len() == PAGE || page.next_cursor.is_none(), "a short page is the last");
            entries.extend(page.items);
            let Some(next) = page.next_cursor else { return entries };
            cursor = format!("&cursor={next}");
        }
    }

    /// Keys of all objects under a prefix.
    pub async fn objects(&self, prefix: &str) -> Vec<String> {
        let list = self.s3.list_objects_v2().bucket(&self.addresses.buckets["ArchiveBucket"]).prefix(prefix);
        let mut pages = list.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            keys.extend(page.unwrap().contents().iter().map(|object| object.key().unwrap().to_owned()));
        }
        keys
    }

    /// The bytes of an object.
    pub async fn object(&self, key: &str) -> Vec<u8> {
        let object = self.s3.get_object().bucket(&self.addresses.buckets["ArchiveBucket"]).key(key);
        object.send().await.unwrap().body.collect().await.unwrap().to_vec()
    }

    /// Every line of the archive, including repeats.
    pub async fn archive(&self) -> Vec<Archived> {
        let mut lines = Vec::new();
        for key in self.objects("archive/").await {
            let topics = &self.addresses.topics;
            assert!(topics.iter().any(|topic| key.starts_with(&format!("archive/{topic}/dt="))), "{key}");
            let mut text = String::new();
            GzDecoder::new(self.object(&key).await.as_slice()).read_to_string(&mut text).unwrap();
            lines.extend(text.lines().map(|line| serde_json::from_str::<Archived>(line).unwrap()));
        }
        lines
    }

    /// Every page of a list of products.
    pub async fn products(&self, query: &str) -> Vec<Vec<Value>> {
        let mut pages = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("/products?{query}{cursor}")).await.with(200).json();
            pages.push(page["items"].as_array().unwrap().clone());
            let Some(next) = page["nextCursor"].as_str() else { return pages };
            cursor = format!("&cursor={next}");
        }
    }
}

/// A text attribute.
#[track_caller]
pub fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).unwrap_or_else(|| panic!("no {name} in {item:?}"))
}

/// A number attribute.
#[track_caller]
pub fn number(item: &Item, name: &str) -> i64 {
    let value = item.get(name).and_then(|value| value.as_n().ok());
    value.unwrap_or_else(|| panic!("no {name} in {item:?}")).parse().unwrap()
}
