//! An event is its source and id, and comes out of every place as it went in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::io::Read;

use end_to_end::stack::Stack;
use end_to_end::stack::activity::{CONSUMER, TOPIC};
use end_to_end::stack::tables::text;
use flate2::read::GzDecoder;
use krafka::producer::Record;
use millrace_judge::read::topic;
use serde_json::{Value, json};

/// Numbers that a 64-bit integer or a double cannot hold.
const DIGITS: &str =
    r#"{"iccid":89148000005218400001,"pi":3.14159265358979323846264338327950288,"price":1.50,"small":-0.0}"#;

fn event(user: &str, id: &str, seq: u64) -> Value {
    json!({"userId": user, "type": "click", "payload": {"seq": seq, "user": user}, "eventId": id})
}

/// A valid event as another producer writes it, with the attributes that `CloudEvents` requires.
fn bare(source: &str, id: &str, data: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"{id}","source":"{source}","type":"UserActivity","data":{data}}}"#)
}

fn record(user: &str, value: impl Into<Vec<u8>>) -> Record {
    Record::new(TOPIC, value.into()).key(user.to_owned())
}

/// The user's events by seq, once there are as many and all are final: seq, status and error.
async fn settled(stack: &Stack, user: &str, count: usize) -> Vec<(u64, String, String)> {
    stack
        .eventually(&format!("{count} events of {user} are final"), async || {
            let page = stack.get(&format!("/users/{user}/events")).await.with(200).json();
            let items = page["items"].as_array().unwrap().clone();
            let done = items.iter().filter(|item| item["status"] != "buffered").count() == count;
            if !done || items.len() != count {
                return Err(page);
            }
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let told = |item: &Value| {
                assert!(item["processedAt"].is_i64(), "when it became final: {item}");
                (item["seq"].as_u64().unwrap(), text(&item["status"]), text(&item["error"]))
            };
            Ok(items.iter().map(told).collect())
        })
        .await
}

fn all_processed(events: &[(u64, String, String)]) -> bool {
    events.iter().all(|(_, status, _)| status == "processed")
}

/// Every line of the archive as text.
async fn archive(stack: &Stack) -> String {
    let mut lines = String::new();
    for key in stack.objects("archive/").await {
        GzDecoder::new(stack.object(&key).await.as_slice()).read_to_string(&mut lines).unwrap();
    }
    lines
}

/// The values on the topic of user activity.
async fn published(stack: &Stack) -> Vec<String> {
    let records = topic::records(&stack.addresses.kafka, TOPIC).await.unwrap();
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn two_users_may_use_one_event_id_and_both_events_are_processed() {
    let stack = Stack::start().await;
    for sent in [event("bob", "order-1001", 1), event("ann", "order-1001", 1), event("ann", "order-1002", 2)] {
        stack.ask("POST", "/events", &sent).await.with(202);
    }
    assert!(all_processed(&settled(&stack, "ann", 2).await) && all_processed(&settled(&stack, "bob", 1).await));
    stack.drained().await;

    let several = stack.get("/events/order-1001").await.with(409).json();
    assert_eq!(several["code"], "ambiguous_event_id");
    let sources: Vec<&str> = several["sources"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(sources.len(), 2);
    for source in sources {
        let one = stack.get(&format!("/events/order-1001?source={source}")).await.with(200).json();
        assert!(source.ends_with(one["userId"].as_str().unwrap()) && one["status"] == "processed", "{source}: {one}");
    }
    assert_eq!(stack.get("/events/order-1002").await.with(200).json()["userId"], "ann");
    let logged = stack.event_log("").await;
    assert_eq!(logged.iter().filter(|entry| entry.event_id == "order-1001").count(), 2);
    assert_eq!(stack.get("/dlq").await.json()["items"], json!([]));
    stack.conserved().await;
}

#[tokio::test]
async fn dead_letters_of_one_id_are_kept_and_sent_again_by_their_source() {
    let stack = Stack::start().await;
    for user in ["bob", "ann"] {
        let mut failing = event(user, "fails", 1);
        failing["payload"]["fail"] = json!(true);
        stack.ask("POST", "/events", &failing).await.with(202);
    }
    for user in ["bob", "ann"] {
        assert_eq!(settled(&stack, user, 1).await[0].1, "failed");
    }
    let letters = stack.get("/dlq").await.with(200).json()["items"].as_array().unwrap().clone();
    assert_eq!(letters.len(), 2, "{letters:?}");
    let both = stack.ask("POST", "/dlq/fails/redrive", &Value::Null).await.with(409).json();
    assert_eq!(both["code"], "ambiguous_event_id");
    let source = letters[0]["source"].as_str().unwrap();
    let redriven = stack.ask("POST", &format!("/dlq/fails/redrive?source={source}"), &Value::Null).await.with(202);
    assert_eq!(redriven.json()["items"].as_array().unwrap().len(), 1);
    let other = "/dlq/fails/redrive?source=urn:nobody";
    stack.ask("POST", other, &Value::Null).await.with(404);
    stack.drained().await;
    stack.conserved().await;
}

#[tokio::test]
async fn one_id_of_two_sources_is_two_events() {
    let stack = Stack::start().await;
    let data = |seq: u64| format!(r#"{{"userId":"ann","type":"click","payload":{{"seq":{seq}}}}}"#);
    stack
        .produce(vec![
            record("ann", bare("urn:shop", "e-1", &data(1))),
            record("ann", bare("urn:kiosk", "e-1", &data(2))),
            record("ann", bare("urn:kiosk", "e-2", &data(3))),
        ])
        .await;
    assert!(all_processed(&settled(&stack, "ann", 3).await));
    stack.drained().await;
    assert_eq!(stack.event_log("").await.len(), 3);
    stack.conserved().await;
}

#[tokio::test]
async fn another_content_under_a_taken_id_is_a_dead_letter_and_holds_nobody_up() {
    let stack = Stack::start().await;
    let send = async |body: &str| {
        let request = stack.request("POST", "/events").header("content-type", "application/json");
        stack.send(request.body(body.to_owned())).await.with(202);
    };
    send(r#"{"userId":"bob","type":"click","payload":{"seq":1,"n":1.0},"eventId":"e"}"#).await;
    // The same event in other words.
    send(r#"{"eventId":"e","type":"click","userId":"bob","payload":{"n":1,"\u0073eq":1}}"#).await;
    send(r#"{"userId":"bob","type":"click","payload":{"seq":2,"n":2},"eventId":"e"}"#).await;
    send(r#"{"userId":"bob","type":"click","payload":{"seq":3,"n":3},"eventId":"e"}"#).await;
    send(r#"{"userId":"bob","type":"click","payload":{"seq":4}}"#).await;
    let told = settled(&stack, "bob", 4).await;
    let statuses: Vec<&str> = told.iter().map(|(_, status, _)| status.as_str()).collect();
    assert_eq!(statuses, ["processed", "failed", "failed", "processed"], "{told:?}");
    assert!(told[1].2.starts_with("id_reused"), "{told:?}");
    stack.drained().await;

    assert_eq!(stack.get("/events/e").await.with(200).json()["status"], "processed");
    let letters = stack.items("DeadLetterTable").await;
    for consumer in [CONSUMER, "event-log"] {
        let of = letters.iter().filter(|letter| text(letter, "consumer") == consumer);
        assert_eq!(of.filter(|letter| text(letter, "reason") == "id_reused").count(), 2, "{consumer}");
    }
    assert_eq!(letters.len(), 4);
    let again = stack.ask("POST", "/dlq/e/redrive", &Value::Null).await.with(422).json();
    assert_eq!(again["code"], "not_redrivable");
    stack.conserved().await;
}

#[tokio::test]
async fn every_digit_that_went_in_comes_out_of_every_place() {
    let stack = Stack::start().await;
    let send = async |path: &str, body: String| {
        let request = stack.request("POST", path).header("content-type", "application/json");
        stack.send(request.body(body)).await.with(202);
    };
    let body = |seq: u64, more: &str| {
        let payload = DIGITS.replacen('{', &format!("{{\"seq\":{seq},{more}"), 1);
        format!(r#"{{"userId":"ann","type":"click","payload":{payload}}}"#)
    };
    send("/events", body(1, "")).await;
    send("/events/batch", format!(r#"{{"events":[{},{}]}}"#, body(2, ""), body(3, "\"fail\":true,"))).await;
    assert_eq!(settled(&stack, "ann", 3).await[2].1, "failed");
    stack.drained().await;
    let members = DIGITS.trim_start_matches('{').trim_end_matches('}');
    let count = |text: &str| text.matches(members).count();
    assert_eq!(count(&published(&stack).await.concat()), 3, "Kafka");
    assert_eq!(count(&stack.get("/event-log").await.text), 3, "event log");
    assert_eq!(count(&archive(&stack).await), 3, "archive");
    let letters = stack.items("DeadLetterTable").await;
    let bytes = letters[0]["bytes"].as_b().unwrap().as_ref();
    assert_eq!(count(std::str::from_utf8(bytes).unwrap()), 1, "dead letter");
    let id = text(&letters[0], "id");
    stack.ask("POST", &format!("/dlq/{id}/redrive"), &Value::Null).await.with(202);
    stack.drained().await;
    assert_eq!(count(&published(&stack).await.concat()), 4, "redrive");
    stack.conserved().await;
}

#[tokio::test]
async fn what_cloudevents_allows_is_read_and_kept_with_all_its_attributes() {
    let stack = Stack::start().await;
    let data = |seq: u64| format!(r#"{{"userId":"ann","type":"click","payload":{{"seq":{seq}}}}}"#);
    let with =
        |id: &str, seq: u64, more: &str| bare("urn:shop", id, &data(seq)).replacen('{', &format!("{{{more},"), 1);
    let pretty = format!("{:#}", serde_json::from_str::<Value>(&bare("urn:shop", "pretty", &data(1))).unwrap());
    let header = |name: &'static str, value: &'static str| (name.to_owned(), value.as_bytes().to_vec());
    let mut binary = record("ann", data(5));
    for (name, value) in [
        header("ce_specversion", "1.0"),
        header("ce_id", "binary"),
        header("ce_source", "urn:shop"),
        header("ce_type", "UserActivity"),
        header("ce_partitionkey", "eu-5"),
        header("content-type", "application/json"),
    ] {
        binary = binary.header(name, value);
    }
    stack
        .produce(vec![
            record("ann", pretty),
            record("ann", with("extended", 2, r#""partitionkey":"eu-2","size":12345678901234567890"#)),
            record("ann", with("charset", 3, r#""datacontenttype":"application/json; charset=utf-8""#)),
            record("ann", with("full", 4, r#""subject":"ann","time":"2026-11-21T06:00:00Z","dataschema":"urn:x""#)),
            binary,
        ])
        .await;
    assert!(all_processed(&settled(&stack, "ann", 5).await));
    stack.drained().await;
    assert_eq!(stack.items("DeadLetterTable").await.len(), 0);
    let log = stack.event_log("").await;
    let attributes = |id: &str| {
        let entry = log.iter().find(|entry| entry.event_id == id).unwrap();
        entry.attributes.get().to_owned()
    };
    assert!(attributes("extended").contains(r#""partitionkey":"eu-2","size":12345678901234567890"#));
    assert!(attributes("binary").contains(r#""partitionkey":"eu-5""#));
    let lines = archive(&stack).await;
    assert_eq!(lines.lines().count(), 5, "a line is an event: {lines}");
    assert!(lines.contains(r#""partitionkey":"eu-2","size":12345678901234567890"#), "{lines}");
    assert!(lines.contains(r#""partitionkey":"eu-5""#), "{lines}");
    stack.conserved().await;
}
