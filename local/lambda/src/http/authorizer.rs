//! Lambda authorizers of an HTTP API (API Gateway developer guide, "Control access to HTTP APIs with AWS Lambda authorizers"),
//! with simple responses.
//!
//! A request without all identity sources is refused before anybody is asked. An answer, of either kind, is remembered for
//! the authorizer's time under the values of these sources, and for every route: with `Authorization` alone, the answer for a
//! `GET` is also that for a `POST` elsewhere. A failure is not remembered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use local_template::model::{Authorizer, Identity};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::event::{self, Incoming};
use super::front::Refusal;
use super::route::Match;
use crate::invoke::{Invoke, Outcome};

/// API Gateway quota "timeout of a Lambda authorizer" of HTTP APIs.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Most answers that are remembered; then those that have expired are forgotten, or else all.
const REMEMBERED: usize = 10_000;

/// An authorizer's answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    is_authorized: bool,
    #[serde(default)]
    context: Option<Map<String, Value>>,
}

/// The name of an authorizer, and the values of its identity sources.
type Key = (String, Vec<String>);

/// The answers of the authorizers.
#[derive(Debug, Default)]
pub struct Answers {
    remembered: Mutex<HashMap<Key, (Answer, Instant)>>,
}

impl Answers {
    /// The context of a request that may pass, or its refusal.
    pub async fn authorize(
        &self,
        invoke: &impl Invoke,
        authorizer: &Authorizer,
        (request, route): (&Incoming<'_>, &Match<'_>),
    ) -> Result<Map<String, Value>, Refusal> {
        let identity = identity(authorizer, request).ok_or(Refusal::Unauthorized)?;
        let key = (authorizer.name.clone(), identity);
        let answer = match self.recall(&key) {
            Some(answer) => answer,
            None => {
                let answer = ask(invoke, authorizer, (request, route), &key.1).await?;
                self.remember(key, &answer, authorizer.ttl);
                answer
            }
        };
        if answer.is_authorized { Ok(answer.context.unwrap_or_default()) } else { Err(Refusal::Forbidden) }
    }

    fn recall(&self, key: &Key) -> Option<Answer> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(key).filter(|(_, until)| *until > Instant::now()).map(|(answer, _)| answer.clone())
    }

    fn remember(&self, key: Key, answer: &Answer, ttl: Duration) {
        if ttl.is_zero() {
            return;
        }
        let now = Instant::now();
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED {
            remembered.retain(|_, (_, until)| *until > now);
        }
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, (answer.clone(), now + ttl));
    }
}

/// Whether a request is a CORS preflight (Fetch standard, "CORS-preflight request").
pub fn is_preflight(request: &Incoming<'_>) -> bool {
    *request.method == Method::OPTIONS
        && request.headers.contains_key(ORIGIN)
        && request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The values of the identity sources; `None` if one is missing or empty.
fn identity(authorizer: &Authorizer, request: &Incoming<'_>) -> Option<Vec<String>> {
    let value = |source: &Identity| {
        let value = match source {
            Identity::Header(name) => event::header(request, name),
            Identity::Query(name) => event::parameter(request, name),
        };
        value.filter(|value| !value.is_empty())
    };
    authorizer.identity.iter().map(value).collect()
}

async fn ask(
    invoke: &impl Invoke,
    authorizer: &Authorizer,
    (request, route): (&Incoming<'_>, &Match<'_>),
    identity: &[String],
) -> Result<Answer, Refusal> {
    let failed = |why: &str| {
        tracing::warn!(authorizer = authorizer.name, function = authorizer.function, request = request.id, "{why}");
        Refusal::FunctionFailed
    };
    let payload: Bytes =
        event::authorizer_payload(request, route, identity).map_err(|_| failed("the event cannot be written"))?;
    match tokio::time::timeout(TIMEOUT, invoke.invoke(&authorizer.function, payload)).await {
        // What it answered may be about a credential, so it is not logged.
        Ok(Outcome::Success(answer)) => {
            serde_json::from_slice(&answer).map_err(|_| failed("the authorizer's answer is not a simple response"))
        }
        Ok(Outcome::FunctionError(_)) => Err(failed("the authorizer failed")),
        Ok(Outcome::Throttled) => Err(failed("no process was free in time: the authorizer was throttled")),
        Err(_) => Err(failed("the authorizer did not answer in time")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::Request;
    use jiff::Timestamp;
    use local_template::model::Route;
    use serde_json::json;

    use super::super::route::Routes;
    use super::*;

    /// Answers by the credential, and counts how often it is asked.
    #[derive(Default)]
    struct Script(AtomicUsize);

    impl Invoke for Script {
        async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
            assert_eq!(function, "gate");
            self.0.fetch_add(1, Ordering::SeqCst);
            let event: Value = serde_json::from_slice(&payload).unwrap();
            let answer = |value: Value| Outcome::Success(Bytes::from(value.to_string()));
            match event["identitySource"][0].as_str().unwrap() {
                "yes" => answer(
                    json!({ "isAuthorized": true, "context": { "who": "ann", "asked": self.0.load(Ordering::SeqCst) } }),
                ),
                "bare" => answer(json!({ "isAuthorized": true })),
                "no" => answer(json!({ "isAuthorized": false, "context": { "why": "no" } })),
                "text" => answer(json!({ "isAuthorized": "true" })),
                "policy" => answer(json!({ "principalId": "x", "policyDocument": {} })),
                "error" => Outcome::FunctionError(Bytes::from_static(b"{}")),
                "throttled" => Outcome::Throttled,
                _ => std::future::pending().await,
            }
        }
    }

    fn gate(identity: Vec<Identity>, ttl: u64) -> Authorizer {
        let (name, function) = ("Gate".to_owned(), "gate".to_owned());
        Authorizer { name, function, identity, ttl: Duration::from_secs(ttl), preflights_pass: false }
    }

    async fn ask(
        answers: &Answers,
        script: &Script,
        gate: &Authorizer,
        request: http::request::Builder,
    ) -> Result<Map<String, Value>, Refusal> {
        let routes = Routes::new(&[Route {
            method: None,
            path: "/{any}".into(),
            function: "f".into(),
            authorizer: Some(gate.clone()),
        }]);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let route = routes.find(parts.method.as_str(), parts.uri.path()).unwrap();
        let incoming = Incoming {
            method: &parts.method,
            uri: &parts.uri,
            protocol: "HTTP/1.1".into(),
            headers: &parts.headers,
            body: &Bytes::new(),
            source: [127, 0, 0, 1].into(),
            port: 3000,
            id: "r1",
            at: Timestamp::UNIX_EPOCH,
            authorized: None,
        };
        answers.authorize(script, route.authorizer.unwrap(), (&incoming, &route)).await
    }

    fn with(value: &str) -> http::request::Builder {
        Request::get("/a").header("authorization", value)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_as_api_gateway_takes_it() {
        let (answers, script) = (Answers::default(), Script::default());
        let gate = gate(vec![Identity::Header("authorization".into())], 60);
        for (value, refusal) in [
            ("no", Refusal::Forbidden),
            ("text", Refusal::FunctionFailed),
            ("policy", Refusal::FunctionFailed),
            ("error", Refusal::FunctionFailed),
            ("throttled", Refusal::FunctionFailed),
            ("slow", Refusal::FunctionFailed),
        ] {
            assert_eq!(ask(&answers, &script, &gate, with(value)).await, Err(refusal), "{value}");
        }
        let asked = script.0.load(Ordering::SeqCst);
        for request in [Request::get("/a"), with(""), Request::get("/a?authorization=yes")] {
            assert_eq!(ask(&answers, &script, &gate, request).await, Err(Refusal::Unauthorized));
        }
        assert_eq!(script.0.load(Ordering::SeqCst), asked, "nobody is asked without an identity");
        assert_eq!(ask(&answers, &script, &gate, with("bare")).await, Ok(Map::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_remembered_by_the_identity_alone_until_its_time_is_over_and_a_failure_is_not() {
        let (answers, script) = (Answers::default(), Script::default());
        let gate = gate(vec![Identity::Header("authorization".into())], 60);
        let asked = || script.0.load(Ordering::SeqCst);
        for round in 1..=2 {
            let first = ask(&answers, &script, &gate, with("yes")).await.unwrap();
            tokio::time::advance(Duration::from_secs(59)).await;
            let post = Request::post("/b?x=1").header("Authorization", "yes");
            assert_eq!(ask(&answers, &script, &gate, post).await, Ok(first), "another method and another route");
            assert_eq!(asked(), round);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        for _ in 0..2 {
            assert_eq!(ask(&answers, &script, &gate, with("no")).await, Err(Refusal::Forbidden));
            assert_eq!(asked(), 3, "a refusal is remembered too");
        }
        for times in 4..=5 {
            assert_eq!(ask(&answers, &script, &gate, with("error")).await, Err(Refusal::FunctionFailed));
            assert_eq!(asked(), times);
        }
        let never = super::tests::gate(vec![Identity::Header("authorization".into())], 0);
        for times in 6..=7 {
            assert!(ask(&Answers::default(), &script, &never, with("yes")).await.is_ok());
            assert_eq!(asked(), times);
        }
    }

    #[tokio::test]
    async fn all_identity_sources_count() {
        let (answers, script) = (Answers::default(), Script::default());
        let gate = gate(vec![Identity::Header("x-key".into()), Identity::Query("who".into())], 60);
        let with = |uri: &str| Request::get(uri).header("X-Key", "yes");
        assert_eq!(ask(&answers, &script, &gate, with("/a")).await, Err(Refusal::Unauthorized));
        assert!(ask(&answers, &script, &gate, with("/a?who=ann")).await.is_ok());
        assert!(ask(&answers, &script, &gate, with("/a?who=bob")).await.is_ok());
        assert_eq!(script.0.load(Ordering::SeqCst), 2);
    }
}
