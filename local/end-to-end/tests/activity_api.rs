//! User activity as clients send it: what is refused, what is rate-limited, and what is in Kafka once it is
//! acknowledged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use end_to_end::stack::activity::TOPIC;
use end_to_end::stack::kafka::events_of;
use end_to_end::stack::{Answer, Stack};
use futures::future::join_all;
use millrace_activity::keys;
use millrace_platform::clock;
use millrace_platform::limiter::{Limiter, Request};
use serde_json::{Value, json};

fn event(user: &str, seq: u64) -> Value {
    json!({"userId": user, "type": "click", "payload": {"seq": seq, "page": "/menu"}})
}

fn batch(events: Vec<Value>) -> Value {
    json!({"events": events})
}

/// The end offset of each partition of the topic.
async fn ends(stack: &Stack) -> Vec<i64> {
    end_to_end::stack::kafka::ends_of(&stack.addresses.kafka, TOPIC).await.into_values().collect()
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str, field: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{problem}");
    let named = problem["errors"].as_array().into_iter().flatten().any(|it| it["field"] == field);
    assert!(named || field.is_empty(), "{problem}");
}

#[tokio::test]
async fn what_is_not_valid_is_told_by_field_takes_no_room_and_never_reaches_kafka() {
    let stack = Stack::start().await;
    let before = ends(&stack).await;
    let with = |pointer: &str, value: Value| {
        let mut body = event("ann", 1);
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let without = |field: &str| {
        let mut body = event("ann", 1);
        body.as_object_mut().unwrap().remove(field);
        body
    };
    let wrong = [
        (without("userId"), "/userId"),
        (without("type"), "/type"),
        (without("payload"), "/payload"),
        (with("/userId", json!("")), "/userId"),
        (with("/userId", json!(" \t ")), "/userId"),
        (with("/userId", json!(7)), "/userId"),
        (with("/userId", json!(null)), "/userId"),
        (with("/type", json!("")), "/type"),
        (with("/type", json!(1)), "/type"),
        (with("/payload", json!([])), "/payload"),
        (with("/payload", json!("{}")), "/payload"),
        (with("/payload", json!(null)), "/payload"),
        (with("/payload/seq", json!(0)), "/payload/seq"),
        (with("/payload/seq", json!(-1)), "/payload/seq"),
        (with("/payload/seq", json!(1.5)), "/payload/seq"),
        (with("/payload/seq", json!("1")), "/payload/seq"),
        (with("/payload/seq", json!(null)), "/payload/seq"),
        (with("/payload/seq", json!(1_u64 << 63)), "/payload/seq"),
        (json!([]), ""),
        (json!({}), "/userId"),
    ];
    for (body, field) in &wrong {
        for path in ["/events", "/events/generate"] {
            assert_problem(&stack.ask("POST", path, body).await, 400, "invalid_request", field);
        }
    }
    let all = batch(wrong.iter().map(|(body, _)| body.clone()).collect());
    let answer = stack.ask("POST", "/events/batch", &all).await;
    assert_problem(&answer, 400, "invalid_request", "");
    let results = answer.json()["results"].as_array().unwrap().clone();
    assert_eq!(results.len(), wrong.len());
    for (at, (result, (_, field))) in results.iter().zip(&wrong).enumerate() {
        let errors = result["error"]["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["field"] == format!("/events/{at}{field}")), "{result}");
    }
    let large = with("/payload", json!({"text": "x".repeat(300 * 1024)}));
    assert_problem(&stack.ask("POST", "/events", &large).await, 413, "body_too_large", "");
    assert_problem(&stack.ask("POST", "/events/batch", &batch(vec![large])).await, 413, "event_too_large", "");
    let larger = json!({"events": [], "filler": "x".repeat(2 * 1024 * 1024)});
    let answer = stack.ask("POST", "/events/batch", &larger).await;
    assert_problem(&answer, 413, "body_too_large", "");
    assert!(answer.text.contains("2097152"), "the limit is that of batches: {}", answer.text);
    let many = batch((0..501).map(|seq| event("ann", seq + 1)).collect());
    assert_problem(&stack.ask("POST", "/events/batch", &many).await, 400, "invalid_request", "/events");
    assert_problem(&stack.ask("POST", "/events/batch", &batch(Vec::new())).await, 400, "invalid_request", "/events");
    let not_json = stack.request("POST", "/events").body("{\"userId\":").header("content-type", "application/json");
    assert_problem(&stack.send(not_json).await, 400, "invalid_request", "");
    assert_problem(&stack.get("/events").await, 405, "method_not_allowed", "");

    assert_eq!(ends(&stack).await, before, "Kafka has nothing of this");
    assert_eq!(stack.items("ActivityTable").await.len(), 0, "no user's room was touched");
}

#[tokio::test]
async fn an_event_is_in_kafka_as_it_was_accepted_when_it_is_answered() {
    let stack = Stack::start().await;
    let mut chosen = event("ann", 1);
    chosen["eventId"] = json!("chosen/1");
    let generated = json!({"userId": "bob", "eventType": "click", "payload": {"any": [1.50, null]}});
    let first = stack.ask("POST", "/events", &chosen).await.with(202).json();
    assert_eq!(first, json!({"eventId": "chosen/1"}));
    let second = stack.ask("POST", "/events/generate", &generated).await.with(202).json();
    let mixed = batch(vec![event("ann", 2), json!({"userId": ""}), event("bob", 1)]);
    let mixed = stack.ask("POST", "/events/batch", &mixed).await.with(202).json();
    let results = mixed["results"].as_array().unwrap();
    assert_eq!((&results[0]["status"], &results[2]["status"]), (&json!("accepted"), &json!("accepted")));
    assert_eq!(results[1]["error"]["code"], "invalid_request");

    let published = events_of(&stack.addresses.kafka, TOPIC).await;
    let find = |id: &Value| published.iter().find(|it| json!(it.event.id) == *id).unwrap();
    let (first, second) = (find(&first["eventId"]), find(&second["eventId"]));
    assert_eq!((first.key.as_str(), first.event.subject.as_str()), ("ann", "ann"));
    assert_eq!(first.headers["content-type"], "application/cloudevents+json");
    assert_eq!(first.event.traceparent.as_deref(), first.headers.get("traceparent").map(String::as_str));
    assert_eq!(serde_json::from_str::<Value>(first.event.data.get()).unwrap(), chosen);
    let expected = json!({"userId": "bob", "type": "click", "payload": {"any": [1.50, null]}});
    assert_eq!(serde_json::from_str::<Value>(second.event.data.get()).unwrap(), expected);
    assert!([0, 2].iter().all(|at: &usize| !find(&results[*at]["eventId"]).key.is_empty()));
    assert_eq!(published.len(), 4);
}

#[tokio::test]
async fn over_the_limit_a_user_is_told_when_to_come_again_and_others_are_not_slowed_down() {
    let stack = Stack::start().await;
    let flood = batch((0..250).map(|seq| event("ann", seq + 1)).chain([event("bob", 1)]).collect());
    let answer = stack.ask("POST", "/events/batch", &flood).await.with(202).json();
    let results = answer["results"].as_array().unwrap();
    let accepted = |results: &[Value]| results.iter().filter(|result| result["status"] == "accepted").count();
    assert_eq!(accepted(&results[..250]), 100);
    assert_eq!(accepted(&results[..100]), 100, "the first ones");
    assert_eq!(results[250]["status"], "accepted");
    let refused = &results[100]["error"];
    assert_eq!(refused["code"], "rate_limited");
    assert!(refused["retryAfter"].as_u64().is_some_and(|seconds| (1..=2).contains(&seconds)), "{refused}");

    // Ann sends without pause on many connections. Bob's events get through all the same.
    let began = Instant::now();
    let singles = join_all((0..200).map(|seq| async move {
        if seq % 20 == 0 { (true, event("bob", 2 + seq / 20)) } else { (false, event("ann", 1_000 + seq)) }
    }))
    .await;
    let answers = join_all(singles.iter().map(async |(bob, event)| {
        let answer = stack.ask("POST", "/events", event).await;
        (*bob, answer)
    }))
    .await;
    let told = began.elapsed();
    let mut wait = 0;
    for (bob, answer) in &answers {
        if *bob {
            assert_eq!(answer.status, 202, "{}", answer.text);
        } else if answer.status == 429 {
            assert_problem(answer, 429, "rate_limited", "");
            let seconds: u64 = answer.header("retry-after").parse().unwrap();
            assert_eq!(answer.json()["retryAfter"], seconds);
            wait = wait.max(seconds);
        } else {
            assert_eq!(answer.status, 202, "{}", answer.text);
        }
    }
    let of_ann = answers.iter().filter(|(bob, answer)| !bob && answer.status == 202).count();
    // On a slow machine, the first batch and these may span several seconds, each with its own hundred.
    assert!(of_ann <= 100 * (told.as_secs() as usize + 1), "{of_ann} in {told:?}");

    // A client that waits as long as it was told is accepted.
    tokio::time::sleep(Duration::from_secs(wait.max(1))).await;
    stack.ask("POST", "/events", &event("ann", 5_000)).await.with(202);
}

#[tokio::test]
async fn instances_that_race_for_one_user_keep_the_limit_in_every_second() {
    let stack = Stack::start().await;
    let skew = 50_000;
    let deadline = Instant::now() + Duration::from_secs(4);
    let instance = |number: i64| {
        let (offset, read) = (skew * number / 7, Arc::new(AtomicI64::new(0)));
        let last = read.clone();
        let clock = move || {
            let now = clock::micros();
            last.store(now, Ordering::Relaxed);
            now + offset
        };
        let table = stack.table("ActivityTable").to_owned();
        let limiter = Limiter::new(stack.dynamodb.clone(), table, keys::rate, skew, clock);
        let bob = format!("bob-{number}");
        async move {
            let mut accepted: Vec<i64> = Vec::new();
            let mut count = 0;
            while Instant::now() < deadline {
                count = count % 7 + 1;
                let wants = [("ann", count), (bob.as_str(), 1)];
                let wants = wants.map(|(subject, count)| Request { subject, limit: 100, count });
                let wants = &wants[..if count == 7 { 2 } else { 1 }];
                // Losing too many races is an error, not an acceptance.
                if let Some(Ok(grant)) = limiter.acquire(wants).await.first() {
                    assert_eq!(grant.accepted + grant.retry_after.len(), count);
                    accepted.extend(std::iter::repeat_n(read.load(Ordering::Relaxed), grant.accepted));
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            accepted
        }
    };
    let mut times: Vec<i64> = join_all((0..8).map(instance)).await.concat();
    times.sort_unstable();
    let busiest = times.windows(101).filter(|window| window[100] - window[0] < 1_000_000).count();
    assert_eq!(busiest, 0, "seconds with more than 100 accepted events");
    assert!(times.len() > 100, "after a second there is room again");
}

#[tokio::test]
async fn without_kafka_nothing_is_acknowledged_and_afterwards_everything_goes_on() {
    let stack = Stack::start().await;
    stack.ask("POST", "/events", &event("ann", 1)).await.with(202);
    stack.kafka_down(Duration::from_secs(600)).await;
    let mut sent = event("ann", 2);
    sent["eventId"] = json!("retried");
    let answer = stack.ask("POST", "/events", &sent).await;
    assert_problem(&answer, 503, "not_acknowledged", "");
    assert_eq!((answer.header("retry-after"), &answer.json()["eventId"]), ("1", &json!("retried")));
    let answer = stack.ask("POST", "/events/batch", &batch(vec![event("ann", 3), json!({}), event("bob", 1)])).await;
    assert_problem(&answer, 503, "not_acknowledged", "");
    let unknown: Vec<Value> = answer.json()["results"].as_array().unwrap().clone();
    assert_eq!(unknown[1]["error"]["code"], "invalid_request");
    assert!(unknown[0]["error"]["eventId"].is_string(), "who sends it again sends the same event: {}", unknown[0]);

    stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
    stack
        .eventually("events are acknowledged again", async || {
            let answer = stack.ask("POST", "/events", &sent).await;
            if answer.status == 202 { Ok(()) } else { Err(answer.text) }
        })
        .await;
    let known: BTreeSet<String> =
        events_of(&stack.addresses.kafka, TOPIC).await.into_iter().map(|it| it.event.id).collect();
    assert!(known.contains("retried"));
}

#[tokio::test]
async fn what_became_of_events_is_listed_and_a_dead_letter_can_be_sent_again() {
    let stack = Stack::start().await;
    let mut failing = event("ann", 2);
    (failing["payload"]["fail"], failing["eventId"]) = (json!(true), json!("failing"));
    let sent = batch(vec![event("ann", 3), failing, event("ann", 1), event("bob", 1)]);
    let results = stack.ask("POST", "/events/batch", &sent).await.with(202).json()["results"].clone();
    assert_problem(&stack.get("/events/unknown").await, 404, "not_found", "");
    let of_ann = stack
        .eventually("all events of ann are done", async || {
            let items = stack.get("/users/ann/events").await.with(200).json()["items"].clone();
            let done = items.as_array().unwrap().iter().filter(|item| item["status"] != "buffered").count();
            if done == 3 { Ok(items) } else { Err(items) }
        })
        .await;
    let told: Vec<(&Value, &Value)> = of_ann.as_array().unwrap().iter().map(|it| (&it["seq"], &it["status"])).collect();
    let expected = [(json!(1), "processed"), (json!(2), "failed"), (json!(3), "processed")];
    assert!(told.iter().zip(&expected).all(|((seq, status), (n, s))| (*seq, *status) == (n, &json!(s))), "{told:?}");
    let third = stack.get(&format!("/events/{}", results[0]["eventId"].as_str().unwrap())).await.with(200).json();
    assert_eq!((&third["attempts"], &third["userId"], &third["type"]), (&json!(1), &json!("ann"), &json!("click")));
    assert!(third["processedAt"].is_i64());

    stack
        .eventually("three events are listed as processed", async || {
            let (mut pages, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = stack.get(&format!("/events/processed?limit=2{cursor}")).await.with(200).json();
                pages.extend(page["items"].as_array().unwrap().clone());
                let Some(next) = page["nextCursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let times: Vec<i64> = pages.iter().map(|item| item["processedAt"].as_i64().unwrap()).collect();
            assert!(times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");
            if pages.len() == 3 { Ok(()) } else { Err(pages) }
        })
        .await;

    let letters = stack.get("/dlq").await.with(200).json()["items"].as_array().unwrap().clone();
    assert_eq!((letters.len(), &letters[0]["eventId"], &letters[0]["status"]), (1, &json!("failing"), &json!("dead")));
    assert!(letters[0]["attempts"].as_u64() >= Some(3), "{letters:?}");
    assert_problem(&stack.ask("POST", "/dlq/unknown/redrive", &Value::Null).await, 404, "not_found", "");
    let redriven = stack.ask("POST", "/dlq/failing/redrive", &Value::Null).await.with(202).json();
    assert_eq!(redriven["items"][0]["eventId"], "failing");
    stack
        .eventually("it has failed again", async || {
            let event = stack.get("/events/failing").await.with(200).json();
            let letter = stack.get("/dlq").await.with(200).json()["items"][0].clone();
            let again = event["attempts"].as_u64() >= Some(6) && letter["status"] == "dead";
            if again { Ok(()) } else { Err((event, letter)) }
        })
        .await;
}
