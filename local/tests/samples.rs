//! Every function takes its samples in `events/` through its own binary: a valid one does its work, a hostile one is
//! answered or set aside, and neither ever ends in a function error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use millrace_local::cli::Args;
use millrace_local::lambda::{Invoke, Outcome};
use millrace_local::stack::Stack;
use serde_json::{Value, json};

/// A function that would not take its sample has ended by then.
const WORKS_ON: Duration = Duration::from_secs(2);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

async fn start() -> Stack {
    let template = root().join("template.yaml");
    let template = template.to_str().unwrap();
    let args = [
        "millrace-local",
        "--http-port",
        "0",
        "--aws-port",
        "0",
        "--kafka-port",
        "0",
        "--quiet",
        "--template",
        template,
    ];
    let binaries = Path::new(env!("CARGO_BIN_EXE_millrace-local")).parent().unwrap();
    Stack::start(&Args::parse_from(args), binaries).await.unwrap()
}

async fn invoke(stack: &Stack, function: &str, kind: &str) -> Value {
    let sample = std::fs::read(root().join(format!("events/{function}.{kind}.json"))).unwrap();
    match stack.supervisor().invoke(function, Bytes::from(sample)).await {
        Outcome::Success(answer) => serde_json::from_slice(&answer).unwrap(),
        other => panic!("{function}, {kind} sample: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_takes_its_valid_and_its_hostile_sample() {
    let stack = start().await;
    let complete = json!({"batchItemFailures": []});
    for function in stack.supervisor().names() {
        if function == "timer-runner" {
            works_on(&stack, &function).await;
            continue;
        }
        let valid = invoke(&stack, &function, "valid").await;
        let hostile = invoke(&stack, &function, "hostile").await;
        match function.as_str() {
            "products-api" | "orders-api" => {
                assert_eq!((&valid["statusCode"], &hostile["statusCode"]), (&json!(201), &json!(400)));
            }
            "activity-api" | "timers-api" => {
                assert_eq!((&valid["statusCode"], &hostile["statusCode"]), (&json!(202), &json!(400)));
            }
            "event-log-api" => assert_eq!((&valid["statusCode"], &hostile["statusCode"]), (&json!(200), &json!(400))),
            "docs-api" => assert_eq!((&valid["statusCode"], &hostile["statusCode"]), (&json!(200), &json!(404))),
            "event-log" | "archive" | "stock" | "alert-mail" | "activity-order" | "timer-store" | "webhook-sender" => {
                assert_eq!((&valid, &hostile), (&complete, &complete));
            }
            "outbox-relay" | "activity-sweeper" => assert_eq!((&valid, &hostile), (&Value::Null, &Value::Null)),
            other => panic!("{other} has no expectation here"),
        }
    }
    stack.stop().await.unwrap();
}

/// A run of the runner takes two minutes, whatever started it. The other functions have theirs meanwhile.
async fn works_on(stack: &Stack, function: &str) {
    for kind in ["valid", "hostile"] {
        let ended = tokio::time::timeout(WORKS_ON, invoke(stack, function, kind)).await;
        assert!(ended.is_err(), "{function} ended with {ended:?} after its {kind} sample");
    }
}

#[test]
fn every_function_has_both_samples() {
    for function in std::fs::read_dir(root().join("functions")).unwrap() {
        let name = function.unwrap().file_name().into_string().unwrap();
        for kind in ["valid", "hostile"] {
            let path = root().join(format!("events/{name}.{kind}.json"));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
}
