//! The function supervisor with real processes, over the Lambda Runtime API.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod ends;
mod fixture;

use std::time::{Duration, Instant};

use local_lambda::Outcome;
use serde_json::json;

use crate::fixture::{echo, function, slow, start};

#[tokio::test]
async fn an_invocation_sees_what_lambda_shows() {
    let mut function = function();
    function.timeout = Duration::from_secs(3);
    function.environment.insert("ARCHIVE_BUCKET".into(), "archive".into());
    let stack = start(function, |settings| {
        settings.environment.insert("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:4566".into());
    });
    let answer = stack.success(json!({ "do": "echo", "text": "ü\u{0}" })).await;
    assert_eq!(answer["payload"]["text"], "ü\u{0}");
    assert_eq!(answer["arn"], "arn:aws:lambda:us-east-1:000000000000:function:test-function");
    assert!(answer["trace"].as_str().unwrap().starts_with("Root=1-"));
    assert!((1..=3000).contains(&answer["leftMs"].as_u64().unwrap()));
    let environment = &answer["environment"];
    assert_eq!(environment["ARCHIVE_BUCKET"], "archive");
    assert_eq!(environment["AWS_ENDPOINT_URL"], "http://127.0.0.1:4566");
    assert!(environment.as_object().unwrap().keys().all(|name| !name.starts_with("CARGO")));
    let again = stack.success(echo()).await;
    assert_eq!(again["pid"], answer["pid"], "a warm process serves again");
    assert_ne!(again["requestId"], answer["requestId"]);
    let status = stack.status();
    assert_eq!((status.invocations, status.errors, status.cold_starts, status.instances), (2, 0, 1, 1));
    let log = stack.log_with("doing Some(\"echo\")\ndoing").await;
    assert!(log.starts_with("init\n"), "{log}");
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn an_error_of_the_function_is_passed_on_and_the_process_stays() {
    let stack = start(function(), |_| {});
    let pid = stack.success(echo()).await["pid"].clone();
    let (_, message) = stack.failure(json!({ "do": "error" })).await;
    assert_eq!(message, "told to");
    assert_eq!(stack.success(echo()).await["pid"], pid);
    assert_eq!(stack.status().errors, 1);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn garbage_and_answers_over_six_megabytes_harm_nobody() {
    let stack = start(function(), |_| {});
    let pid = stack.success(json!({ "do": "garbage" })).await["pid"].clone();
    let log = stack.log_with("HTTP/1.1 404").await;
    assert!(log.contains("HTTP/1.1 400"), "{log}");
    let (error_type, message) = stack.failure(json!({ "do": "big", "bytes": 7_000_000 })).await;
    assert_eq!(error_type, "Function.ResponseSizeTooLarge");
    assert!(message.contains("6291556"), "{message}");
    assert_eq!(stack.success(json!({ "do": "big", "bytes": 6_000_000 })).await.as_str().unwrap().len(), 6_000_000);
    assert_eq!(stack.success(echo()).await["pid"], pid);
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn one_process_serves_two_at_once() {
    let stack = start(function(), |settings| {
        settings.concurrency = 2;
        settings.instances = 1;
    });
    stack.success(echo()).await;
    let nap = || stack.success(json!({ "do": "sleep", "ms": 1000 }));
    let (one, other, _) = tokio::join!(nap(), nap(), stack.until(|status| status.in_flight == 2));
    assert_eq!(one["pid"], other["pid"]);
    assert_eq!(one["environment"]["AWS_LAMBDA_MAX_CONCURRENCY"], "2");
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn more_processes_come_under_load_and_go_when_idle() {
    let stack = start(function(), |settings| settings.idle_limit = Duration::from_millis(300));
    let nap = || stack.success(json!({ "do": "sleep", "ms": 500 }));
    // Three processes, six invocations: half of them wait.
    let naps = [nap(), nap(), nap(), nap(), nap(), nap()];
    let load = futures::future::join_all(naps);
    let (answers, peak) = tokio::join!(load, stack.until(|status| status.in_flight == 3));
    assert_eq!(peak.instances, 3);
    let pids: std::collections::BTreeSet<u64> = answers.iter().map(|answer| answer["pid"].as_u64().unwrap()).collect();
    assert_eq!(pids.len(), 3);
    stack.until(|status| status.instances == 1).await;
    // Twice the idle limit.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let status = stack.status();
    assert_eq!((status.instances, status.cold_starts), (1, 3), "the last one stays");
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn who_finds_no_process_in_time_is_throttled() {
    let mut function = function();
    function.reserved_concurrency = Some(1);
    let stack = start(function, |settings| {
        settings.concurrency = 4;
        settings.queue_wait = Duration::from_millis(500);
    });
    stack.success(echo()).await;
    let busy = stack.success(json!({ "do": "sleep", "ms": 1500 }));
    let late = async {
        stack.until(|status| status.in_flight == 1).await;
        stack.invoke(echo()).await
    };
    let (_, late) = tokio::join!(busy, late);
    assert_eq!(late, Outcome::Throttled);
    let status = stack.status();
    assert_eq!((status.throttles, status.invocations, status.cold_starts), (1, 2, 1));
    stack.success(echo()).await;
    stack.supervisor.stop().await;
}

#[tokio::test]
async fn a_slow_function_is_delayed_within_its_timeout() {
    let mut function = function();
    function.timeout = Duration::from_secs(1);
    let stack = start(function, |_| {});
    stack.success(echo()).await;
    stack.faults.start(slow(300));
    let began = Instant::now();
    let left = stack.success(echo()).await["leftMs"].as_u64().unwrap();
    assert!(began.elapsed() >= Duration::from_millis(300) && left <= 700, "{left}");
    stack.faults.start(slow(5000));
    assert_eq!(stack.failure(echo()).await.0, "Sandbox.Timedout");
    stack.supervisor.stop().await;
}
