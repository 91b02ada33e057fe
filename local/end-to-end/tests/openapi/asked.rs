//! Requests to a stack, which holds every answer against the contract.

use std::time::Duration;

use end_to_end::contract::{Reasons, contract};
use end_to_end::stack::{Answer, PATIENCE, Stack};
use reqwest::RequestBuilder;
use serde_json::Value;

/// More than a body may have, and than a batch may have.
const LARGE: usize = 256 * 1024 + 1;
const LARGE_BATCH: usize = 2 * 1024 * 1024 + 1;
/// What API Gateway does not pass on.
const TOO_LARGE: usize = 7 * 1024 * 1024;

pub struct Asked {
    pub stack: Stack,
}

/// A request that is not sent yet: method, target and body.
pub type Request<'a> = (&'a str, &'a str, String);

impl Asked {
    pub async fn start() -> Asked {
        Asked { stack: Stack::start().await }
    }

    fn request(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&str>) -> RequestBuilder {
        let mut request = self.stack.request(method, target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match body {
            Some(body) if headers.iter().any(|(name, _)| *name == "content-type") => request.body(body.to_owned()),
            Some(body) => request.header("content-type", "application/json").body(body.to_owned()),
            None => request,
        }
    }

    pub async fn with(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let body = Some(body).filter(|body| !body.is_empty() && method != "GET");
        self.stack.send(self.request(method, target, headers, body)).await
    }

    pub async fn ask(&self, method: &str, target: &str, key: Option<&str>, body: Option<&str>) -> Answer {
        let headers: Vec<(&str, &str)> = key.into_iter().map(|key| ("idempotency-key", key)).collect();
        self.stack.send(self.request(method, target, &headers, body)).await
    }

    /// A request that is refused with this status and code.
    pub async fn refused(&self, (method, target, body): &Request<'_>, status: u16, code: &str) -> Value {
        let answer = self.with(method, target, &[], body).await.with(status).json();
        assert_eq!(answer["code"], code, "{method} {target}");
        answer
    }

    /// Like `ask`, for requests that the contract's own schemas reject too.
    pub async fn mistaken(&self, method: &str, target: &str, key: Option<&str>, body: Option<&str>) {
        let headers: Vec<(&str, &str)> = key.into_iter().map(|key| ("idempotency-key", key)).collect();
        self.mistaken_with(method, target, &headers, body).await;
    }

    pub async fn mistaken_with(&self, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&str>) {
        let request = self.request(method, target, headers, body);
        let built = request.try_clone().unwrap().build().unwrap();
        self.stack.send(request).await.with(400);
        assert!(contract().refuses(&built).is_some(), "the contract allows {method} {target} {headers:?}: {body:?}");
    }

    /// What every route with a body refuses: bodies that are too large, compressed, or not JSON.
    pub async fn bodies(&self, method: &str, target: &str, body: &str) {
        let large = if target == "/events/batch" { LARGE_BATCH } else { LARGE };
        for bytes in [large, TOO_LARGE] {
            self.with(method, target, &[], &format!("{{\"x\": \"{}\"}}", "x".repeat(bytes))).await.with(413);
        }
        for header in [("content-type", "text/xml"), ("content-encoding", "gzip")] {
            let headers = [header, ("content-type", "application/json")];
            let headers = &headers[..if header.0 == "content-type" { 1 } else { 2 }];
            self.with(method, target, headers, body).await.with(415);
        }
    }

    /// What every route with a key answers: the first answer again, 422 to another body, and, after its function has died
    /// before its transaction on a table, 409.
    pub async fn keys(&self, target: &str, (body, other): (&str, &str), function: &str, table: &str) {
        let post = async |key: &str, body: &str| self.ask("POST", target, Some(key), Some(body)).await;
        let (first, longest) = (post("first", body).await, "k".repeat(255));
        assert!((200..300).contains(&first.status), "{target}: {first:?}");
        let again = post("first", body).await.with(first.status);
        assert_eq!((&again.text, again.header("idempotency-replayed")), (&first.text, "true"));
        post("first", other).await.with(422);
        self.mistaken("POST", target, Some(&format!("{longest}k")), Some(body)).await;
        let step = format!("dynamodb.TransactWriteItems.millrace-{table}.before");
        self.stack.arm(function, &step, "KILL").await;
        post(&longest, body).await.with(500);
        assert_eq!(post(&longest, body).await.with(409).json()["code"], "idempotency_key_in_progress");
    }

    /// What every list refuses.
    pub async fn lists(&self, path: &str) {
        for query in ["limit=0", "limit=101", "limit=many", "cursor=!", "cursor="] {
            self.mistaken("GET", &format!("{path}?{query}"), None, None).await;
        }
        self.mistaken("GET", &format!("{path}?cursor={}", "A".repeat(2_049)), None, None).await;
        self.refused(&("GET", &format!("{path}?cursor=AAAA"), String::new()), 400, "invalid_request").await;
        self.refused(&("GET", &format!("{path}?limit=1&limit=2"), String::new()), 400, "invalid_query").await;
    }

    /// What every read of a resource with a version answers to conditions.
    pub async fn conditions(&self, path: &str) {
        let tag = self.with("GET", path, &[], "").await.with(200).header("etag").to_owned();
        self.with("GET", path, &[("if-none-match", &tag)], "").await.with(304);
        self.with("GET", path, &[("if-match", "\"0\"")], "").await.with(412);
        for name in ["if-match", "if-none-match"] {
            self.mistaken_with("GET", path, &[(name, "1")], None).await;
        }
    }

    /// What every one of these requests is answered while DynamoDB throttles everything.
    pub async fn throttled(&self, requests: &[Request<'_>]) {
        self.stack.fault("dynamodbThrottled", 1.0, 5 * PATIENCE).await;
        for request in requests {
            self.refused(request, 503, "unavailable").await;
        }
        self.stack.fault("dynamodbThrottled", 1.0, Duration::ZERO).await;
    }
}

/// Checks that every answer which the contract lists under these tags was seen by this process, or has its reason.
#[track_caller]
pub fn listed_answers_came(tags: &[&str]) {
    let seen = contract().seen();
    let unseen = contract().listed(tags).into_iter().filter(|answer| !seen.contains(answer));
    assert_eq!(Reasons::read().lacking(unseen), Vec::<String>::new());
}
