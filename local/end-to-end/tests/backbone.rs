//! From HTTP to Kafka, the event log and the archive.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::{BTreeMap, BTreeSet};

use end_to_end::stack::kafka::{self, Published};
use end_to_end::stack::tables::Logged;
use end_to_end::stack::{Stack, product};
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};

const PRODUCTS: usize = 60;
const AT_ONCE: usize = 8;

/// Creates a product and changes it; every third is deleted, and every sixth created again.
async fn live(stack: &Stack, number: usize) {
    let mut first = product(&format!("Product {number}: \u{201e}ü\u{201c} \u{1f354} \"quoted\" \\ and a\nline"));
    first["description"] = json!("e\u{301} is not \u{e9}, and </script> is text");
    first["recipe"] = json!([{"ingredientId": "beef", "quantity": 150, "unit": "g"}]);
    first["lowStockThreshold"] = json!(number % 20);
    let created = stack.create(&first).await;
    let path = format!("/products/{}", created["id"].as_str().unwrap());
    stack.ask("PATCH", &path, &json!({"stock": number % 7})).await.with(200);
    let mut second = product(&format!("Replaced {number}"));
    second["price"] = json!({"amount": number as u64 * 1_000_000_000, "currency": "JPY"});
    stack.ask("PUT", &path, &second).await.with(200);
    if number.is_multiple_of(3) {
        stack.send(stack.request("DELETE", &path)).await.with(204);
    }
    if number.is_multiple_of(6) {
        first["id"] = created["id"].clone();
        assert_eq!(stack.create(&first).await["version"], 5);
    }
}

#[tokio::test]
async fn every_change_is_one_event_in_the_log_and_in_the_archive_and_the_topic_rebuilds_the_catalogue() {
    let stack = Stack::start().await;
    stream::iter(0..PRODUCTS).for_each_concurrent(AT_ONCE, |number| live(&stack, number)).await;
    stack.drained().await;
    let expected = PRODUCTS * 3 + PRODUCTS / 3 + PRODUCTS / 6;
    let events = kafka::events(&stack.addresses.kafka).await;
    let warnings = events.iter().filter(|published| published.event.kind == "LowStockWarning").count();
    assert!(warnings > PRODUCTS / 2, "{warnings} warnings");
    assert_eq!(stack.conserved().await, expected + warnings);

    rebuilds_the_catalogue(&stack, &events).await;
    places_agree(&stack, &events).await;
    is_read_by_type_and_time(&stack, &events).await;
}

/// Replays the topic from its start into a catalogue, and compares the result with the API.
async fn rebuilds_the_catalogue(stack: &Stack, events: &[Published]) {
    let mut catalogue: BTreeMap<&str, &str> = BTreeMap::new();
    for Published { event, .. } in events {
        match event.kind.as_str() {
            "ProductCreated" | "ProductUpdated" => catalogue.insert(&event.subject, event.data.get()),
            "ProductDeleted" => catalogue.remove(event.subject.as_str()),
            _ => None,
        };
    }
    let listed = stack.products("limit=100").await.concat();
    let listed: BTreeSet<&str> = listed.iter().map(|product| product["id"].as_str().unwrap()).collect();
    assert_eq!(catalogue.keys().copied().collect::<BTreeSet<_>>(), listed);
    assert_eq!(listed.len(), PRODUCTS - PRODUCTS / 3 + PRODUCTS / 6);
    for (id, rebuilt) in catalogue {
        assert_eq!(stack.get(&format!("/products/{id}")).await.with(200).text, rebuilt);
    }
}

/// Log and archive name the event's place on the topic; one of them, if a producer's retry repeated it.
async fn places_agree(stack: &Stack, events: &[Published]) {
    let first: BTreeMap<&str, (i32, i64)> =
        events.iter().map(|published| (published.event.id.as_str(), (published.partition, published.offset))).collect();
    for entry in stack.event_log("").await {
        let (partition, offset) = first[entry.event_id.as_str()];
        assert!(entry.partition == partition && entry.offset >= offset, "{entry:?}");
        assert_eq!(entry.topic, kafka::TOPIC);
    }
    for line in stack.archive().await {
        let (partition, offset) = first[line.id.as_str()];
        assert!(line.kafka.partition == partition && line.kafka.offset >= offset, "{line:?}");
        assert_eq!((line.kafka.topic.as_str(), line.kafka.timestamp.is_empty()), (kafka::TOPIC, false));
    }
}

async fn is_read_by_type_and_time(stack: &Stack, events: &[Published]) {
    let ids = |entries: &[Logged]| entries.iter().map(|entry| entry.event_id.clone()).collect::<BTreeSet<_>>();
    let wanted = |keep: &dyn Fn(&Published) -> bool| {
        events.iter().filter(|published| keep(published)).map(|published| published.event.id.clone()).collect()
    };
    for kind in ["ProductCreated", "ProductUpdated", "ProductDeleted", "LowStockWarning"] {
        let expected: BTreeSet<String> = wanted(&|published| published.event.kind == kind);
        assert_eq!(ids(&stack.event_log(&format!("type={kind}")).await), expected, "{kind}");
    }
    let time = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let mut times: Vec<&str> = events.iter().map(|published| published.event.time.as_str()).collect();
    times.sort_by_key(|text| time(text));
    // Neither falls on a boundary that a page or a second would hide.
    let (from, to) = (times[times.len() / 3], times[2 * times.len() / 3]);
    let of_range = stack.event_log(&format!("from={from}&to={to}")).await;
    assert!(of_range.is_sorted_by_key(|entry| time(&entry.time)), "in the order of time");
    let expected: BTreeSet<String> =
        wanted(&|it| (micros(time(from))..micros(time(to))).contains(&micros(time(&it.event.time))));
    assert_eq!(ids(&of_range), expected);
    let both = stack.event_log(&format!("type=ProductCreated&from={from}&to={to}")).await;
    let expected: BTreeSet<String> =
        of_range.iter().filter(|it| it.kind == "ProductCreated").map(|it| it.event_id.clone()).collect();
    assert_eq!(ids(&both), expected);
    assert!(stack.event_log("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z").await.is_empty());
    for wrong in
        ["type=Unheard", "from=yesterday", "to=1", "limit=0", "limit=101", "cursor=x", &format!("from={to}&to={from}")]
    {
        stack.get(&format!("/event-log?{wrong}")).await.with(400);
    }
}

/// The log keeps time to the microsecond.
fn micros(time: jiff::Timestamp) -> i64 {
    time.as_microsecond()
}

#[tokio::test]
async fn a_request_and_its_events_share_one_trace() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";
    let stack = Stack::start().await;
    let mut low = product("Traced");
    low["lowStockThreshold"] = json!(11);
    let traced = stack.request("POST", "/products").header("traceparent", format!("00-{TRACE}-{SPAN}-01")).json(&low);
    let traced = stack.send(traced).await.with(201).json();
    // Without a trace, or with an invalid one, a new one begins.
    let fresh = stack.create(&product("Fresh")).await;
    let broken = stack.request("POST", "/products").header("traceparent", "00-0-0-01").json(&product("Broken"));
    stack.send(broken).await.with(201);
    stack.drained().await;

    let events = kafka::events(&stack.addresses.kafka).await;
    let of = |product: &Value| -> Vec<&Published> {
        events.iter().filter(|published| product["id"] == published.event.subject).collect()
    };
    assert_eq!(of(&traced).len(), 2, "the change and the warning");
    for published in &events {
        assert_eq!(published.headers["content-type"], "application/cloudevents+json");
        let parent = published.event.traceparent.as_deref().unwrap();
        assert_eq!(published.headers["traceparent"], parent);
        let parts: Vec<usize> = parent.split('-').map(str::len).collect();
        assert_eq!(parts, [2, 32, 16, 2], "{parent}");
    }
    for published in of(&traced) {
        let parent = published.event.traceparent.as_deref().unwrap();
        assert!(parent.starts_with(&format!("00-{TRACE}-")) && !parent.contains(SPAN), "{parent}");
    }
    let traces: BTreeSet<&str> =
        events.iter().map(|published| &published.event.traceparent.as_deref().unwrap()[3..35]).collect();
    assert_eq!((traces.len(), of(&fresh).len()), (3, 1), "{traces:?}");
}
