//! Records that no consumer can process do not block a partition, and are kept.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeMap;

use end_to_end::stack::Stack;
use end_to_end::stack::kafka::{self, KEY, TOPIC};
use end_to_end::stack::tables::{Item, number, text};
use krafka::producer::Record;
use serde_json::{Value, json};

/// Every record goes here, so that each invalid one is in front of a good event.
const PARTITION: i32 = 5;
const CONSUMERS: [&str; 2] = ["archive", "event-log"];

fn with(pointer: &str, value: Value) -> Vec<u8> {
    let mut event = kafka::event("spoiled");
    *event.pointer_mut(pointer).unwrap() = value;
    event.to_string().into_bytes()
}

fn large() -> Vec<u8> {
    let mut event = kafka::event("large");
    event["data"]["padding"] = json!("x".repeat(900 * 1024));
    event.to_string().into_bytes()
}

/// Values of records that are not events, and the reason with which each is dead-lettered.
fn poisons() -> Vec<(Option<Vec<u8>>, &'static str)> {
    vec![
        (Some(b"not json".to_vec()), "not_json"),
        (Some(vec![0xff, 0x00, 0xfe]), "not_json"),
        (Some(Vec::new()), "not_json"),
        (Some(b"[1,2]".to_vec()), "breaks_schema"),
        (Some(with("/specversion", json!("2.0"))), "breaks_schema"),
        (Some(with("/data/version", json!(-1))), "breaks_schema"),
        (Some(with("/time", json!("yesterday"))), "breaks_schema"),
        // A type that belongs to another topic.
        (Some(with("/type", json!("OrderCreated"))), "wrong_topic"),
        // The error message repeats the name.
        (Some(with("/type", json!("A".repeat(250_000)))), "breaks_schema"),
        (Some(large()), "too_large"),
        (None, "tombstone"),
    ]
}

fn record(value: Option<Vec<u8>>) -> Record {
    let record = match value {
        Some(value) => Record::new(TOPIC, value).key(KEY),
        None => Record::tombstone(TOPIC, KEY),
    };
    record.partition(PARTITION)
}

#[tokio::test]
async fn a_poison_record_is_dead_lettered_with_its_bytes_by_each_consumer_and_the_partition_goes_on() {
    let stack = Stack::start().await;
    let poisons = poisons();
    let event = |number: usize| record(Some(kafka::event(&format!("good-{number}")).to_string().into_bytes()));
    let mut records = vec![event(0)];
    for (number, (value, _)) in poisons.iter().enumerate() {
        records.extend([record(value.clone()), event(number + 1)]);
    }
    let places = stack.produce(records).await;
    assert_eq!(places, (0..places.len()).map(|offset| (PARTITION, offset as i64)).collect::<Vec<_>>());
    stack.caught_up().await;

    let expected: Vec<String> = {
        let mut ids: Vec<String> = (0..=poisons.len()).map(|number| format!("good-{number}")).collect();
        ids.sort();
        ids
    };
    let mut logged: Vec<String> = stack.event_log("").await.into_iter().map(|entry| entry.event_id).collect();
    logged.sort();
    assert_eq!(logged, expected);
    let mut archived: Vec<String> = stack.archive().await.into_iter().map(|line| line.id).collect();
    archived.sort();
    archived.dedup();
    assert_eq!(archived, expected);

    let letters = stack.items("DeadLetterTable").await;
    let mut letters: BTreeMap<(&str, i64), &Item> =
        letters.iter().map(|letter| ((text(letter, "consumer"), number(letter, "offset")), letter)).collect();
    for consumer in CONSUMERS {
        for (at, (value, reason)) in poisons.iter().enumerate() {
            let offset = 2 * at as i64 + 1;
            let letter = letters.remove(&(consumer, offset)).unwrap_or_else(|| panic!("{consumer} lost {offset}"));
            check_letter(&stack, letter, consumer, offset, reason, value.as_deref()).await;
        }
    }
    assert!(letters.is_empty(), "further dead letters: {letters:?}");
    assert_eq!(stack.conserved().await, expected.len());
}

#[tokio::test]
async fn what_is_not_called_a_request_never_reaches_the_store_of_timers_and_is_kept_by_the_others() {
    let stack = Stack::start().await;
    let request = br#"{"type":"TimerRequested"}"#.to_vec();
    let values = [b"not json".to_vec(), b"{}".to_vec(), br#"{"type":"TimerFired"}"#.to_vec(), request.clone()];
    stack.produce(values.iter().map(|value| Record::new("timer-requests", value.clone()).key(KEY)).collect()).await;
    stack.caught_up().await;
    let letters = stack.items("DeadLetterTable").await;
    let kept = |consumer: &str| -> Vec<&[u8]> {
        let of = letters.iter().filter(|letter| text(letter, "consumer") == consumer);
        of.map(|letter| letter["bytes"].as_b().unwrap().as_ref()).collect()
    };
    assert_eq!(kept("timer-store"), [&request[..]]);
    for consumer in CONSUMERS {
        assert_eq!(kept(consumer).len(), values.len(), "{consumer}");
    }
    stack.conserved().await;
}

async fn check_letter(stack: &Stack, letter: &Item, consumer: &str, offset: i64, reason: &str, value: Option<&[u8]>) {
    let place = format!("{consumer}:{TOPIC}:{PARTITION}:{offset}");
    assert_eq!((text(letter, "id"), text(letter, "reason")), (place.as_str(), reason));
    assert_eq!((text(letter, "topic"), number(letter, "partition")), (TOPIC, i64::from(PARTITION)));
    assert_eq!((text(letter, "status"), number(letter, "attempts")), ("dead", 1));
    assert!(!text(letter, "detail").is_empty() && text(letter, "at").parse::<jiff::Timestamp>().is_ok());
    let bytes = |name: &str| letter.get(name).map(|bytes| bytes.as_b().unwrap().as_ref());
    assert_eq!(bytes("recordKey"), Some(KEY.as_bytes()));
    if reason == "too_large" {
        let prefix = format!("s3://{}/", stack.addresses.buckets["ArchiveBucket"]);
        let key = text(letter, "bytesIn").strip_prefix(&prefix).unwrap();
        assert_eq!(Some(stack.object(key).await.as_slice()), value, "{place}");
        assert_eq!(bytes("bytes"), None);
    } else {
        assert_eq!(bytes("bytes"), value, "{place}");
        assert!(!letter.contains_key("bytesIn"));
    }
}

#[tokio::test]
async fn an_event_that_comes_twice_is_once_in_the_log_and_readers_of_the_archive_drop_the_repeat() {
    let stack = Stack::start().await;
    let event = kafka::event("twice");
    let repeat = || record(Some(event.to_string().into_bytes()));
    let log = async || -> Vec<(String, i64)> {
        stack.caught_up().await;
        stack.event_log("type=ProductDeleted").await.into_iter().map(|entry| (entry.event_id, entry.offset)).collect()
    };
    stack.produce(vec![repeat(), repeat()]).await;
    // Either may be the one that is logged, since the log processes the events of a batch concurrently.
    let first = log().await;
    assert!(matches!(first.as_slice(), [(id, 0 | 1)] if id == "twice"), "{first:?}");
    stack.produce(vec![repeat()]).await;
    assert_eq!(log().await, first, "an entry does not change");
    let mut offsets: Vec<i64> = stack.archive().await.iter().map(|line| line.kafka.offset).collect();
    offsets.sort_unstable();
    assert_eq!(offsets, [0, 1, 2], "the archive keeps what was on the topic, each with its offset");
    assert!(stack.items("DeadLetterTable").await.is_empty());
    assert_eq!(stack.conserved().await, 1);
}

#[tokio::test]
async fn a_dead_letter_with_a_key_that_no_item_holds_keeps_the_key_in_s3() {
    let stack = Stack::start().await;
    let key = vec![b'k'; 500 * 1024];
    let swapped = Record::new(TOPIC, b"x".to_vec()).key(key.clone()).partition(PARTITION);
    stack.produce(vec![swapped]).await;
    stack.caught_up().await;
    let letters = stack.items("DeadLetterTable").await;
    assert_eq!(letters.len(), CONSUMERS.len());
    for letter in &letters {
        let prefix = format!("s3://{}/", stack.addresses.buckets["ArchiveBucket"]);
        let object = text(letter, "recordKeyIn").strip_prefix(&prefix).unwrap();
        assert_eq!(stack.object(object).await, key);
    }
    stack.conserved().await;
}
