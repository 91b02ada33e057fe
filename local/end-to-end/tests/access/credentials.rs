//! What counts as a credential, and what becomes of it.

use std::collections::BTreeMap;

use end_to_end::paths::root;
use millrace_access::key::{ApiKey, KeyItem, Previous};
use serde_json::{Value, json};

use super::callers::{Closed, now, secrets, told};

/// What the gateway answers if the authorizer refuses.
fn refused() -> (u16, String) {
    (403, "Forbidden".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_until_it_expires_is_revoked_or_is_rotated_away() {
    let closed = Closed::start().await;
    let get = async |credential: &str| told(&closed.ask(credential, "GET /products", &Value::Null).await);
    let key = |number: u64| ApiKey::new(number, [u8::try_from(number).unwrap(); 32]);
    let good = closed.key(&key(1), |item| item).await;
    let expired = closed.key(&key(2), |item| KeyItem { expires_at: Some(now() - 1), ..item }).await;
    let revoked = closed.key(&key(3), |item| KeyItem { revoked_at: Some(now()), ..item }).await;
    assert_eq!(get(&good).await.0, 200);
    for bad in [&expired, &revoked] {
        assert_eq!(get(bad).await, refused());
    }
    // A rotation: both secrets are good until the old one ends.
    for (number, until, by_old) in [(4, now() + 60, 200), (5, now() - 1, 403)] {
        let (old, new) = (key(number), ApiKey::with_secret(key(number).id().clone(), [99; 32]));
        let previous = Some(Previous { hash: old.hash(), until });
        let rotated = closed.key(&new, |item| KeyItem { previous, ..item }).await;
        assert_eq!((get(&rotated).await.0, get(&old.expose()).await.0), (200, by_old));
    }
    // One letter off, without a secret, another's secret.
    let mut torn = good.clone();
    torn.pop();
    for bad in [torn, format!("{good}x"), "mr_".to_owned(), key(6).expose(), "x".to_owned()] {
        assert_eq!(get(&bad).await, refused(), "{}", &bad[..2]);
    }
    // Another scheme, two credentials, an empty one.
    for value in [format!("Basic {good}"), good.clone(), format!("Bearer {good} {good}"), "Bearer".to_owned()] {
        let request = closed.stack.request("GET", "/products").header("authorization", &value);
        assert!([401, 403].contains(&closed.stack.send(request).await.status));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_while_its_issuer_publishes_its_key() {
    let closed = Closed::start().await;
    let get = async |credential: &str| told(&closed.ask(credential, "GET /products", &Value::Null).await);
    let service = |lifetime: &'static str| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", "till"),
            ("scope", "products:read"),
            ("expires_in", lifetime),
        ]
    };
    let first = closed.token(&service("3600")).await;
    assert_eq!(get(&first).await.0, 200);
    assert_eq!(get(&closed.token(&service("-60")).await).await, refused(), "expired");
    // The clocks may differ by 30 s. After that the gateway still remembers that it was good, and the function refuses it.
    let ending = closed.token(&service("-22")).await;
    assert_eq!(get(&ending).await.0, 200);
    closed
        .stack
        .eventually("the function refuses what has expired since", async || {
            let answer = get(&ending).await;
            if answer == (401, "token_expired".to_owned()) { Ok(()) } else { Err(answer) }
        })
        .await;
    let (head, signature) = first.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    for forged in
        [format!("{head}.{}", "A".repeat(signature.len())), format!("{head}."), format!("{header}.e30.{signature}")]
    {
        assert_eq!(get(&forged).await, refused());
    }
    // The authorizer has the keys, so it does without the issuer for a while.
    closed.control("down?seconds=600").await;
    let second = closed.token(&service("3600")).await;
    assert_eq!(get(&second).await.0, 200);
    closed.control("down?seconds=0").await;
    // Of a new key the authorizer hears when it meets a token of it.
    closed.control("rotate").await;
    let third = closed.token(&service("3600")).await;
    closed
        .stack
        .eventually("the new key is known", async || {
            // The gateway remembers a refusal by the token, so each try has its own.
            let token = closed.token(&service("3600")).await;
            let answer = get(&token).await;
            if answer.0 == 200 { Ok(()) } else { Err(answer) }
        })
        .await;
    assert_ne!(third, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_believed_but_the_authorizer() {
    let closed = Closed::start().await;
    let context = json!({"authorizer": {"lambda": {"principal": "root", "kind": "service", "user": "", "scopes": "products:read",
        "exp": 253_402_300_799_i64, "keyId": ""}}});
    let weak = closed.user("ann", "timers:read").await;
    for name in
        ["x-amzn-request-context", "x-amzn-lambda-context", "x-authorizer", "x-apigateway-event", "x-millrace-caller"]
    {
        let request = closed.stack.request("GET", "/products").header(name, context.to_string());
        assert_eq!(told(&closed.stack.send(request).await), (401, "Unauthorized".to_owned()), "{name}");
        let request = closed.stack.request("GET", "/products").header(name, context.to_string()).bearer_auth(&weak);
        assert_eq!(told(&closed.stack.send(request).await), (403, "forbidden".to_owned()), "{name}");
    }
    // Whoever invokes a function past the gateway has no context.
    let functions = [
        "activity-api",
        "analytics-api",
        "event-log-api",
        "notifications-api",
        "operations-api",
        "orders-api",
        "products-api",
        "timers-api",
    ];
    for function in functions {
        let sample = std::fs::read_to_string(root().join(format!("events/{function}.valid.json"))).unwrap();
        let mut event: Value = serde_json::from_str(&sample).unwrap();
        let path = format!("/_local/lambda/2015-03-31/functions/{function}/invocations");
        let status = async |event: &Value| {
            closed.stack.ask("POST", &path, event).await.with(200).json()["statusCode"].as_u64().unwrap()
        };
        assert!(status(&event).await < 300, "{function}: the sample has a caller");
        for instead in
            [json!({"lambda": {}}), json!({"lambda": {"principal": "root"}}), json!({"iam": {"userArn": "arn:x"}})]
        {
            event["requestContext"]["authorizer"] = instead;
            assert_eq!(status(&event).await, 401, "{function}");
        }
        event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        assert_eq!(status(&event).await, 401, "{function}");
    }
    // Without the authorizer nobody new gets in, and whoever got in before stays in until the gateway asks again.
    closed.stack.ask("POST", "/_local/functions/authorizer/kill?signal=STOP", &Value::Null).await.with(200);
    let held = closed.stack.request("GET", "/products").bearer_auth(closed.all());
    assert_eq!(told(&closed.stack.send(held).await), (500, "Internal Server Error".to_owned()));
    assert_eq!(closed.ask(&weak, "GET /timers", &Value::Null).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_in_no_url_no_log_and_no_table() {
    let closed = Closed::start().await;
    let scopes =
        "products:read products:write timers:read timers:write events:read events:write orders:read orders:write";
    let user = closed.user("ann", scopes).await;
    let key = closed.key(&ApiKey::new(7, [7; 32]), |item| item).await;
    for credential in [&user, &key, &closed.all()] {
        for query in
            [format!("access_token={credential}"), format!("key={credential}"), format!("q=Bearer%20{credential}")]
        {
            let line = format!("GET /products?{query}");
            assert_eq!(closed.ask("", &line, &Value::Null).await.status, 401);
            assert_eq!(told(&closed.ask(credential, &line, &Value::Null).await), (400, "credential_in_url".to_owned()));
        }
        closed.ask(credential, "GET /products", &Value::Null).await.with(200);
    }
    // All the ways into a table: a product, a timer with its webhook, an order, an event.
    closed
        .ask(
            &user,
            "POST /products",
            &json!({"id": "b", "name": "B", "price": {"amount": 1, "currency": "EUR"}, "stock": 1}),
        )
        .await
        .with(201);
    closed.ask(&user, "POST /timers", &json!({"url": "http://127.0.0.1:9/", "hours": 1})).await.with(202);
    closed.ask(&user, "POST /orders", &json!({"lines": [{"productId": "b", "quantity": 1}]})).await.with(201);
    closed.ask(&user, "POST /events", &json!({"userId": "ann", "type": "click", "payload": {}})).await.with(202);
    closed.ask("eyJhbGciOiJub25lIn0.e30.", "GET /products", &Value::Null).await.with(403);
    closed.stack.drained().await;

    let secrets: Vec<String> = closed.used().iter().flat_map(|credential| secrets(credential)).collect();
    let mut texts: BTreeMap<String, String> = closed.stack.process.logs().into_iter().collect();
    assert!(
        texts.contains_key("stack.stderr") && texts.keys().any(|name| name.starts_with("authorizer")),
        "{:?}",
        texts.keys()
    );
    for table in closed.stack.addresses.tables.keys() {
        texts.insert(table.clone(), format!("{:?}", closed.stack.items(table).await));
    }
    assert!(texts["ApiKeysTable"].contains("secretHash") && texts["OrdersTable"].contains("ann"));
    for (name, text) in texts {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{name} has the secret part of a credential");
        }
    }
}
