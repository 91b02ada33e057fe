//! The local stack runs a SAM template and functions that it knows nothing about.
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::os::unix::fs::symlink;

use end_to_end::paths;
use end_to_end::stack::Stack;
use krafka::Kafka;
use krafka::producer::Record;
use serde_json::Value;
use tempfile::TempDir;

/// A directory of functions: one binary has the function's name, the other is where `sam build` puts it.
fn functions() -> TempDir {
    let binary = paths::example("notes");
    let directory = tempfile::tempdir().unwrap();
    symlink(&binary, directory.path().join("notes-reader")).unwrap();
    for function in ["Gatekeeper", "Writer"] {
        std::fs::create_dir(directory.path().join(function)).unwrap();
        symlink(&binary, directory.path().join(function).join("bootstrap")).unwrap();
    }
    directory
}

#[tokio::test]
async fn another_template_is_run_with_its_own_functions_and_a_record_comes_through_to_http() {
    let template = paths::root().join("local/end-to-end/tests/foreign_template/template.yaml");
    let functions = functions();
    let (template, directory) = (template.to_str().unwrap(), functions.path().to_str().unwrap());
    // As Lambda runs functions that take one event at a time.
    let args = ["--template", template, "--functions", directory, "--concurrency", "1"];
    let stack = Stack::start_with(&args).await;
    assert_eq!(stack.table("Notes"), "notes-Notes");
    assert_eq!(stack.addresses.topics, ["notes"]);
    stack.get("/open/n1").await.with(404);

    let kafka = Kafka::builder(&stack.addresses.kafka).connect().await.unwrap();
    let producer = kafka.producer().build().await.unwrap();
    let _ = producer.send(Record::new("notes", b"hello".to_vec()).key(b"n1".to_vec())).await.unwrap();
    producer.close().await.unwrap();

    stack
        .eventually("the mapping has caught up", async || {
            let lag = stack.get("/_local/lag").await.with(200).json();
            let items = lag["items"].as_array().unwrap();
            let at = |name: &str| items.iter().map(|item| item[name].as_i64().unwrap()).sum::<i64>();
            let done = at("end") == 1 && at("lag") == 0 && items.iter().all(|item| item["function"] == "Writer");
            if done { Ok(()) } else { Err(lag) }
        })
        .await;
    assert_eq!(stack.get("/open/n1").await.with(200).text, "hello");
    the_authorizer_is_asked_as_api_gateway_asks(&stack).await;

    let functions: Value = stack.get("/_local/functions").await.with(200).json();
    let names: Vec<&str> =
        functions["items"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Gatekeeper", "Writer", "notes-reader"]);
}

async fn the_authorizer_is_asked_as_api_gateway_asks(stack: &Stack) {
    let ask = async |method: &str, key: Option<&str>| {
        let request = stack.request(method, "/notes/n1");
        stack.send(if let Some(key) = key { request.header("X-Key", key) } else { request }).await
    };
    for (key, status, message) in [
        (None, 401, "Unauthorized"),
        (Some(""), 401, "Unauthorized"),
        (Some("foe"), 403, "Forbidden"),
        (Some("broken"), 500, "Internal Server Error"),
    ] {
        let answer = ask("GET", key).await.with(status);
        assert_eq!(answer.text, format!("{{\"message\":\"{message}\"}}"), "{key:?}");
    }
    let first = ask("GET", Some("friend-ann")).await.with(200);
    assert!(first.header("x-who").starts_with("friend-ann "), "the context comes to the function");
    let again = ask("POST", Some("friend-ann")).await.with(200);
    assert_eq!(again.header("x-who"), first.header("x-who"), "the answer is remembered for every method");
    assert_ne!(ask("GET", Some("friend-bob")).await.with(200).header("x-who"), first.header("x-who"));
    let preflight = stack.request("OPTIONS", "/notes/n1").header("origin", "https://a.example");
    let preflight = preflight.header("access-control-request-method", "GET");
    assert_eq!(stack.send(preflight).await.with(200).header("x-who"), "nobody", "a preflight passes the authorizer by");
    assert_eq!(ask("OPTIONS", None).await.status, 401, "an OPTIONS that is none does not");
}
