//! HTTP as clients know it: conditional requests, methods, media types, cross-origin requests, ids in paths, and how numbers,
//! times and repeated bodies are read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod conditions;
mod input;

use std::collections::BTreeSet;

use end_to_end::stack::timers::NOBODY;
use end_to_end::stack::{Answer, Stack, product};
use end_to_end::template::template;
use serde_json::{Value, json};

/// A request with headers and a body as they are.
async fn send(stack: &Stack, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = stack.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    stack.send(if body.is_empty() { request } else { request.body(body.to_owned()) }).await
}

#[track_caller]
fn told(answer: &Answer) -> (u16, String) {
    let code = if answer.text.is_empty() { Value::Null } else { answer.json()["code"].clone() };
    (answer.status, code.as_str().unwrap_or_default().to_owned())
}

/// The codes of the bad fields.
#[track_caller]
fn fields(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    problem["errors"].as_array().unwrap().iter().map(|error| (text(&error["field"]), text(&error["code"]))).collect()
}

fn salt(stock: u64) -> Value {
    json!({"name": "Salt", "unit": "g", "stock": stock, "fullLevel": 9})
}

#[tokio::test]
async fn every_route_has_options_and_every_get_a_head() {
    let stack = Stack::start().await;
    let salt = stack.ask("PUT", "/ingredients/salt", &salt(5)).await.with(201);
    assert_eq!(salt.header("location"), "/ingredients/salt");
    for route in template(&stack.addresses.kafka).unwrap().routes {
        let path = route.path.replace("/ingredients/{id}", "/ingredients/salt").replace("{id}", "none");
        let path = path.replace("{file}", "start.js");
        let options = send(&stack, "OPTIONS", &path, &[], "").await.with(204);
        let allow: BTreeSet<&str> = options.header("allow").split(", ").collect();
        assert!(allow.contains("OPTIONS") && options.text.is_empty(), "{path}");
        assert_eq!(allow.contains("GET"), allow.contains("HEAD"), "{path}");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"].iter().filter(|it| !allow.contains(**it)) {
            let refused = send(&stack, method, &path, &[], "").await.with(405);
            assert_eq!(refused.header("allow"), options.header("allow"), "{method} {path}");
        }
        if allow.contains("GET") {
            let (get, head) = (stack.get(&path).await, send(&stack, "HEAD", &path, &[], "").await);
            assert_eq!((head.status, head.text.as_str()), (get.status, ""), "{path}");
            assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
            for name in ["content-type", "etag", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_before_it_is_read_as_such() {
    let stack = Stack::start().await;
    stack.ask("PUT", "/ingredients/salt", &salt(5)).await.with(201);
    let mut burger = product("Burger");
    burger["id"] = json!("x");
    stack.create(&burger).await;
    let event = json!({"userId": "ann", "type": "click", "payload": {}}).to_string();
    let timer = json!({"url": NOBODY, "seconds": 3_600}).to_string();
    let routes = [
        ("POST", "/products", product("Burger").to_string()),
        ("PUT", "/products/x", product("Burger").to_string()),
        ("PATCH", "/products/x", "{\"stock\": 1}".to_owned()),
        ("POST", "/orders", json!({"lines": [{"productId": "x", "quantity": 1}]}).to_string()),
        ("POST", "/ingredients", salt(1).to_string()),
        ("PUT", "/ingredients/salt", salt(1).to_string()),
        ("POST", "/ingredients/salt/restock", "{\"quantity\": 1}".to_owned()),
        ("POST", "/events", event.clone()),
        ("POST", "/events/generate", event.clone()),
        ("POST", "/events/batch", format!("{{\"events\": [{event}]}}")),
        ("POST", "/timers", timer),
    ];
    for (method, path, body) in &routes {
        for coding in ["gzip", "br", "identity, deflate"] {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let refused = send(&stack, method, path, &headers, body).await;
            assert_eq!(told(&refused), (415, "unsupported_content_encoding".to_owned()), "{method} {path} {coding}");
            assert_eq!(refused.header("accept-encoding"), "identity");
        }
        let accept = if *method == "PATCH" { "accept-patch" } else { "accept" };
        for kind in ["text/xml", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=latin1"] {
            let refused = send(&stack, method, path, &[("content-type", kind)], body).await;
            assert_eq!(told(&refused), (415, "unsupported_media_type".to_owned()), "{method} {path} {kind}");
            assert!(refused.header(accept).contains("application/json"), "{method} {path}");
        }
        let mut kinds = vec!["application/json; charset=utf-8", "application/x-www-form-urlencoded", ""];
        kinds.push(if *method == "PATCH" { "application/merge-patch+json" } else { "application/vnd.shop+json" });
        for kind in kinds {
            let headers = [("content-type", kind), ("content-encoding", "identity")];
            let headers = if kind.is_empty() { &headers[1..] } else { &headers[..] };
            let taken = send(&stack, method, path, headers, body).await;
            assert!((200..300).contains(&taken.status), "{method} {path} {kind}: {}", taken.text);
        }
    }
    let other_patch = [("content-type", "application/json-patch+json")];
    assert_eq!(send(&stack, "PATCH", "/products/x", &other_patch, "{\"stock\": 1}").await.status, 415);
    // A gzip that is one, not only a header.
    let packed = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0];
    let request = stack.request("POST", "/products").header("content-encoding", "gzip").body(packed.to_vec());
    assert_eq!(told(&stack.send(request).await), (415, "unsupported_content_encoding".to_owned()));
    // Without a body there is nothing to have a type.
    send(&stack, "POST", "/orders/seed", &[("content-type", "text/plain")], "").await.with(200);
}

#[tokio::test]
async fn pages_of_the_named_origins_may_use_the_api_and_see_its_errors() {
    let shop = "https://shop.example.com";
    let stack = Stack::start_with(&["--parameter", &format!("CorsOrigins={shop},http://localhost:5173")]).await;
    let asks = [
        ("GET", "/products", "", 200),
        ("POST", "/products", "{", 400),
        ("GET", "/products/none", "", 404),
        ("DELETE", "/timers", "", 405),
        ("PUT", "/ingredients/salt", "", 400),
        ("GET", "/dlq", "", 200),
        ("GET", "/event-log?from=x", "", 400),
        ("GET", "/openapi.json", "", 200),
        ("OPTIONS", "/orders", "", 204),
        // API Gateway's own.
        ("GET", "/nowhere", "", 404),
    ];
    for (method, path, body, status) in asks {
        let answer = send(&stack, method, path, &[("origin", shop)], body).await.with(status);
        assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), (shop, "Origin"), "{path}");
        assert!(answer.header("access-control-expose-headers").contains("etag"), "{path}");
        for origin in ["https://evil.example.com", "null", "https://SHOP.example.com"] {
            let answer = send(&stack, method, path, &[("origin", origin)], body).await.with(status);
            assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), ("", "Origin"), "{path}");
        }
        assert_eq!(send(&stack, method, path, &[], body).await.header("vary"), "Origin", "{path}");
    }
    let ask =
        [("origin", shop), ("access-control-request-method", "PUT"), ("access-control-request-headers", "if-match")];
    let preflight = send(&stack, "OPTIONS", "/products/burger", &ask, "").await.with(204);
    assert_eq!(preflight.header("access-control-allow-origin"), shop);
    assert_eq!(preflight.header("access-control-allow-methods"), preflight.header("allow"));
    assert!(preflight.header("allow").contains("PUT"));
    let headers: BTreeSet<&str> = preflight.header("access-control-allow-headers").split(", ").collect();
    assert!(
        headers.is_superset(&["if-match", "content-type", "authorization", "idempotency-key"].into()),
        "{headers:?}"
    );
    assert!(!preflight.header("access-control-max-age").is_empty());

    // Errors of the store too.
    stack.fault("dynamodbThrottled", 1.0, std::time::Duration::from_secs(60)).await;
    let failed = send(&stack, "GET", "/products/burger", &[("origin", shop)], "").await.with(503);
    assert_eq!(failed.header("access-control-allow-origin"), shop);

    let off = Stack::start().await;
    let answer = send(&off, "GET", "/products", &[("origin", shop)], "").await.with(200);
    assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control") && name != "vary"));
}
