//! How many requests a second an API key may make.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use end_to_end::stack::{Answer, PATIENCE};
use futures::future::{join, join_all};
use millrace_access::Scope;
use millrace_access::key::{ApiKey, KeyItem};
use millrace_api::access::operations::OPERATIONS;
use serde_json::{Value, json};

use super::callers::{Closed, told};
use super::{body, line};

/// A key that may do everything, `rate` times a second if it has one, and its id.
async fn key(closed: &Closed, number: u8, rate: u32) -> (String, String) {
    let key = ApiKey::new(number.into(), [number; 32]);
    let scopes = Scope::ALL.into_iter().collect();
    let credential = closed.key(&key, |item| KeyItem { scopes, rate: NonZeroU32::new(rate), ..item }).await;
    (credential, key.id().to_string())
}

/// The seconds after which a request that the key's rate refuses may be sent again; `None` if it was let in.
#[track_caller]
fn refused(answer: &Answer) -> Option<u64> {
    if answer.status != 429 {
        return None;
    }
    assert_eq!(told(answer).1, "key_rate_limited");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let seconds = answer.json()["retryAfter"].as_u64().unwrap();
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    Some(seconds)
}

/// Makes requests until one is refused, and returns how long to wait.
async fn exhaust(closed: &Closed, key: &str) -> Duration {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = closed.ask(key, "GET /products", &Value::Null).await;
        match refused(&answer) {
            Some(seconds) => return Duration::from_secs(seconds),
            None => assert!(answer.status == 200 && Instant::now() < deadline, "{} {}", answer.status, answer.text),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_closed_operation_refuses_a_key_that_is_at_its_rate_and_no_open_one_does() {
    let closed = Closed::start().await;
    let (limited, _) = key(&closed, 1, 1).await;
    for operation in &OPERATIONS {
        let (line, body) = (line(operation), body(operation));
        if operation.scopes.is_empty() {
            exhaust(&closed, &limited).await;
            assert_ne!(closed.ask(&limited, &line, &body).await.status, 429, "{line}");
            continue;
        }
        // A second may have passed in between.
        closed
            .stack
            .eventually(&line, async || {
                exhaust(&closed, &limited).await;
                let answer = closed.ask(&limited, &line, &body).await;
                refused(&answer).ok_or((answer.status, answer.text))
            })
            .await;
    }
}

/// When a request was sent and answered. In between it was counted.
type Accepted = (Instant, Instant);

/// Three callers with a key, who ask two functions as often as they can until `end`; and how often they were refused.
async fn flood(closed: &Closed, key: &str, end: impl Fn(usize) -> bool) -> (Vec<Accepted>, usize) {
    let (accepted, refusals) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let caller = async |first: usize| {
        for line in ["GET /products", "GET /orders"].into_iter().cycle().skip(first) {
            let sent = Instant::now();
            let answer = closed.ask(key, line, &Value::Null).await;
            if refused(&answer).is_some() {
                refusals.fetch_add(1, Ordering::Relaxed);
            } else {
                assert_eq!(answer.status, 200, "{}", answer.text);
                accepted.lock().unwrap().push((sent, Instant::now()));
            }
            if end(accepted.lock().unwrap().len()) {
                return;
            }
        }
    };
    join_all((0..3).map(caller)).await;
    (accepted.into_inner().unwrap(), refusals.into_inner())
}

/// Most requests that were sent and answered within one second.
fn busiest(accepted: &[Accepted]) -> usize {
    let second = |from: Instant| from..=from + Duration::from_secs(1);
    let within = |(from, _): &Accepted| {
        accepted
            .iter()
            .filter(|(sent, answered)| second(*from).contains(sent) && second(*from).contains(answered))
            .count()
    };
    accepted.iter().map(within).max().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_has_more_requests_of_a_key_than_its_rate_whichever_instances_they_reach() {
    // One request at a time, as Lambda has it, so that callers meet several processes of each function.
    let closed = Closed::start_with(&["--concurrency", "1"]).await;
    let rates = [1, 5];
    let keys = [key(&closed, 1, rates[0]).await, key(&closed, 2, rates[1]).await];
    let (free, free_id) = key(&closed, 3, 0).await;
    let token = closed.service("till", "products:read orders:read").await;
    let (done, deadline) = (AtomicBool::new(false), Instant::now() + PATIENCE);
    let over = |enough: bool| {
        assert!(enough || Instant::now() < deadline, "the callers were let in too seldom");
        enough
    };
    let limited = async {
        let keys = keys.iter().zip(rates);
        let floods = keys.map(|((key, _), rate)| flood(&closed, key, move |count| over(count >= 4 * rate as usize)));
        let floods = join_all(floods).await;
        done.store(true, Ordering::Relaxed);
        floods
    };
    let unlimited = join_all([&free, &token].map(|it| flood(&closed, it, |_| over(done.load(Ordering::Relaxed)))));
    let (limited, unlimited) = join(limited, unlimited).await;
    let mut counts = BTreeMap::new();
    for (((accepted, refusals), rate), (_, id)) in limited.iter().zip(rates).zip(&keys) {
        let busiest = busiest(accepted);
        assert!(busiest <= rate as usize, "rate {rate}: {busiest} in a second");
        assert!(*refusals > 0, "rate {rate}: this was no flood");
        counts.insert(id.as_str(), accepted.len());
    }
    for (accepted, refusals) in &unlimited {
        assert!(*refusals == 0 && accepted.len() > 20, "{refusals} refused, {} let in", accepted.len());
    }

    let functions = closed.stack.get("/_local/functions").await.json();
    for function in ["products-api", "orders-api"] {
        let item = functions["items"].as_array().unwrap().iter().find(|it| it["name"] == function).unwrap();
        assert!(item["coldStarts"].as_u64().unwrap() > 1, "one process alone shows little: {item}");
    }
    // What is refused is not written, and who has no rate has no item.
    let items = closed.stack.items("RateTable").await;
    assert_eq!(items.len(), 2, "{items:?}");
    for item in items {
        let writes: usize = item["version"].as_n().unwrap().parse().unwrap();
        let id = item["id"].as_s().unwrap();
        assert!(*id != free_id && writes <= counts[id.as_str()], "{writes} writes: {counts:?}");
    }
    // Whoever waits as long as told is let in.
    for (key, _) in &keys {
        tokio::time::sleep(exhaust(&closed, key).await).await;
        closed.ask(key, "GET /products", &Value::Null).await.with(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_counted_is_not_let_in() {
    let closed = Closed::start().await;
    let ((limited, _), (free, _)) = (key(&closed, 1, 100).await, key(&closed, 2, 0).await);
    let ask = async |key: &str| told(&closed.ask(key, "POST /events", &json!({"nothing": 1})).await);
    let invalid = (400, "invalid_request".to_owned());
    for key in [&limited, &free] {
        assert_eq!(ask(key).await, invalid, "the gateway remembers who it is");
    }
    closed.stack.fault("dynamodbThrottled", 1.0, 5 * PATIENCE).await;
    assert_eq!(ask(&limited).await, (503, "unavailable".to_owned()));
    assert_eq!(ask(&free).await, invalid, "who has no rate needs no counting");
    closed.stack.fault("dynamodbThrottled", 1.0, Duration::ZERO).await;
    assert_eq!(ask(&limited).await, invalid);
}
