//! Who may read the stream, how it ends, and what pages of other origins may do.

use std::time::Duration;

use end_to_end::stack::feed::{Reader, rest};
use end_to_end::stack::{Stack, product};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn stream(stack: &Stack, query: &str) -> String {
    format!("{}/notifications/stream{query}", stack.addresses.notifications.as_deref().unwrap())
}

async fn ask(stack: &Stack, query: &str, credential: &str) -> Response {
    let request = client().get(stream(stack, query));
    let request =
        if credential.is_empty() { request } else { request.header("authorization", format!("Bearer {credential}")) };
    request.send().await.unwrap()
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// The token of a program.
async fn token(stack: &Stack, scope: &str, seconds: u32) -> String {
    let issuer = stack.addresses.issuer.as_deref().unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id=till&expires_in={seconds}&scope={}",
        scope.replace(':', "%3A").replace(' ', "+")
    );
    let answer = client().post(format!("{issuer}/token")).body(form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_reads_the_stream_and_it_ends_before_the_token_does() {
    let stack = Stack::start_with(&["--auth"]).await;
    let key = stack.addresses.api_key.clone().unwrap();
    let both = "notifications:read events:any-user";
    let in_query = format!("?after=0&x={key}");
    for (query, credential, expected) in [
        ("", String::new(), (401, "unauthenticated")),
        ("", "nonsense".to_owned(), (401, "unauthenticated")),
        ("", format!("{key}0"), (401, "unauthenticated")),
        ("", token(&stack, "notifications:read", 600).await, (403, "forbidden")),
        ("", token(&stack, "events:any-user log:read", 600).await, (403, "forbidden")),
        ("", token(&stack, both, 3).await, (401, "token_expired")),
        ("?access_token=x", key.clone(), (400, "credential_in_url")),
        (in_query.as_str(), String::new(), (400, "credential_in_url")),
        ("?after=x", key.clone(), (400, "invalid_request")),
        ("?type=Unheard", key.clone(), (400, "invalid_request")),
        ("/other", key.clone(), (404, "not_found")),
    ] {
        let refused = code(ask(&stack, query, &credential).await).await;
        assert_eq!((refused.0, refused.1.as_str()), expected, "{query}");
    }
    let mut low = product("Burger");
    low["lowStockThreshold"] = json!(20);
    let created = stack.request("POST", "/products").bearer_auth(&key).json(&low);
    stack.send(created).await.with(201);
    // Until the entry is there, a stream from 0 that ends soon may be empty.
    let told = stack
        .eventually("a stream has the entry and ends", async || {
            let response = ask(&stack, "?after=0", &token(&stack, both, 8).await).await;
            assert_eq!(response.status(), 200);
            let told = rest(response).await;
            if told.len() == 2 { Ok(told) } else { Err(told) }
        })
        .await;
    assert_eq!((told[0].id, told[0].kind.as_str()), (Some(1), "LowStockWarning"));
    assert_eq!((told[1].kind.as_str(), &told[1].data), ("end", &json!({"reason": "token_expired", "after": 1})));
    let open = ask(&stack, "?after=0", &key).await;
    assert_eq!(
        (open.status().as_u16(), open.headers()["cache-control"].to_str().unwrap()),
        (200, "no-store, no-transform")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_from_elsewhere_is_told_where_the_feed_goes_on_and_silence_is_broken() {
    let stack = Stack::start_with(&["--parameter", "CorsOrigins=https://shop.example.com"]).await;
    let mut low = product("Burger");
    low["lowStockThreshold"] = json!(20);
    stack.create(&low).await;
    stack.eventually("the feed has it", async || if stack.feed().await.is_empty() { Err(()) } else { Ok(()) }).await;
    let mut reader = Reader::new(&stack, "after=1000000");
    // `Last-Event-ID: 0` would be newer than the query.
    let response = client().get(stream(&stack, "?after=1000000")).header("last-event-id", "").send().await.unwrap();
    let mut response = response;
    let mut text = String::new();
    while !text.contains(": heartbeat\n\n") {
        let chunk = tokio::time::timeout(Duration::from_secs(40), response.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(text.starts_with("retry: 1000\n"), "{text}");
    assert!(text.contains("event: reset\ndata: {\"after\":0}\n\nid: 1\nevent: LowStockWarning\n"), "{text}");
    reader.read_until(1).await;

    let origin = "https://shop.example.com";
    let preflight = client().request(Method::OPTIONS, stream(&stack, "")).header("origin", origin);
    let preflight = preflight.header("access-control-request-method", "GET");
    let preflight = preflight.header("access-control-request-headers", "authorization,last-event-id");
    let preflight = preflight.send().await.unwrap();
    let header =
        |response: &Response, name: &str| response.headers().get(name).map(|it| it.to_str().unwrap().to_owned());
    assert_eq!(preflight.status(), 200);
    assert_eq!(header(&preflight, "access-control-allow-origin").as_deref(), Some(origin));
    assert_eq!(header(&preflight, "access-control-allow-headers").as_deref(), Some("authorization,last-event-id"));
    let allowed = client().get(stream(&stack, "")).header("origin", origin).send().await.unwrap();
    assert_eq!(header(&allowed, "access-control-allow-origin").as_deref(), Some(origin));
    let other = client().get(stream(&stack, "")).header("origin", "https://evil.example.com").send().await.unwrap();
    assert_eq!(header(&other, "access-control-allow-origin"), None);
}
