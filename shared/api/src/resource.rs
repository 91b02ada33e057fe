//! Responses that carry one resource.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::Problem;
use super::etag::{Conditions, etag};
use crate::idempotency::Answer;
use millrace_platform::dynamo::StoreError;

/// A resource at this version, with its location if it is new.
///
/// # Errors
/// The resource has no JSON form.
pub fn answer(
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

/// The response to a GET: the resource, or 304 if `If-None-Match` contains its version.
///
/// # Errors
/// 400 for a condition that is not a list of entity tags, 412 for an `If-Match` that does not hold.
pub fn found(headers: &HeaderMap, body: &impl Serialize, version: u64) -> Result<Response, Problem> {
    if Conditions::read(headers)?.unchanged(version)? {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, value(&etag(version))?)]).into_response());
    }
    Ok(answer(StatusCode::OK, body, version, None)?.respond())
}

/// A JSON response.
///
/// # Errors
/// The body has no JSON form.
pub fn json(status: StatusCode, mut headers: HeaderMap, body: &impl Serialize) -> Result<Answer, Problem> {
    let body = serde_json::to_string(body).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(Answer::new(status, &headers, body))
}

fn value(text: &str) -> Result<HeaderValue, StoreError> {
    HeaderValue::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}
