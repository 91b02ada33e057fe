//! The products API as a client sees it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;
use std::time::Duration;

use end_to_end::stack::{Answer, Stack, kafka, product};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use serde_json::{Value, json};

/// Concurrent requests of an impatient client.
const AT_ONCE: usize = 16;

#[tokio::test]
async fn a_product_is_created_read_replaced_patched_and_deleted() {
    let stack = Stack::start().await;
    let recipe = json!([{"ingredientId": "beef", "quantity": 150, "unit": "g"}]);
    let mut sent = product("Burger");
    sent["recipe"] = recipe.clone();
    let created = stack.ask("POST", "/products", &sent).await.with(201);
    let body = created.json();
    let path = format!("/products/{}", body["id"].as_str().unwrap());
    assert_eq!((created.header("location"), created.header("etag")), (path.as_str(), "\"1\""));
    assert_eq!((&body["name"], &body["price"], &body["recipe"]), (&sent["name"], &sent["price"], &recipe));
    assert_eq!((&body["version"], &body["createdAt"]), (&json!(1), &body["updatedAt"]));
    let read = stack.get(&path).await.with(200);
    assert_eq!((read.text.as_str(), read.header("etag")), (created.text.as_str(), "\"1\""));
    let unchanged = stack.request("GET", &path).header("if-none-match", "\"1\"");
    stack.send(unchanged).await.with(304);

    let mut next = product("Cheeseburger");
    next["lowStockThreshold"] = json!(3);
    let replaced = stack.ask("PUT", &path, &next).await.with(200).json();
    assert_eq!((&replaced["name"], &replaced["recipe"], &replaced["version"]), (&next["name"], &json!([]), &json!(2)));
    assert_eq!(replaced["createdAt"], body["createdAt"]);
    let patch = json!({"price": {"amount": 1050}, "lowStockThreshold": null});
    let patched = stack.ask("PATCH", &path, &patch).await.with(200);
    assert_eq!(patched.json()["price"], json!({"amount": 1050, "currency": "EUR"}));
    assert_eq!((patched.json().get("lowStockThreshold"), patched.header("etag")), (None, "\"3\""));
    assert_eq!(stack.get(&path).await.text, patched.text);

    stack.send(stack.request("DELETE", &path)).await.with(204);
    assert_problem(&stack.get(&path).await, 404, "not_found");
    assert_problem(&stack.send(stack.request("DELETE", &path)).await, 404, "not_found");
    // A product created again under the same id continues its versions.
    let mut again = product("Burger");
    again["id"] = body["id"].clone();
    assert_eq!(stack.create(&again).await["version"], 5);
    assert_problem(&stack.ask("POST", "/products", &again).await, 409, "already_exists");
}

#[tokio::test]
async fn a_thousand_products_are_listed_page_by_page_each_once_and_in_order() {
    const PRODUCTS: usize = 1_000;
    let stack = Stack::start().await;
    let low = |number: usize| number.is_multiple_of(25);
    let create = |number: usize| {
        let mut product = product(&format!("Product {number}"));
        product["lowStockThreshold"] = json!(if low(number) { 11 } else { 10 });
        let stack = &stack;
        async move { (stack.create(&product).await["id"].as_str().unwrap().to_owned(), low(number)) }
    };
    let created: Vec<(String, bool)> = stream::iter(0..PRODUCTS).map(create).buffer_unordered(AT_ONCE).collect().await;

    let ids = |pages: &[Vec<Value>]| -> Vec<String> {
        pages.iter().flatten().map(|product| product["id"].as_str().unwrap().to_owned()).collect()
    };
    let all: BTreeSet<String> = created.iter().map(|(id, _)| id.clone()).collect();
    let pages = stack.products("limit=100").await;
    assert!(pages.iter().take(10).all(|page| page.len() == 100), "pages are full");
    assert_eq!(ids(&pages), all.iter().cloned().collect::<Vec<_>>());
    let all_low: BTreeSet<String> = created.iter().filter(|(_, low)| *low).map(|(id, _)| id.clone()).collect();
    assert_eq!(ids(&stack.products("limit=7&lowStock=true").await), all_low.iter().cloned().collect::<Vec<_>>());
    assert_eq!(ids(&stack.products("lowStock=false").await).len(), PRODUCTS);

    // The filter no longer finds deleted products or those with enough stock.
    let mut low = all_low.iter();
    let (deleted, restocked) = (low.next().unwrap(), low.next().unwrap());
    stack.send(stack.request("DELETE", &format!("/products/{deleted}"))).await.with(204);
    stack.ask("PATCH", &format!("/products/{restocked}"), &json!({"stock": 100})).await.with(200);
    let left: Vec<String> = low.cloned().collect();
    assert_eq!(ids(&stack.products("limit=100&lowStock=true").await), left);
    assert_eq!(ids(&stack.products("limit=100").await).len(), PRODUCTS - 1);
}

/// Field and code of a mistake.
type Mistake = (&'static str, &'static str);

/// Invalid bodies of a POST, each with its mistakes.
fn wrong_bodies() -> Vec<(Vec<u8>, Vec<Mistake>)> {
    let with = |changes: Value| {
        let mut body = product("Burger");
        for (pointer, value) in changes.as_object().unwrap() {
            match body.pointer_mut(pointer) {
                Some(place) => *place = value.clone(),
                None => body[pointer.trim_start_matches('/')] = value.clone(),
            }
        }
        body.to_string().into_bytes()
    };
    vec![
        (b"{}".to_vec(), vec![("/name", "required"), ("/price", "required"), ("/stock", "required")]),
        (with(json!({"/name": null, "/stock": null})), vec![("/name", "required"), ("/stock", "required")]),
        (
            with(json!({"/name": 7, "/stock": "1", "/price/amount": 1.5})),
            vec![("/name", "not_a_string"), ("/price/amount", "not_an_integer"), ("/stock", "not_an_integer")],
        ),
        (with(json!({"/name": "x".repeat(201)})), vec![("/name", "too_long")]),
        (with(json!({"/description": "x".repeat(4_001)})), vec![("/description", "too_long")]),
        (with(json!({"/name": "a\u{0}b"})), vec![("/name", "control_character")]),
        (
            with(json!({"/stock": -1, "/price/amount": -1})),
            vec![("/price/amount", "out_of_range"), ("/stock", "out_of_range")],
        ),
        (with(json!({"/stock": u64::MAX})), vec![("/stock", "out_of_range")]),
        (with(json!({"/price/currency": "XXQ"})), vec![("/price/currency", "unknown_currency")]),
        (with(json!({"/lowStockThreshold": null})), vec![("/lowStockThreshold", "not_an_integer")]),
        (with(json!({"/colour": "red"})), vec![("/colour", "unknown_field")]),
        (with(json!({"/id": "no spaces"})), vec![("/id", "invalid_id")]),
        (
            with(json!({"/recipe": [{"ingredientId": "", "quantity": 0, "unit": "g"}, 1]})),
            vec![
                ("/recipe/0/ingredientId", "invalid_id"),
                ("/recipe/0/quantity", "out_of_range"),
                ("/recipe/1", "not_an_object"),
            ],
        ),
        (b"[]".to_vec(), vec![("", "not_an_object")]),
        (Vec::new(), vec![("", "invalid_json")]),
        (b"not json".to_vec(), vec![("", "invalid_json")]),
        (b"{\"name\":\"a\0b\"}".to_vec(), vec![("", "invalid_json")]),
        (vec![0xff, 0xfe, 0x00], vec![("", "invalid_json")]),
        ("[".repeat(100_000).into_bytes(), vec![("", "invalid_json")]),
        (
            format!("{{\"name\":{}1{}}}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes(),
            vec![("", "invalid_json")],
        ),
    ]
}

#[tokio::test]
async fn a_wrong_body_is_told_with_every_bad_field_and_leaves_no_trace() {
    let stack = Stack::start().await;
    let send = async |method: &str, path: &str, body: Vec<u8>| {
        stack.send(stack.request(method, path).header("content-type", "application/json").body(body)).await
    };
    for (body, expected) in wrong_bodies() {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let answer = send("POST", "/products", body).await;
        assert_problem(&answer, 400, "invalid_request");
        let found = bad_fields(&answer);
        let found: Vec<(&str, &str)> = found.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect();
        assert_eq!(found, expected, "{shown}");
    }
    let too_large = product(&"x".repeat(300 * 1024)).to_string().into_bytes();
    assert_problem(&send("POST", "/products", too_large.clone()).await, 413, "body_too_large");
    assert_eq!(stack.items("ProductsTable").await, []);
    assert_eq!(stack.items("OutboxTable").await, []);
    assert_eq!(kafka::ends(&stack.addresses.kafka).await.into_values().sum::<i64>(), 0);

    let created = stack.create(&product("Burger")).await;
    let path = format!("/products/{}", created["id"].as_str().unwrap());
    stack.drained().await;
    let before = kafka::ends(&stack.addresses.kafka).await;
    for (method, body, field) in [
        ("PUT", json!({"name": "Burger", "stock": 1}), "/price"),
        ("PATCH", json!({"name": null}), "/name"),
        ("PATCH", json!({"stock": -1}), "/stock"),
        ("PATCH", json!({"colour": "red"}), "/colour"),
        ("PATCH", json!([1]), ""),
    ] {
        let answer = stack.ask(method, &path, &body).await;
        assert_problem(&answer, 400, "invalid_request");
        assert_eq!(bad_fields(&answer).iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), [field]);
    }
    for method in ["PUT", "PATCH"] {
        assert_problem(&send(method, &path, too_large.clone()).await, 413, "body_too_large");
    }
    assert_eq!(stack.get(&path).await.json(), created);
    assert_eq!(stack.items("OutboxTable").await, []);
    assert_eq!(kafka::ends(&stack.addresses.kafka).await, before);
}

#[tokio::test]
async fn what_cannot_be_done_is_told_as_a_problem_with_a_stable_code() {
    let stack = Stack::start().await;
    let id = stack.create(&product("Burger")).await["id"].as_str().unwrap().to_owned();
    let path = format!("/products/{id}");
    for (method, body) in [("PUT", product("Stale")), ("PATCH", json!({"stock": 1})), ("DELETE", json!({}))] {
        let stale = stack.request(method, &path).header("if-match", "\"7\"").json(&body);
        assert_problem(&stack.send(stale).await, 412, "version_mismatch");
    }
    // What is wrong whatever the product is comes before its version.
    for (method, body) in [("PUT", json!({"name": 1})), ("PATCH", json!([]))] {
        let both = stack.request(method, &path).header("if-match", "\"7\"");
        assert_problem(&stack.send(both.json(&body)).await, 400, "invalid_request");
        let none = stack.request(method, &path).header("if-match", "\"7\"");
        assert_problem(&stack.send(none).await, 400, "invalid_request");
    }
    let malformed = stack.request("PUT", &path).header("if-match", "1").json(&product("Burger"));
    assert_problem(&stack.send(malformed).await, 400, "invalid_request");
    let fresh = stack.request("PATCH", &path).header("if-match", "\"1\"").json(&json!({"stock": 4}));
    assert_eq!(stack.send(fresh).await.with(200).json()["version"], 2);

    for unknown in ["unknown", "no%20id", &"x".repeat(65)] {
        let unknown = format!("/products/{unknown}");
        assert_problem(&stack.get(&unknown).await, 404, "not_found");
        assert_problem(&stack.ask("PUT", &unknown, &product("Burger")).await, 404, "not_found");
        assert_problem(&stack.ask("PATCH", &unknown, &json!({})).await, 404, "not_found");
        assert_problem(&stack.send(stack.request("DELETE", &unknown)).await, 404, "not_found");
    }
    // API Gateway answers for a path without a route.
    stack.get("/nowhere").await.with(404);
    let methods = [
        ("DELETE", "/products", "GET, HEAD, OPTIONS, POST"),
        ("POST", path.as_str(), "GET, HEAD, OPTIONS, PUT, PATCH, DELETE"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("DELETE", "/event-log", "GET, HEAD, OPTIONS"),
    ];
    for (method, path, allowed) in methods {
        let answer = stack.send(stack.request(method, path)).await;
        assert_problem(&answer, 405, "method_not_allowed");
        let allow: BTreeSet<&str> = answer.header("allow").split(", ").collect();
        assert_eq!(allow, allowed.split(", ").collect(), "{method} {path}");
    }
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("cursor=%00", "cursor"),
        ("cursor=bm9uZQ", "cursor"),
        ("lowStock=maybe", "lowStock"),
    ] {
        let answer = stack.get(&format!("/products?{query}")).await;
        assert_problem(&answer, 400, "invalid_request");
        assert_eq!(bad_fields(&answer)[0].0, field, "{query}");
    }
}

#[tokio::test]
async fn an_idempotency_key_gives_one_product_and_one_event_however_often_it_is_sent() {
    let stack = Stack::start().await;
    let post =
        |key: &str, name: &str| stack.request("POST", "/products").header("idempotency-key", key).json(&product(name));
    let first = stack.send(post("one", "Burger")).await.with(201);
    let replay = stack.send(post("one", "Burger")).await.with(201);
    assert_eq!(first.text, replay.text);
    assert_eq!((first.header("etag"), first.header("location")), (replay.header("etag"), replay.header("location")));
    assert_eq!((first.header("idempotency-replayed"), replay.header("idempotency-replayed")), ("", "true"));
    assert_problem(&stack.send(post("one", "Other")).await, 422, "idempotency_key_reused");
    for key in ["", &"k".repeat(256)] {
        assert_problem(&stack.send(post(key, "Burger")).await, 400, "invalid_request");
    }
    // A refused request does not use up its key.
    let refused = stack.request("POST", "/products").header("idempotency-key", "two").json(&json!({}));
    assert_problem(&stack.send(refused).await, 400, "invalid_request");
    stack.send(post("two", "Second")).await.with(201);
    // Keys are for POST; a PUT is idempotent by itself.
    let path = first.header("location");
    for version in [2, 3] {
        let put = stack.request("PUT", path).header("idempotency-key", "one").json(&product("Burger"));
        assert_eq!(stack.send(put).await.with(200).json()["version"], version);
    }

    let storm = join_all((0..20).map(|_| stack.send(post("storm", "Storm")))).await;
    let (made, waiting): (Vec<&Answer>, Vec<&Answer>) = storm.iter().partition(|answer| answer.status == 201);
    assert!(!made.is_empty() && made.iter().all(|answer| answer.text == made[0].text));
    for answer in waiting {
        assert_problem(answer, 409, "idempotency_key_in_progress");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    assert_eq!(stack.send(post("storm", "Storm")).await.with(201).text, made[0].text);
    assert_eq!(stack.items("ProductsTable").await.len(), 3);
    stack.drained().await;
    assert_eq!(stack.conserved().await, 5, "three created, two replaced");
}

#[tokio::test]
async fn health_says_that_the_process_lives_and_ready_asks_dynamodb_and_kafka() {
    let stack = Stack::start().await;
    assert_eq!(stack.get("/health").await.with(200).json(), json!({"status": "ok"}));
    let well = json!({"status": "ok", "dependencies": {"dynamodb": "ok", "kafka": "ok"}});
    assert_eq!(stack.get("/health/ready").await.with(200).json(), well);
    stack.kafka_down(Duration::from_secs(600)).await;
    let ill = json!({"status": "unavailable", "dependencies": {"dynamodb": "ok", "kafka": "unavailable"}});
    assert_eq!(stack.get("/health/ready").await.with(503).json(), ill);
    stack.get("/health").await.with(200);
    stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
    stack
        .eventually("ready again when Kafka is back", async || {
            let answer = stack.get("/health/ready").await;
            if answer.status == 200 { Ok(()) } else { Err(answer.text) }
        })
        .await;
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["code"]), (&json!(status), &json!(code)), "{problem}");
    assert_eq!(problem["type"], format!("urn:millrace:problem:{code}"));
}

/// Fields and codes of a problem's errors.
fn bad_fields(answer: &Answer) -> Vec<(String, String)> {
    let problem = answer.json();
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("{problem}")).iter();
    let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
    errors.map(|error| (text(error, "field"), text(error, "code"))).collect()
}
