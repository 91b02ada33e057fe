//! `Idempotency-Key` (IETF draft-ietf-httpapi-idempotency-key-header) for POST.
//!
//! The header is optional. A key is scoped to a principal and a route. The first request with a key claims it; its
//! response is stored **in the transaction that writes the state**, so that a crash leaves both or neither. Then:
//! - the same key and body returns the stored response, with `Idempotency-Replayed: true`; JSON bodies are the same if they
//!   mean the same, in whatever spelling ([`json::canonical`]);
//! - the same key with another body returns 422 `idempotency_key_reused`;
//! - while the first request is in progress, 409 `idempotency_key_in_progress` with `Retry-After`;
//! - a claim whose holder died expires after [`LEASE`];
//! - a key is forgotten after [`RETENTION`]; only successful responses are stored, so a refused request may be retried.

mod post;

pub use post::Post;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Problem;
use millrace_domain::json;
use millrace_platform::aws;
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// A claim expires after this time, which is longer than any function runs.
pub const LEASE: Duration = Duration::from_secs(30);

/// How long a key is remembered.
pub const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest key, in characters.
pub const MAX_KEY_LENGTH: usize = 255;

/// Headers that are stored with a response.
const STORED_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// The table of keys.
#[derive(Debug, Clone)]
pub struct Keys {
    dynamo: Client,
    table: String,
}

/// Identity of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    key: String,
    fingerprint: String,
}

impl Request {
    /// Reads the header; without one the request is not idempotent. 400 for a key that is empty, longer than
    /// [`MAX_KEY_LENGTH`] or has anything but visible ASCII and spaces within. White space around a header's value is not
    /// part of it (RFC 9110, section 5.5).
    fn read(headers: &HeaderMap, caller: &str, route: &str, body: &[u8]) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
        // `HeaderValue::to_str` takes tabs too.
        let key = value.to_str().ok().map(|key| key.trim_matches([' ', '\t']));
        let key = key.filter(|key| (1..=MAX_KEY_LENGTH).contains(&key.len()) && !key.contains('\t'));
        let key = key.ok_or_else(|| {
            let detail = format!("1 to {MAX_KEY_LENGTH} visible ASCII characters were expected");
            Problem::invalid_field("Idempotency-Key", "invalid_idempotency_key", detail)
        })?;
        // The lengths distinguish `a` + `bc` from `ab` + `c`.
        let scoped = format!("{}:{caller}{}:{route}{key}", caller.len(), route.len());
        Ok(Some(Self { key: digest(scoped.as_bytes()), fingerprint: fingerprint(body) }))
    }
}

/// The exclusive right to perform the request.
#[derive(Debug, Clone)]
pub struct Claim {
    key: String,
    fingerprint: String,
    owner: String,
}

/// How to proceed with a request.
#[derive(Debug)]
enum Started {
    /// Perform it, and store the response with [`Keys::complete`] in the same transaction.
    Claimed(Claim),
    /// It was already performed: return this response.
    Replay(Response),
}

/// A response as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its stored headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Keys {
    /// The keys in `table`.
    #[must_use]
    pub fn new(dynamo: Client, table: String) -> Self {
        Self { dynamo, table }
    }

    /// Claims the key of a request.
    ///
    /// # Errors
    /// 409 and 422 as the module documentation says; 503 when the store does not answer.
    async fn start(&self, request: Request, now: Timestamp, owner: Uuid) -> Result<Started, Problem> {
        let claim = Claim { key: request.key, fingerprint: request.fingerprint, owner: owner.to_string() };
        let second = now.as_second();
        let lease = second + seconds(LEASE);
        let put = self
            .dynamo
            .put_item()
            .table_name(&self.table)
            .item("key", s(&claim.key))
            .item("fingerprint", s(&claim.fingerprint))
            .item("owner", s(&claim.owner))
            .item("leaseUntil", n(lease))
            .item("expiresAt", n(second + seconds(RETENTION)))
            // Unused, forgotten, or abandoned by a holder that died. A completed key has no lease.
            .condition_expression(
                "attribute_not_exists(#key) OR expiresAt <= :now OR (leaseUntil <= :now AND fingerprint = :fingerprint)",
            )
            .expression_attribute_names("#key", "key")
            .expression_attribute_values(":now", n(second))
            .expression_attribute_values(":fingerprint", s(&claim.fingerprint))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = put else { return Ok(Started::Claimed(claim)) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let item = failed.item().cloned().unwrap_or_default();
                // A retry of a claim whose response was lost finds its own claim.
                if text(&item, "owner").is_ok_and(|other| other == claim.owner) {
                    return Ok(Started::Claimed(claim));
                }
                existing(&item, &claim.fingerprint, second)
            }
            _ => {
                tracing::warn!(error = aws::describe_on(&error, &self.table), "idempotency key not claimed");
                Err(Problem::unavailable())
            }
        }
    }

    /// The action that stores the response. It belongs in the transaction that writes the state, and cancels it if the
    /// claim was lost to another request.
    ///
    /// # Errors
    /// The answer has no JSON form.
    pub fn complete(&self, claim: &Claim, answer: &Answer, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let corrupt = |error: String| StoreError::Corrupt(error);
        let answer = serde_json::to_string(answer).map_err(|error| corrupt(error.to_string()))?;
        let put = Put::builder()
            .table_name(&self.table)
            .item("key", s(&claim.key))
            .item("fingerprint", s(&claim.fingerprint))
            .item("owner", s(&claim.owner))
            .item("answer", s(answer))
            .item("expiresAt", n(now.as_second() + seconds(RETENTION)))
            .condition_expression("#owner = :owner AND attribute_exists(leaseUntil)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(&claim.owner))
            .build()
            .map_err(|error| corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    async fn once(
        &self,
        request: Option<Request>,
        now: Timestamp,
        owner: Uuid,
        act: impl AsyncFnOnce(Option<Claim>) -> Result<Answer, Problem>,
    ) -> Result<Response, Problem> {
        let Some(request) = request else { return Ok(act(None).await?.respond()) };
        let claim = match self.start(request, now, owner).await? {
            Started::Replay(answer) => return Ok(answer),
            Started::Claimed(claim) => claim,
        };
        match act(Some(claim.clone())).await {
            Ok(answer) => Ok(answer.respond()),
            Err(problem) => {
                // After a 503 the outcome may be unknown, so the claim stays until its lease expires.
                if problem.status().is_client_error() {
                    self.release(&claim).await;
                }
                Err(problem)
            }
        }
    }

    /// Releases the claim after a refused request. Best effort: otherwise the lease expires.
    async fn release(&self, claim: &Claim) {
        let delete = self
            .dynamo
            .delete_item()
            .table_name(&self.table)
            .key("key", s(&claim.key))
            .condition_expression("#owner = :owner AND attribute_exists(leaseUntil)")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(&claim.owner))
            .send()
            .await;
        if let Err(error) = delete {
            let error = aws::describe_on(&error, &self.table);
            tracing::warn!(error, "idempotency key stays claimed until its lease ends");
        }
    }
}

/// The problem of a request whose claim expired and was taken over while it ran.
#[must_use]
pub fn claim_lost() -> Problem {
    let detail = "another request with this Idempotency-Key took over; repeat the request for its answer";
    Problem::new(StatusCode::CONFLICT, "idempotency_key_in_progress", detail).retry_after(1)
}

fn existing(item: &Item, fingerprint: &str, now: i64) -> Result<Started, Problem> {
    if text(item, "fingerprint").is_ok_and(|other| other != fingerprint) {
        let detail = "this Idempotency-Key was used with another body";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", detail));
    }
    if let Ok(answer) = text(item, "answer") {
        let answer: Answer = serde_json::from_str(answer).map_err(|error| {
            tracing::error!(%error, "stored answer cannot be read");
            Problem::unavailable()
        })?;
        return Ok(Started::Replay(answer.replay()));
    }
    let left = number::<i64>(item, "leaseUntil").unwrap_or(now) - now;
    let detail = "a request with this Idempotency-Key is under way";
    let problem = Problem::new(StatusCode::CONFLICT, "idempotency_key_in_progress", detail);
    Err(problem.retry_after(u64::try_from(left).unwrap_or(0).clamp(1, LEASE.as_secs())))
}

impl Answer {
    /// Keeps the stored parts of a response.
    pub fn new(status: StatusCode, headers: &HeaderMap, body: String) -> Self {
        let stored = STORED_HEADERS.iter().filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        });
        Self { status: status.as_u16(), headers: stored.collect(), body }
    }

    /// Converts it into an HTTP response.
    #[must_use]
    pub fn respond(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, self.body).into_response();
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn replay(self) -> Response {
        let mut response = self.respond();
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        response
    }
}

/// What identifies a body: its meaning if it is JSON, its bytes otherwise.
fn fingerprint(body: &[u8]) -> String {
    match std::str::from_utf8(body).ok().and_then(|text| json::canonical(text).ok()) {
        Some(canonical) => digest(canonical.as_bytes()),
        None => digest(body),
    }
}

fn digest(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(bytes))
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: &str, caller: &str, route: &str, body: &str) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("idempotency-key", key.parse().unwrap());
        Request::read(&headers, caller, route, body.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_key_belongs_to_its_caller_and_route() {
        let first = request("k", "ann", "POST /products", "{}");
        assert_eq!(first, request("k", "ann", "POST /products", "{}"));
        for other in [request("k", "bob", "POST /products", "{}"), request("k", "ann", "POST /orders", "{}")] {
            assert_ne!(first.key, other.key);
        }
        assert_ne!(request("c", "a", "b", "").key, request("c", "ab", "x", "").key);
    }

    #[test]
    fn a_key_is_visible_ascii() {
        let read = |key: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", HeaderValue::from_bytes(key).unwrap());
            Request::read(&headers, "ann", "POST /products", b"{}").map(|request| request.unwrap().key)
        };
        assert_eq!(read(b" a b\t"), read(b"a b"));
        assert_eq!(read(&[b'~'; MAX_KEY_LENGTH]).unwrap(), read(&[b'~'; MAX_KEY_LENGTH]).unwrap());
        let too_long = [b'a'; MAX_KEY_LENGTH + 1];
        for key in [&b""[..], b" ", b"\t", b"!5\tsp", b"a\xffb", "k\u{e9}".as_bytes(), &too_long] {
            let problem = serde_json::to_value(read(key).unwrap_err()).unwrap();
            assert_eq!(problem["errors"][0]["code"], "invalid_idempotency_key", "{key:?}");
        }
    }

    #[test]
    fn a_body_is_what_it_means_and_not_how_it_is_written() {
        let same = ["{\"a\":1,\"b\":[\"x\"]}", "{ \"b\": [\"\\u0078\"],\n\"a\": 1.0 }", "{\"a\":10e-1,\"b\":[\"x\"]}"];
        for body in same {
            assert_eq!(fingerprint(body.as_bytes()), fingerprint(same[0].as_bytes()), "{body}");
        }
        for other in ["{\"a\":1,\"b\":[\"y\"]}", "{\"a\":\"1\",\"b\":[\"x\"]}", "{\"a\":1}", "", "{", " {"] {
            assert_ne!(fingerprint(other.as_bytes()), fingerprint(same[0].as_bytes()), "{other}");
        }
        assert_ne!(fingerprint(b"{"), fingerprint(b" {"));
        assert_ne!(fingerprint(b"\xff"), fingerprint(b"\xfe"));
    }

    #[test]
    fn what_is_found_decides_the_answer() {
        let done =
            Answer { status: 201, headers: vec![("etag".to_owned(), "\"1\"".to_owned())], body: "{}".to_owned() };
        let finished = Item::from([
            ("fingerprint".to_owned(), s("f")),
            ("answer".to_owned(), s(serde_json::to_string(&done).unwrap())),
        ]);
        let Started::Replay(replay) = existing(&finished, "f", 0).unwrap() else { panic!("claimed") };
        assert_eq!((replay.status().as_u16(), replay.headers()["etag"].to_str().unwrap()), (201, "\"1\""));
        assert_eq!(existing(&finished, "other", 0).unwrap_err().code, "idempotency_key_reused");
        let running = Item::from([("fingerprint".to_owned(), s("f")), ("leaseUntil".to_owned(), n(20))]);
        assert_eq!(existing(&running, "f", 0).unwrap_err().code, "idempotency_key_in_progress");
    }
}
