//! What is in S3: the archive, and the bytes of large dead letters.

use std::io::Read;

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Reader;
use super::items::{Item, bytes, place, text};
use crate::event::attributes;
use crate::observed::{ArchiveLine, Copy, DeadLetter, Observed, Place};

/// Prefix of the archive.
const ARCHIVE: &str = "archive/";

/// Maximum size of an unpacked object, in bytes: ample for one batch, whose payload is at most 6 MB in base64.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct Line {
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    time: Option<Timestamp>,
    data: Box<RawValue>,
    kafka: Position,
}

#[derive(Deserialize)]
struct Position {
    topic: String,
    partition: i32,
    offset: i64,
    timestamp: Timestamp,
}

impl Reader {
    pub(super) async fn read_archive(&self, observed: &mut Observed) -> anyhow::Result<()> {
        let mut pages = self.s3.list_objects_v2().bucket(self.bucket()?).prefix(ARCHIVE).into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.context("cannot list the archive")?.contents() {
                let Some(key) = object.key() else { continue };
                match lines(key, &self.object(self.bucket()?, key).await?) {
                    Ok(lines) => observed.archive.extend(lines),
                    Err(why) => observed.unreadable.push((key.to_owned(), why)),
                }
            }
        }
        Ok(())
    }

    pub(super) async fn letter(&self, item: &Item) -> anyhow::Result<Result<DeadLetter, String>> {
        let key = self.kept(item, "recordKey").await?;
        let value = self.kept(item, "bytes").await?;
        Ok((|| {
            let (id, consumer, reason) = (text(item, "id")?, text(item, "consumer")?, text(item, "reason")?);
            Ok(DeadLetter { id, consumer, reason, place: place(item)?, key, value })
        })())
    }

    /// Bytes from the item, or from S3 if the item refers to it.
    async fn kept(&self, item: &Item, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let Ok(url) = text(item, &format!("{name}In")) else { return Ok(bytes(item, name)) };
        let (bucket, key) = url.strip_prefix("s3://").and_then(|url| url.split_once('/')).context(url.clone())?;
        self.object(bucket, key).await.map(Some)
    }

    async fn object(&self, bucket: &str, key: &str) -> anyhow::Result<Vec<u8>> {
        let context = || format!("cannot read s3://{bucket}/{key}");
        let object = self.s3.get_object().bucket(bucket).key(key).send().await.with_context(context)?;
        Ok(object.body.collect().await.with_context(context)?.to_vec())
    }

    fn bucket(&self) -> anyhow::Result<&str> {
        self.addresses.buckets.get("ArchiveBucket").map(String::as_str).context("there is no ArchiveBucket")
    }
}

fn lines(key: &str, packed: &[u8]) -> Result<Vec<ArchiveLine>, String> {
    let mut unpacked = String::new();
    let mut reader = MultiGzDecoder::new(packed).take(MAX_UNPACKED);
    reader.read_to_string(&mut unpacked).map_err(|error| error.to_string())?;
    unpacked.lines().map(|line| archived(key, line)).collect()
}

fn archived(object: &str, line: &str) -> Result<ArchiveLine, String> {
    let Line { id, source, kind, time, data, kafka } = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let Position { topic, partition, offset, timestamp } = kafka;
    let (mut attributes, place) = (attributes(line.as_bytes())?, Place { topic, partition, offset });
    attributes.remove("kafka");
    let copy = Copy { id, source, kind, time, attributes, data: data.get().to_owned(), place };
    Ok(ArchiveLine { object: object.to_owned(), timestamp, copy })
}
