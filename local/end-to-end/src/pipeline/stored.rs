//! What DynamoDB stores of users' events. Keys and attributes are those of docs/data.md, defined here independently of
//! the functions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;

type Item = HashMap<String, AttributeValue>;

/// An event's item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// `buffered`, `processed` or `failed`.
    pub status: String,
    /// The user.
    pub user: String,
    /// Its place in the user's order, if it has one.
    pub seq: Option<u64>,
    /// When it was processed, in Unix milliseconds.
    pub processed_at: Option<i64>,
    /// Its position among the user's processed and failed events.
    pub position: Option<u64>,
    /// Number of attempts.
    pub attempts: u64,
    /// Why it failed.
    pub error: Option<String>,
}

/// The two tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Events by id.
    pub events: BTreeMap<String, StoredEvent>,
    /// Number of processed events per user, from the profile.
    pub profiles: BTreeMap<String, u64>,
    /// Keys of waiting events.
    pub waiting: Vec<String>,
    /// Skipped seqs.
    pub gaps: Vec<String>,
    /// Attempts of the processor's dead letters, by id.
    pub dead_letters: BTreeMap<String, u64>,
    /// Items of an unknown kind.
    pub unknown: BTreeSet<String>,
}

impl Stored {
    /// Reads both tables. Nothing may write meanwhile.
    ///
    /// # Errors
    /// DynamoDB does not answer, or an item lacks a required attribute.
    pub async fn read(dynamodb: &Client, activity: &str, dead_letters: &str) -> anyhow::Result<Self> {
        let mut stored = Self::default();
        for item in scan(dynamodb, activity).await? {
            stored.add(&item).with_context(|| format!("{item:?}"))?;
        }
        for item in scan(dynamodb, dead_letters).await? {
            if text(&item, "consumer") == Some(super::PROCESSOR) {
                let id = text(&item, "id").context("no id")?.to_owned();
                stored.dead_letters.insert(id, number(&item, "attempts").context("no attempts")?);
            }
        }
        Ok(stored)
    }

    fn add(&mut self, item: &Item) -> anyhow::Result<()> {
        let (pk, sk) = (text(item, "pk").context("no pk")?, text(item, "sk").context("no sk")?);
        let (kind, id) = pk.split_once('#').context("a key without a kind")?;
        match (kind, sk.split('#').next().unwrap_or_default()) {
            ("event", "event") => {
                self.events.insert(id.to_owned(), event(item)?);
            }
            ("profile", _) => {
                let counts = item.get("counts").and_then(|counts| counts.as_m().ok()).context("no counts")?;
                let named: u64 = counts.keys().filter_map(|kind| number::<u64>(counts, kind)).sum();
                self.profiles.insert(id.to_owned(), named + number::<u64>(item, "other").unwrap_or(0));
            }
            ("order", "seq") => self.waiting.push(format!("{pk} {sk}")),
            ("order", "gap") => self.gaps.push(format!("{pk} {sk}")),
            ("order", "cursor") | ("rate", _) | ("partition", "progress") => {}
            _ => {
                self.unknown.insert(format!("{kind} {sk}"));
            }
        }
        Ok(())
    }
}

fn event(item: &Item) -> anyhow::Result<StoredEvent> {
    Ok(StoredEvent {
        status: text(item, "status").context("no status")?.to_owned(),
        user: text(item, "userId").context("no userId")?.to_owned(),
        seq: number(item, "seq"),
        processed_at: number(item, "processedAt"),
        position: number(item, "position"),
        attempts: number(item, "attempts").context("no attempts")?,
        error: text(item, "error").map(str::to_owned),
    })
}

async fn scan(dynamodb: &Client, table: &str) -> anyhow::Result<Vec<Item>> {
    let scan = dynamodb.scan().table_name(table).consistent_read(true);
    let items: Result<Vec<Item>, _> = scan.into_paginator().items().send().collect().await;
    items.with_context(|| format!("cannot read {table}"))
}

fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
