//! Redrives a dead letter: sends its event again, to the consumer that failed.
//!
//! One transaction marks the dead letter as redriven and puts its event into the outbox, so that concurrent or repeated
//! requests redrive it once. The event is unchanged but for two more attributes: the id of the redrive, which becomes
//! part of the deduplication key, and the consumer that it is addressed to; other consumers skip it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::item::DEAD;
use super::{ADDRESS, OPEN_SHARD};
use crate::outbox::{self, Entry};
use millrace_domain::event::MAX_EVENT_BYTES;
use millrace_domain::event::identity::ID_REUSED;
use millrace_platform::dynamo::{Item, OnTable, StoreError, number, s, text, transact};

/// State of a dead letter that was redriven.
const REDRIVEN: &str = "redriven";

/// Kind of the aggregate, in the outbox's keys.
pub const AGGREGATE: &str = "dead-letter";

/// Most redrives of a dead letter; each adds an entry to its history.
const MAX_REDRIVES: usize = 100;

/// A redriven dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Redriven {
    /// Id of the event.
    pub event_id: String,
    /// The consumer that it is addressed to.
    pub consumer: String,
    /// Id of the redrive.
    pub redrive_id: String,
    /// The outbox entry of the event, for a caller that publishes it at once.
    #[serde(skip)]
    pub entry: Entry,
}

/// Why a dead letter was not redriven.
#[derive(Debug, thiserror::Error)]
pub enum RedriveError {
    /// There is no dead letter with this id.
    #[error("there is no such dead letter")]
    NotFound,
    /// Every dead letter of the id was redriven and has not failed since.
    #[error("it was redriven and has not failed since")]
    AlreadyRedriven,
    /// Events of these sources have the id.
    #[error("events of {} have this id; choose one by its source", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// It cannot be redriven, for this reason.
    #[error("it cannot be sent again: {0}")]
    NotRedrivable(&'static str),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which dead letters: those of an id, of one source if several events have it.
#[derive(Debug, Clone, Copy)]
pub struct Selected<'a> {
    /// Event id, or the id of a record that is not an event.
    pub id: &'a str,
    /// Source of the event.
    pub source: Option<&'a str>,
}

/// Redrives every dead letter of an event that has not been redriven since it failed, one per consumer. `new_id`
/// generates the ids of the redrives.
///
/// # Errors
/// None of them was redriven.
pub async fn redrive(
    dynamo: &Client,
    (letters, outbox): (&str, &str),
    selected: Selected<'_>,
    now: Timestamp,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Vec<Redriven>, RedriveError> {
    let query = dynamo.query().table_name(letters).consistent_read(true);
    let query = query.key_condition_expression("id = :id").expression_attribute_values(":id", s(selected.id));
    let mut items = query.send().await.on(letters)?.items.unwrap_or_default();
    items.retain(|item| selected.source.is_none_or(|source| text(item, "source").is_ok_and(|is| is == source)));
    if items.is_empty() {
        return Err(RedriveError::NotFound);
    }
    let sources: BTreeSet<&str> = items.iter().filter_map(|item| text(item, "source").ok()).collect();
    if sources.len() > 1 {
        return Err(RedriveError::Ambiguous(sources.into_iter().map(str::to_owned).collect()));
    }
    let mut redriven = Vec::new();
    let mut refused = RedriveError::AlreadyRedriven;
    for item in items.iter().filter(|item| text(item, "status").is_ok_and(|status| status == DEAD)) {
        match one(dynamo, (letters, outbox), item, now, new_id().to_string()).await {
            Ok(one) => redriven.push(one),
            Err(RedriveError::Store(StoreError::Condition(_))) => {}
            Err(error) => refused = error,
        }
    }
    if redriven.is_empty() { Err(refused) } else { Ok(redriven) }
}

async fn one(
    dynamo: &Client,
    (letters, outbox): (&str, &str),
    item: &Item,
    now: Timestamp,
    redrive_id: String,
) -> Result<Redriven, RedriveError> {
    let (id, consumer) = (text(item, "id")?.to_owned(), text(item, "consumer")?.to_owned());
    if text(item, "reason")? == ID_REUSED {
        return Err(RedriveError::NotRedrivable("its id belongs to another event"));
    }
    let times = item.get("history").and_then(|history| history.as_l().ok()).map_or(0, Vec::len);
    if times >= MAX_REDRIVES {
        return Err(RedriveError::NotRedrivable("it was redriven too often"));
    }
    let blob = |name: &str| item.get(name).and_then(|value| value.as_b().ok()).map(AsRef::as_ref);
    let value = blob("bytes").ok_or(RedriveError::NotRedrivable("its bytes are not in the table"))?;
    let (value, traceparent) = addressed(value, &redrive_id, &consumer)?;
    let key = blob("recordKey").map_or(Ok(id.as_str()), std::str::from_utf8);
    let key = key.map_err(|_| RedriveError::NotRedrivable("its key is no text"))?;
    let (aggregate, entry) = outbox_key(&id, text(item, ADDRESS)?, times + 1);
    let entry = Entry {
        aggregate,
        entry,
        topic: text(item, "topic")?.to_owned(),
        key: key.to_owned(),
        event_id: id.clone(),
        value,
        traceparent,
        created_at: now,
        wake: true,
    };
    transact(dynamo, vec![flip(letters, item, &redrive_id, now)?, entry.put(outbox)?]).await?;
    Ok(Redriven { event_id: id, consumer, redrive_id, entry })
}

/// The key in the outbox of the redrive with this number, from 1, of a dead letter.
#[must_use]
pub fn outbox_key(id: &str, address: &str, number: usize) -> (String, String) {
    (outbox::aggregate(AGGREGATE, &format!("{id}#{address}")), format!("{number:020}#000"))
}

/// The event with the attributes of a redrive and otherwise unchanged bytes, and its trace context.
fn addressed(value: &[u8], redrive_id: &str, consumer: &str) -> Result<(String, Option<String>), RedriveError> {
    let no_object = |_| RedriveError::NotRedrivable("it is no JSON object");
    let mut event: BTreeMap<&str, &RawValue> = serde_json::from_slice(value).map_err(no_object)?;
    let (redrive_id, consumer) = (to_raw_value(redrive_id), to_raw_value(consumer));
    let (redrive_id, consumer) = (redrive_id.map_err(no_object)?, consumer.map_err(no_object)?);
    let traceparent = event.get("traceparent").and_then(|trace| serde_json::from_str(trace.get()).ok());
    event.insert("redriveid", &redrive_id);
    event.insert("redriveconsumer", &consumer);
    let value = serde_json::to_string(&event).map_err(no_object)?;
    if value.len() > MAX_EVENT_BYTES {
        return Err(RedriveError::NotRedrivable("with the id of the redrive it is too large"));
    }
    Ok((value, traceparent))
}

/// The action that marks a dead letter as redriven, on condition that it is unchanged since it was read. Appends its
/// last failure to its history.
fn flip(table: &str, item: &Item, redrive_id: &str, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
    let of = |name: &str| item.get(name).cloned().unwrap_or_else(|| s(""));
    let death = AttributeValue::M(Item::from([
        ("at".to_owned(), of("at")),
        ("reason".to_owned(), of("reason")),
        ("detail".to_owned(), s(text(item, "detail")?.chars().take(200).collect::<String>())),
        ("attempts".to_owned(), millrace_platform::dynamo::n(number::<u32>(item, "attempts")?)),
        ("redriveId".to_owned(), s(redrive_id)),
        ("redrivenAt".to_owned(), s(format!("{now:.3}"))),
    ]));
    let update = Update::builder()
        .table_name(table)
        .key("id", of("id"))
        .key(ADDRESS, of(ADDRESS))
        .update_expression(
            "SET #status = :redriven, redriveId = :id, history = list_append(if_not_exists(history, :none), :death) \
             REMOVE #open",
        )
        .condition_expression("#status = :dead AND #at = :at")
        .expression_attribute_names("#status", "status")
        .expression_attribute_names("#at", "at")
        .expression_attribute_names("#open", OPEN_SHARD)
        .expression_attribute_values(":redriven", s(REDRIVEN))
        .expression_attribute_values(":dead", s(DEAD))
        .expression_attribute_values(":at", of("at"))
        .expression_attribute_values(":id", s(redrive_id))
        .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
        .expression_attribute_values(":death", AttributeValue::L(vec![death]))
        .build()
        .map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redriven_event_is_addressed_and_otherwise_as_it_was() {
        let event = br#"{"id":"e", "traceparent":"00-1-2-01","data":{"n": 1.50,"big":12345678901234567890123}}"#;
        let (sent, trace) = addressed(event, "r", "activity-order").unwrap();
        assert_eq!(trace.as_deref(), Some("00-1-2-01"));
        assert_eq!(
            sent,
            r#"{"data":{"n": 1.50,"big":12345678901234567890123},"id":"e","redriveconsumer":"activity-order","redriveid":"r","traceparent":"00-1-2-01"}"#
        );
        let (again, _) = addressed(sent.as_bytes(), "r-2", "stock").unwrap();
        assert!(again.contains(r#""redriveid":"r-2""#) && !again.contains("activity-order"));
        for poison in [b"not json".as_slice(), b"[]", b"\xff"] {
            let refused = addressed(poison, "r", "stock");
            assert!(matches!(refused, Err(RedriveError::NotRedrivable(_))));
        }
    }
}
