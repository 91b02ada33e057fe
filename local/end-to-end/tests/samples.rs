//! Every function takes its samples in `events/` through its own binary: a valid one does its work, a hostile one is
//! answered or set aside, and neither ends in a function error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use end_to_end::paths::{functions, root};
use end_to_end::stack::{PATIENCE, Stack};
use millrace_access::Scopes;
use millrace_access::key::{ApiKey, KeyItem};
use serde_json::{Value, json};

/// A function that rejects its sample has ended by then.
const WORKS_ON: Duration = Duration::from_secs(2);

/// Names of the functions of the stack.
async fn names(stack: &Stack) -> Vec<String> {
    let functions = stack.get("/_local/functions").await.with(200).json();
    functions["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn invoke(stack: &Stack, function: &str, kind: &str) -> Value {
    let sample = std::fs::read(root().join(format!("events/{function}.{kind}.json"))).unwrap();
    let path = format!("/_local/lambda/2015-03-31/functions/{function}/invocations");
    let answer = stack.send(stack.request("POST", &path).body(sample)).await.with(200);
    assert_eq!(answer.header("x-amz-function-error"), "", "{function}, {kind} sample: {}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_takes_its_valid_and_its_hostile_sample() {
    let stack = Stack::start().await;
    let complete = json!({"batchItemFailures": []});
    for function in names(&stack).await {
        if function == "timer-runner" {
            works_on(&stack, &function).await;
            continue;
        }
        if function == "authorizer" {
            stores_the_key_of_the_sample(&stack).await;
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
            "console" | "docs-api" => {
                assert_eq!((&valid["statusCode"], &hostile["statusCode"]), (&json!(200), &json!(404)));
            }
            "event-log" | "archive" | "stock" | "alert-mail" | "activity-order" | "timer-store" | "webhook-sender" => {
                assert_eq!((&valid, &hostile), (&complete, &complete));
            }
            "authorizer" => {
                assert_eq!((&valid["isAuthorized"], &hostile), (&json!(true), &json!({"isAuthorized": false})));
            }
            "outbox-relay" | "activity-sweeper" => assert_eq!((&valid, &hostile), (&Value::Null, &Value::Null)),
            other => panic!("{other} has no expectation here"),
        }
    }
    stack.process.signal("INT");
    assert!(stack.process.ended(PATIENCE).await.status.success());
}

/// The sample has a key, of which the table is told here.
async fn stores_the_key_of_the_sample(stack: &Stack) {
    let sample = std::fs::read(root().join("events/authorizer.valid.json")).unwrap();
    let sample: Value = serde_json::from_slice(&sample).unwrap();
    let key: ApiKey = sample["identitySource"][0].as_str().unwrap().strip_prefix("Bearer ").unwrap().parse().unwrap();
    let item = KeyItem {
        id: key.id().clone(),
        hash: key.hash(),
        previous: None,
        owner: "sample".to_owned(),
        scopes: Scopes::known("products:read"),
        rate: None,
        created_at: 0,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    let put = stack.dynamodb.put_item().table_name(stack.table("ApiKeysTable")).set_item(Some(item.to_item()));
    put.send().await.unwrap();
}

/// A run of the runner takes two minutes, whatever started it. The other functions get their samples meanwhile.
async fn works_on(stack: &Stack, function: &str) {
    for kind in ["valid", "hostile"] {
        let ended = tokio::time::timeout(WORKS_ON, invoke(stack, function, kind)).await;
        assert!(ended.is_err(), "{function} ended with {ended:?} after its {kind} sample");
    }
}

#[test]
fn every_function_has_both_samples() {
    for name in functions() {
        for kind in ["valid", "hostile"] {
            let path = root().join(format!("events/{name}.{kind}.json"));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is missing", path.display()));
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
}
