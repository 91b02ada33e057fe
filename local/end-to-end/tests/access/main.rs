//! Only who may gets in: credentials and scopes on every route, what belongs to whom, and how often. The stack runs the
//! real authorizer against a real issuer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod agreed;
mod callers;
mod credentials;
mod owners;
mod rates;

use std::collections::BTreeSet;

use http::Method;
use millrace_access::{Scope, Scopes};
use millrace_api::access::operations::{OPERATIONS, Operation};
use serde_json::{Value, json};

use self::callers::{Closed, told};

/// A path of a route, which names nothing that exists.
fn path(route: &str) -> String {
    route.replace("{id}", "nothing").replace("{file}", "nothing")
}

/// A body that every `POST`, `PUT` and `PATCH` refuses, so that nothing changes.
const BODY: &str = "{\"nothing\":1}";

fn line(operation: &Operation) -> String {
    format!("{} {}", operation.method, path(operation.route))
}

fn body(operation: &Operation) -> Value {
    let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&operation.method);
    if has_body { serde_json::from_str(BODY).unwrap() } else { Value::Null }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_wants_a_credential_with_all_of_its_scopes() {
    let closed = Closed::start().await;
    let all: Scopes = Scope::ALL.into_iter().collect();
    for operation in &OPERATIONS {
        let (line, body) = (line(operation), body(operation));
        let scopes = operation.scopes;
        if scopes.is_empty() {
            let answer = closed.ask("", &line, &body).await;
            assert!(![401, 403, 405].contains(&answer.status), "{line}: {}", answer.text);
            continue;
        }
        let nobody = closed.ask("", &line, &body).await;
        assert_eq!(told(&nobody), (401, "Unauthorized".to_owned()), "{line}");
        let right: Scopes = scopes.iter().copied().collect();
        for scope in scopes {
            let without: Scopes = all.iter().filter(|other| other != scope).collect();
            let token = closed.service("till", &without.to_string()).await;
            let refused = closed.ask(&token, &line, &body).await;
            assert_eq!(told(&refused), (403, "forbidden".to_owned()), "{line} without {scope}");
            assert_eq!(Scopes::known(refused.json()["scope"].as_str().unwrap()), right, "{line}");
            assert!(refused.header("www-authenticate").contains("insufficient_scope"), "{line}");
        }
        let token = closed.service("till", &format!("{right} {}", Scope::EventsAnyUser)).await;
        let passed = closed.ask(&token, &line, &body).await;
        assert!(![401, 403, 405].contains(&passed.status), "{line}: {} {}", passed.status, passed.text);
        if operation.method == Method::GET {
            let head = closed.ask(&token, &format!("HEAD {}", path(operation.route)), &Value::Null).await;
            assert_eq!(head.status, passed.status, "HEAD of {line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_methods_of_a_route_are_those_of_the_table_and_no_other_is_answered() {
    let closed = Closed::start().await;
    let routes: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.route).collect();
    for route in routes {
        let told = |answer: &end_to_end::stack::Answer| {
            answer.header("allow").split(", ").map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let options = closed.ask(&closed.all(), &format!("OPTIONS {}", path(route)), &Value::Null).await.with(204);
        let mut expected: BTreeSet<String> = ["OPTIONS".to_owned()].into();
        for operation in OPERATIONS.iter().filter(|operation| operation.route == route) {
            expected.insert(operation.method.to_string());
            if operation.method == Method::GET {
                expected.insert("HEAD".to_owned());
            }
        }
        assert_eq!(told(&options), expected, "{route}: the router has other methods than the table");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
            if !expected.contains(method) {
                let answer = closed.ask(&closed.all(), &format!("{method} {}", path(route)), &Value::Null).await;
                assert_eq!((answer.status, told(&answer)), (405, expected.clone()), "{method} {route}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_remembers_of_a_get_opens_no_post() {
    let closed = Closed::start().await;
    let reader = closed.user("ann", "products:read orders:read").await;
    let product = json!({"name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": 10});
    closed.ask(&reader, "GET /products", &Value::Null).await.with(200);
    let asked = async || {
        let functions = closed.stack.get("/_local/functions").await.json();
        let items = functions["items"].as_array().unwrap().clone();
        items.into_iter().find(|it| it["name"] == "authorizer").unwrap()["invocations"].as_u64().unwrap()
    };
    let before = asked().await;
    for line in ["POST /products", "DELETE /products/x", "POST /orders", "POST /timers"] {
        let refused = closed.ask(&reader, line, &product).await;
        assert_eq!(told(&refused), (403, "forbidden".to_owned()), "{line}");
    }
    assert_eq!(asked().await, before, "the gateway has asked again, so this shows nothing");
    let listed = closed.ask(&closed.all(), "GET /products", &Value::Null).await.with(200).json();
    assert_eq!(listed["items"], json!([]));
}
