//! The contract of the HTTP API is served, and the code does what it says: every answer, route and code is in the
//! contract, and the contract has no others.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod asked;
mod contract;
mod timers;

use std::collections::BTreeSet;

use end_to_end::paths::root;
use end_to_end::stack::Stack;
use serde_json::{Value, json};

use self::contract::{Contract, objects};

/// Functions whose routes the contract does not describe yet, and the one that serves it.
const UNDESCRIBED: [&str; 5] = ["docs-api", "activity-api", "event-log-api", "orders-api", "products-api"];

#[tokio::test]
async fn the_contract_is_served_once_per_client_and_the_page_loads_nothing_from_elsewhere() {
    let stack = Stack::start().await;
    let served = stack.get("/openapi.json").await.with(200);
    assert_eq!(served.header("content-type"), "application/json");
    assert!(
        served.json() == *Contract::read().document(),
        "another contract is served: run `make test`, which builds it"
    );
    let known = stack.request("GET", "/openapi.json").header("if-none-match", served.header("etag"));
    assert_eq!(stack.send(known).await.with(304).text, "");

    let page = stack.get("/docs").await.with(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; ") && !policy.contains("unsafe"));
    let links = |name: &str| {
        let start = format!("{name}=\"");
        let pieces = page.text.split(&start).skip(1);
        pieces.map(|piece| piece.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let loaded: Vec<String> = [links("src"), links("href")].concat();
    assert!(loaded.iter().any(|link| link == "docs/swagger-ui-bundle.js"), "{loaded:?}");
    for link in loaded.iter().filter(|link| *link != "data:,") {
        assert!(!link.contains("//"), "{link} is somewhere else");
        let file = stack.get(&format!("/{link}")).await.with(200);
        let kind = match link.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            _ => "application/json",
        };
        assert_eq!(file.header("content-type"), kind, "{link}");
        assert!(!file.text.is_empty() && file.header("content-length") == file.text.len().to_string());
    }
    let missing = stack.get("/docs/index.css.map").await.with(404);
    assert_eq!(
        (missing.header("content-type"), &missing.json()["code"]),
        ("application/problem+json", &json!("not_found"))
    );
    for path in ["/openapi.json", "/docs", "/docs/start.js"] {
        assert_eq!(stack.send(stack.request("POST", path)).await.with(405).header("allow"), "GET, HEAD, OPTIONS");
    }
}

#[test]
fn every_route_of_the_template_is_in_the_contract_and_the_reverse() {
    let parameters = [
        ("KafkaMode", "selfManaged"),
        ("KafkaAuth", "plaintext"),
        ("KafkaBootstrapServers", "localhost:9092"),
        ("PollerMode", "onDemand"),
    ];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let template = local_template::load(&root().join("template.yaml"), "millrace", &parameters).unwrap();
    let (other, routes): (Vec<_>, Vec<_>) =
        template.routes.iter().partition(|route| UNDESCRIBED.contains(&route.function.as_str()));
    let routes: BTreeSet<String> = routes.into_iter().map(|route| route.path.clone()).collect();
    let described: BTreeSet<String> = Contract::read().children("/paths").into_iter().map(|(path, _)| path).collect();
    assert_eq!(routes, described);
    let other: BTreeSet<&str> = other.into_iter().map(|route| route.function.as_str()).collect();
    assert_eq!(other, UNDESCRIBED.into(), "a function that has no routes any more");
}

#[test]
fn every_example_is_valid_by_its_schema() {
    let contract = Contract::read();
    let mut found = Vec::new();
    objects(String::new(), contract.document(), &mut found);
    let mut checked = 0;
    for (at, object) in found {
        let schema = format!("{at}/schema");
        let mut examples: Vec<(String, Value)> = Vec::new();
        if let Some(Value::Array(of_schema)) = object.get("examples") {
            examples.extend(of_schema.iter().map(|example| (at.clone(), example.clone())));
        }
        if object.contains_key("schema") {
            examples.extend(object.get("example").map(|example| (schema.clone(), example.clone())));
            let named = contract.children(&format!("{at}/examples")).into_iter();
            examples.extend(named.map(|(_, example)| (schema.clone(), contract.at(&example)["value"].clone())));
        }
        for (schema, example) in examples {
            contract.valid(&schema, &example);
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked} examples");
}
