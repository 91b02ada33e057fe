//! HTTP as clients know it: conditional requests, methods, media types, cross-origin requests, ids in paths, and how numbers,
//! times and repeated bodies are read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;

use end_to_end::paths::root;
use end_to_end::stack::timers::NOBODY;
use end_to_end::stack::{Answer, Stack, product};
use millrace_domain::timer::Secret;
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
async fn a_condition_that_does_not_hold_changes_nothing_on_any_resource() {
    let stack = Stack::start().await;
    let failed = (412, "version_mismatch".to_owned());
    // Nothing is there: If-Match fails, and If-None-Match makes.
    let (ingredient, body) = ("/ingredients/salt", salt(5).to_string());
    for value in ["*", "\"1\"", ""] {
        assert_eq!(told(&send(&stack, "PUT", ingredient, &[("if-match", value)], &body).await), failed, "{value}");
        let condition = [("if-match", value)];
        let restock = send(&stack, "POST", "/ingredients/salt/restock", &condition, "{\"quantity\":1}").await;
        assert_eq!(told(&restock), failed, "{value}");
    }
    for method in ["PUT", "PATCH", "DELETE"] {
        let product = product("Burger").to_string();
        assert_eq!(
            told(&send(&stack, method, "/products/x", &[("if-match", "*")], &product).await),
            failed,
            "{method}"
        );
        assert_eq!(send(&stack, method, "/products/x", &[("if-none-match", "*")], &product).await.status, 404);
    }
    send(&stack, "PUT", ingredient, &[("if-none-match", "*")], &body).await.with(201);
    let mut burger = product("Burger");
    burger["id"] = json!("x");
    stack.create(&burger).await;

    // Something is there, at version 1.
    let refusing: &[&[(&str, &str)]] = &[
        &[("if-none-match", "*")],
        &[("if-none-match", "\"1\"")],
        &[("if-none-match", "W/\"1\"")],
        &[("if-none-match", ", \"9\",, \"1\" ,")],
        &[("if-none-match", "\"9\""), ("if-none-match", "\"1\"")],
        &[("if-match", "\"2\"")],
        &[("if-match", "W/\"1\"")],
        &[("if-match", "\"01\"")],
        &[("if-match", ",")],
        &[("if-match", "\"1\""), ("if-none-match", "*")],
    ];
    let changes = [
        ("PUT", ingredient, salt(7).to_string()),
        ("POST", "/ingredients/salt/restock", json!({"quantity": 1}).to_string()),
        ("PUT", "/products/x", product("Other").to_string()),
        ("PATCH", "/products/x", json!({"stock": 1}).to_string()),
        ("DELETE", "/products/x", String::new()),
    ];
    for (method, path, body) in &changes {
        for headers in refusing {
            assert_eq!(told(&send(&stack, method, path, headers, body).await), failed, "{method} {path} {headers:?}");
        }
        let malformed = send(&stack, method, path, &[("if-none-match", "1")], body).await;
        assert_eq!(fields(&malformed), [("if-none-match".to_owned(), "invalid_etag".to_owned())]);
    }
    // Reads, and what they have in common with their HEAD.
    let other = stack.create(&product("Fries")).await["id"].clone();
    let order = json!({"lines": [{"productId": other, "quantity": 1}]});
    let order = stack.ask("POST", "/orders", &order).await.with(201).header("location").to_owned();
    // From here on the order does not change any more.
    stack.drained().await;
    for path in [ingredient, "/products/x", order.as_str(), "/openapi.json"] {
        let read = stack.get(path).await.with(200);
        let tag = read.header("etag");
        for method in ["GET", "HEAD"] {
            for known in [tag, &format!("W/{tag}"), "*", &format!("\"a,b\", {tag}")] {
                let unchanged = send(&stack, method, path, &[("if-none-match", known)], "").await.with(304);
                assert_eq!((unchanged.header("etag"), unchanged.text.as_str()), (tag, ""), "{method} {path}");
                assert_eq!(unchanged.header("cache-control"), read.header("cache-control"));
            }
            for other in ["\"0\"", "W/\"0\", \"x\"", ""] {
                send(&stack, method, path, &[("if-none-match", other)], "").await.with(200);
            }
            send(&stack, method, path, &[("if-match", tag)], "").await.with(200);
            send(&stack, method, path, &[("if-match", "\"0\"")], "").await.with(412);
        }
    }
    // What holds goes through.
    let holding = [("if-match", "\"5\", \"1\""), ("if-none-match", "\"2\"")];
    let patched = send(&stack, "PATCH", "/products/x", &holding, "{\"stock\":1}").await.with(200);
    assert_eq!(patched.header("etag"), "\"2\"");
    let restocked = send(&stack, "POST", "/ingredients/salt/restock", &holding, "{\"quantity\":1}").await.with(200);
    assert_eq!((restocked.header("etag"), &restocked.json()["stock"]), ("\"2\"", &json!(6)));
    send(&stack, "DELETE", "/products/x", &[("if-match", "*")], "").await.with(204);
}

#[tokio::test]
async fn a_restock_that_is_sent_again_gets_its_first_answer_though_its_condition_does_not_hold_any_more() {
    let stack = Stack::start().await;
    stack.ask("PUT", "/ingredients/salt", &salt(5)).await.with(201);
    let headers = [("if-match", "\"1\""), ("idempotency-key", "once")];
    let restock =
        async || send(&stack, "POST", "/ingredients/salt/restock", &headers, "{\"quantity\": 1}").await.with(200);
    let (first, again) = (restock().await, restock().await);
    assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &first.text));
}

#[tokio::test]
async fn every_route_has_options_and_every_get_a_head() {
    let stack = Stack::start().await;
    let salt = stack.ask("PUT", "/ingredients/salt", &salt(5)).await.with(201);
    assert_eq!(salt.header("location"), "/ingredients/salt");
    let parameters =
        [("KafkaMode", "selfManaged"), ("KafkaAuth", "plaintext"), ("KafkaBootstrapServers", "localhost:9092")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let template = local_template::load(&root().join("template.yaml"), "millrace", &parameters).unwrap();
    for route in &template.routes {
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

#[tokio::test]
async fn an_id_that_is_accepted_can_be_read_and_one_that_no_path_can_name_is_refused() {
    let stack = Stack::start().await;
    let event = |user: &str, id: &str| json!({"userId": user, "type": "click", "payload": {}, "eventId": id});
    for id in ["processed", "batch", "generate", ".", ".."] {
        let refused = stack.ask("POST", "/events", &event("ann", id)).await.with(400);
        assert_eq!(fields(&refused), [("/eventId".to_owned(), "reserved".to_owned())], "{id}");
        let batch = json!({"events": [event("ann", id)]});
        let refused = stack.ask("POST", "/events/batch", &batch).await.with(400).json();
        assert_eq!(refused["results"][0]["error"]["errors"][0]["code"], "reserved", "{id}");
    }
    for user in [".", ".."] {
        let refused = stack.ask("POST", "/events", &event(user, "e")).await.with(400);
        assert_eq!(fields(&refused), [("/userId".to_owned(), "reserved".to_owned())], "{user}");
    }
    let names = [
        "a/b", "/", "a%2Fb", "%", "%2E", "#", "a?b=c", "a\\b", "...", " a", "ü/é", "+", "a&b;c", "Batch", "🍔", "\"x\"",
    ];
    // Every byte but those that stand for themselves in a path (RFC 3986, 2.3).
    let encoded = |name: &str| {
        let byte = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        };
        name.bytes().map(byte).collect::<String>()
    };
    for name in names {
        stack.ask("POST", "/events", &event(name, name)).await.with(202);
    }
    for name in names {
        let found = stack
            .eventually("the event can be read", async || {
                let answer = stack.get(&format!("/events/{}", encoded(name))).await;
                if answer.status == 200 { Ok(answer.json()) } else { Err((name, answer)) }
            })
            .await;
        assert_eq!((&found["eventId"], &found["userId"]), (&json!(name), &json!(name)));
        let of_user = stack.get(&format!("/users/{}/events", encoded(name))).await.with(200).json();
        assert_eq!(of_user["items"].as_array().unwrap().len(), 1, "{name}");
    }
    // Ids of products and ingredients have no characters that a path would mistake, and no names beside them.
    for id in [".", "..", "a/b", "", "%"] {
        for (path, mut body) in [("/products", product("Burger")), ("/ingredients", salt(1))] {
            body["id"] = json!(id);
            assert_eq!(fields(&stack.ask("POST", path, &body).await.with(400))[0].1, "invalid_id", "{path} {id}");
        }
    }
    for id in ["seed", "batch", "health", "ready", "restock", "-", "_"] {
        for (path, mut body) in [("/products", product("Burger")), ("/ingredients", salt(1))] {
            body["id"] = json!(id);
            let made = stack.ask("POST", path, &body).await.with(201);
            assert_eq!(stack.get(made.header("location")).await.with(200).text, made.text);
        }
    }
}

#[tokio::test]
async fn numbers_and_times_are_read_as_their_standards_say() {
    let stack = Stack::start().await;
    let timer = async |fields: &str| {
        let body = format!("{{\"url\": \"{NOBODY}\", {fields}}}");
        send(&stack, "POST", "/timers", &[("content-type", "application/json")], &body).await
    };
    for (text, seconds) in [("3600.0", 3_600), ("36e2", 3_600), ("3.6E+3", 3_600), ("-0.0", 0), ("0e1", 0)] {
        let made = timer(&format!("\"seconds\": {text}")).await.with(202).json();
        let made_at: jiff::Timestamp = made["createdAt"].as_str().unwrap().parse().unwrap();
        let fire_at: jiff::Timestamp = made["fireAt"].as_str().unwrap().parse().unwrap();
        let ahead = fire_at.duration_since(made_at).as_secs_f64();
        assert!((ahead - f64::from(seconds)).abs() < 5.0, "{text}: {made}");
    }
    for (text, code) in
        [("5.5", "not_an_integer"), ("0.99999999999999999999", "not_an_integer"), ("1e99", "out_of_range")]
    {
        let refused = timer(&format!("\"seconds\": {text}")).await.with(400);
        assert_eq!(fields(&refused), [("/seconds".to_owned(), code.to_owned())], "{text}");
    }
    let body = |stock: &str| {
        format!("{{\"name\": \"A\", \"price\": {{\"amount\": 9.50e2, \"currency\": \"EUR\"}}, \"stock\": {stock}}}")
    };
    let json = [("content-type", "application/json")];
    let made = send(&stack, "POST", "/products", &json, &body("999999999999.0")).await.with(201).json();
    assert_eq!((&made["stock"], &made["price"]["amount"]), (&json!(999_999_999_999_u64), &json!(950)));
    let large = send(&stack, "POST", "/products", &json, &body("9007199254740993.0")).await.with(400);
    assert_eq!(fields(&large), [("/stock".to_owned(), "out_of_range".to_owned())]);

    let year = jiff::Timestamp::now().strftime("%Y").to_string().parse::<i32>().unwrap();
    let taken = format!("{year}-12-31T23:59:60Z");
    // A stack that is asked late on the last day of a year is not told from one that is asked early on the first.
    if timer(&format!("\"fireAt\": \"{taken}\"")).await.status == 202 {
        let made = timer(&format!("\"fireAt\": \"{taken}\"")).await.json();
        assert_eq!(made["fireAt"], format!("{}-01-01T00:00:00Z", year + 1));
    }
    for text in [
        "2026-12-31T12:00:00+25:00",
        "2026-12-31T24:00:00Z",
        "2026-12-31T12:00:00+0130",
        "2026-12-31T12:00Z",
        "2026-12-31T12:00:00,5Z",
        "2026-12-31T12:00:00Z[UTC]",
        "2026-12-31 12:00:00Z",
        "2026-06-15T12:30:60Z",
    ] {
        let refused = timer(&format!("\"fireAt\": \"{text}\"")).await.with(400);
        assert_eq!(fields(&refused), [("/fireAt".to_owned(), "invalid_time".to_owned())], "{text}");
        for name in ["from", "to"] {
            let value = text.replace('+', "%2B").replace(' ', "%20").replace('[', "%5B").replace(']', "%5D");
            let refused = stack.get(&format!("/event-log?{name}={value}")).await.with(400);
            assert_eq!(fields(&refused), [(name.to_owned(), "not_a_time".to_owned())], "{text}");
        }
    }
}

#[tokio::test]
async fn a_repeated_body_is_known_by_what_it_means() {
    let stack = Stack::start().await;
    let key = [("idempotency-key", "lunch"), ("content-type", "application/json")];
    let first = r#"{"name":"Burger","price":{"amount":950,"currency":"EUR"},"stock":10}"#;
    let again =
        "{ \"stock\": 1.0e1,\n \"price\": {\"currency\": \"\\u0045UR\", \"amount\": 950.00}, \"name\": \"Burger\" }";
    let made = send(&stack, "POST", "/products", &key, first).await.with(201);
    let replayed = send(&stack, "POST", "/products", &key, again).await.with(201);
    assert_eq!((replayed.header("idempotency-replayed"), &replayed.text), ("true", &made.text));
    for other in [first.replace("10}", "11}"), first.replace("Burger", "burger"), first.replace("950", "\"950\"")] {
        let refused = send(&stack, "POST", "/products", &key, &other).await;
        assert!(
            [(422, "idempotency_key_reused".to_owned()), (400, "invalid_request".to_owned())].contains(&told(&refused))
        );
    }
}

#[tokio::test]
async fn a_price_is_in_a_currency_that_is_in_use() {
    let stack = Stack::start().await;
    let with = |currency: &str| {
        let mut body = product("Burger");
        body["price"]["currency"] = json!(currency);
        body
    };
    for (currency, code) in [
        ("XXX", "currency_not_in_use"),
        ("XTS", "currency_not_in_use"),
        ("XAU", "currency_not_in_use"),
        ("HRK", "currency_not_in_use"),
        ("ANG", "unknown_currency"),
        ("ABC", "unknown_currency"),
    ] {
        let refused = stack.ask("POST", "/products", &with(currency)).await.with(400);
        assert_eq!(fields(&refused), [("/price/currency".to_owned(), code.to_owned())], "{currency}");
    }
    for currency in ["EUR", "JPY", "XOF", "VES", "XCG"] {
        stack.ask("POST", "/products", &with(currency)).await.with(201);
    }
}

#[tokio::test]
async fn a_url_is_refused_with_what_this_stack_takes() {
    for (local, taken) in [("on", "http or https"), ("off", "https")] {
        let stack = Stack::start_with(&["--parameter", &format!("WebhookAllowLocal={local}")]).await;
        let body = json!({"url": "ftp://example.com/", "seconds": 1});
        let refused = stack.ask("POST", "/timers", &body).await.with(422).json();
        assert_eq!(refused["errors"][0]["detail"], format!("a webhook is called by {taken} only"));
    }
}

/// The contract's pattern is what clients check with; the type is what the server checks with.
#[test]
fn the_pattern_of_a_secret_takes_what_the_server_takes() {
    let contract = std::fs::read_to_string(root().join("contracts/openapi.yaml")).unwrap();
    let contract: Value = serde_norway::from_str(&contract).unwrap();
    let schema = &contract["components"]["schemas"]["NewTimer"]["properties"]["secret"];
    let pattern = jsonschema::validator_for(&json!({"type": "string", "pattern": schema["pattern"]})).unwrap();
    let base64 = |bytes: usize, fill: u8| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(vec![fill; bytes])
    };
    let mut samples: Vec<String> = Vec::new();
    for bytes in 0..=70 {
        for fill in [0, 7, 0xa5, 0xff] {
            let key = base64(bytes, fill);
            let unpadded = key.trim_end_matches('=');
            // The last letter before the padding has bits that have to be zero.
            let dirty = format!("{}B{}", &unpadded[..unpadded.len().saturating_sub(1)], &key[unpadded.len()..]);
            samples.extend([
                key.clone(),
                unpadded.to_owned(),
                format!("{key}="),
                dirty,
                key.replace('A', "-"),
                format!("{key}\n"),
            ]);
        }
    }
    let good = format!("whsec_{}", base64(24, 7));
    let mut all: Vec<String> = samples.iter().map(|key| format!("whsec_{key}")).collect();
    all.extend(samples.iter().map(|key| format!("{good} whsec_{key}")));
    all.extend([String::new(), good.to_uppercase(), format!(" {good}"), format!("{good} "), format!("{good}  {good}")]);
    all.extend([format!("{good} {good} {good}"), format!("{good}\n{good}"), format!("{good}\n"), base64(24, 7)]);
    let mut taken = 0;
    for text in all {
        let valid = Secret::try_from(text.clone()).is_ok();
        assert_eq!(pattern.is_valid(&json!(text)), valid, "{text:?}");
        taken += usize::from(valid);
    }
    assert!(taken > 100, "{taken} are valid");
}
