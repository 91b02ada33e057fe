//! The contract of the HTTP API is served, and the code does what it says: every answer, route and code is in the
//! contract, and the contract has no others.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod asked;
mod catalogue;
mod events;
mod planted;
mod timers;
mod topics;

use std::collections::BTreeSet;

use end_to_end::contract::{Reasons, contract, objects};
use end_to_end::paths::root;
use end_to_end::stack::Stack;
use end_to_end::template::template;
use serde_json::{Value, json};

#[tokio::test]
async fn the_contract_is_served_once_per_client_and_the_page_loads_nothing_from_elsewhere() {
    let stack = Stack::start().await;
    let served = stack.get("/openapi.json").await.with(200);
    assert_eq!(served.header("content-type"), "application/json");
    assert!(served.json() == *contract().document(), "another contract is served: run `make test`, which builds it");
    let known = stack.request("GET", "/openapi.json").header("if-none-match", served.header("etag"));
    assert_eq!(stack.send(known).await.with(304).text, "");

    for (path, file) in [
        ("/docs", "/docs/swagger-ui-bundle.js"),
        ("/docs/callback", "/docs/callback.js"),
        ("/docs/events", "/docs/events.css"),
        ("/console", ""),
    ] {
        loads_nothing_from_elsewhere(&stack, path, file).await;
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

async fn loads_nothing_from_elsewhere(stack: &Stack, path: &str, file: &str) {
    let page = stack.get(path).await.with(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        !page.text.contains("<style") && !page.text.contains(" style=") && !page.text.contains("<script>"),
        "{path}"
    );
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; ") && !policy.contains("unsafe"));
    let base = reqwest::Url::parse(&format!("{}{path}", stack.addresses.http)).unwrap();
    let links = |name: &str| {
        let start = format!("{name}=\"");
        let pieces = page.text.split(&start).skip(1);
        pieces.map(|piece| piece.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let linked: Vec<String> = [links("src"), links("href")].concat();
    let elsewhere = linked.iter().filter(|link| !link.starts_with('#') && *link != "data:,");
    let loaded: BTreeSet<String> = elsewhere
        .map(|link| {
            let url = base.join(link).unwrap();
            assert_eq!(url.origin(), base.origin(), "{link} is somewhere else");
            url.path().to_owned()
        })
        .collect();
    assert!(loaded.contains(file) || (file.is_empty() && loaded.len() > 2), "{loaded:?}");
    for link in loaded {
        let file = stack.get(&link).await.with(200);
        let kind = match link.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("json") if link.starts_with("/schemas/") => "application/schema+json",
            Some("json") => "application/json",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(file.header("content-type"), kind, "{link}");
        assert!(!file.text.is_empty() && file.header("content-length") == file.text.len().to_string());
    }
}

#[test]
fn every_route_of_the_template_is_in_the_contract_and_the_reverse() {
    let template = template("localhost:9092").unwrap();
    let routes: BTreeSet<String> = template.routes.into_iter().map(|route| route.path).collect();
    let described: BTreeSet<String> = contract().children("/paths").into_iter().map(|(path, _)| path).collect();
    assert_eq!(routes, described);
}

#[test]
fn every_json_body_has_an_example_and_every_example_is_valid_by_its_schema() {
    let contract = contract();
    let mut found = Vec::new();
    objects(String::new(), contract.document(), &mut found);
    let mut checked = 0;
    for (at, object) in &found {
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
        if at.ends_with("json") && at.contains("/content/") && object.contains_key("schema") {
            let of_schema = &contract.at(&contract.follow(schema.clone()))["examples"];
            assert!(!examples.is_empty() || of_schema.is_array(), "{at} has no example");
        }
        for (schema, example) in examples {
            contract.validate(&schema, &example).unwrap();
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked} examples");
}

#[test]
fn every_operation_says_which_scopes_it_needs_and_what_a_caller_without_them_is_answered() {
    let contract = contract();
    let resources = ["products", "orders", "ingredients", "events", "timers", "log", "analytics"];
    let scopes = resources.iter().flat_map(|of| [format!("{of}:read"), format!("{of}:write")]);
    let scopes: BTreeSet<String> =
        scopes.chain(["dlq:redrive", "events:any-user", "notifications:read", "seed"].map(str::to_owned)).collect();
    let open = [
        "/console",
        "/console/{version}/{file}",
        "/docs",
        "/docs/callback",
        "/docs/events",
        "/docs/{file}",
        "/health",
        "/openapi.json",
        "/asyncapi.json",
        "/schemas/{file}",
    ];
    for (path, at) in contract.children("/paths") {
        for (method, operation) in contract.operations(&at) {
            let operation = contract.at(&operation);
            let needed: Vec<&str> = match operation["security"].as_array().unwrap().as_slice() {
                [] => Vec::new(),
                [one] => one["bearer"].as_array().unwrap().iter().map(|scope| scope.as_str().unwrap()).collect(),
                several => panic!("{several:?}"),
            };
            assert_eq!(needed.is_empty(), open.contains(&path.as_str()), "{path}");
            assert!(needed.iter().all(|scope| scopes.contains(*scope)), "{path}: {needed:?}");
            let reads = needed.iter().all(|scope| scope.ends_with(":read") || *scope == "events:any-user");
            assert_eq!(reads, method == "GET", "{method} {path}: {needed:?}");
            for status in ["401", "403"] {
                assert_eq!(operation["responses"].get(status).is_some(), !needed.is_empty(), "{method} {path}");
            }
        }
    }
}

/// A code is a string of lower-case words in the code that answers.
#[test]
fn every_code_that_an_api_can_answer_is_in_the_contract() {
    // Names that are not codes, and codes of what a client does not see.
    const OTHERS: [&str; 2] = ["current_thread", "snake_case"];
    let text = contract().text();
    let words: BTreeSet<&str> =
        text.split(|c: char| !c.is_ascii_lowercase() && c != '_').filter(|word| !word.is_empty()).collect();
    let folders = [
        "functions/activity-api/src",
        "functions/analytics-api/src",
        "functions/console/src",
        "functions/docs-api/src",
        "functions/event-log-api/src",
        "functions/event-log-api/src/life",
        "functions/operations-api/src",
        "functions/notifications-api/src",
        "functions/orders-api/src",
        "functions/products-api/src",
        "functions/timers-api/src",
        "shared/api/src",
        "shared/api/src/idempotency",
        "shared/domain/src/activity",
        "shared/domain/src/webhook",
    ];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(root().join(folder)).unwrap());
    let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let files = files.chain([root().join("shared/domain/src/validation.rs")]);
    let mut unknown = BTreeSet::new();
    for path in files {
        let source = std::fs::read_to_string(&path).unwrap();
        let lines = source.split("#[cfg(test)]").next().unwrap().lines();
        for line in lines.filter(|line| !line.trim_start().starts_with("//")) {
            let texts = line.split('"').skip(1).step_by(2);
            let codes =
                texts.filter(|text| text.contains('_') && text.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            unknown.extend(codes.filter(|code| !words.contains(code)).map(str::to_owned));
        }
    }
    assert_eq!(unknown, OTHERS.map(str::to_owned).into());
}

/// `make test` runs this when all other tests have run: every answer that the contract lists was seen by one of them, or
/// `contracts/unseen.yaml` says why not.
#[test]
#[ignore = "make test runs it last, because it reads what all tests have seen"]
fn contract_seen() {
    let contract = contract();
    let tags: Vec<&str> =
        contract.at("/tags").as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let (listed, seen) = (contract.listed(&tags), contract.seen_by_all());
    let unseen: BTreeSet<String> = listed.difference(&seen).cloned().collect();
    let reasons = Reasons::read();
    println!("{} of {} answers of contracts/openapi.yaml were not seen:", unseen.len(), listed.len());
    for (why, answers) in reasons.told(&unseen).filter(|(_, answers)| !answers.is_empty()) {
        println!("- {why}");
        for answer in answers {
            println!("    {answer}");
        }
    }
    assert_eq!(reasons.idle(&listed), Vec::<&str>::new(), "contracts/unseen.yaml has answers that the contract lacks");
    assert_eq!(reasons.lacking(unseen.into_iter()), Vec::<String>::new(), "no test sees these, and nothing says why");
}
