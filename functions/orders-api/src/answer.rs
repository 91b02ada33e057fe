//! Answers that carry one resource, and the problems that orders and ingredients share.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use millrace::api::Problem;
use millrace::api::etag::etag;
use millrace::dynamo::StoreError;
use millrace::idempotency::Answer;
use millrace::outbox::EntryError;
use serde::Serialize;

/// A resource of this version, with its location where it is new.
pub fn resource(
    status: StatusCode,
    body: &impl Serialize,
    version: u64,
    location: Option<String>,
) -> Result<Answer, Problem> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, value(&etag(version))?);
    if let Some(location) = location {
        headers.insert(header::LOCATION, value(&location)?);
    }
    json(status, headers, body)
}

/// Any JSON.
pub fn json(status: StatusCode, mut headers: HeaderMap, body: &impl Serialize) -> Result<Answer, Problem> {
    let body = serde_json::to_string(body).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Answer::new(status, &headers, body))
}

/// A header's value.
pub fn value(text: &str) -> Result<HeaderValue, StoreError> {
    HeaderValue::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// 413 for an event that no topic takes.
pub fn unstorable(error: EntryError) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "event_too_large", error.to_string())
}

/// 409 for a change that lost too many races.
pub fn busy() -> Problem {
    let detail = "the ingredient changes too often; try again";
    Problem::new(StatusCode::CONFLICT, "too_many_changes", detail).retry_after(1)
}
