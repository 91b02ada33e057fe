//! Errors as clients see them: RFC 9457 `application/problem+json` with a stable `code`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};

use millrace_delivery::outbox::EntryError;
use millrace_domain::validation::{FieldError, Invalid};
use millrace_platform::dynamo::StoreError;

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `urn:millrace:problem:<code>`.
    #[serde(rename = "type")]
    kind: String,
    /// Reason phrase of the status.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong, and how to correct it.
    detail: String,
    /// All invalid fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    /// Further members (RFC 9457, 3.2).
    #[serde(flatten)]
    members: Map<String, Value>,
    /// Each once.
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with a stable code.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:millrace:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
            headers: Vec::new(),
        }
    }

    /// 400 with all invalid fields.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        let noun = if count == 1 { "field is" } else { "fields are" };
        Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "invalid_request", format!("{count} {noun} not valid")) }
    }

    /// 400 for one invalid field.
    pub fn invalid_field(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.to_owned(), code, detail: detail.into() }])
    }

    /// 422 with its own code and all invalid fields: the request is well formed but cannot be processed.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>, errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail) }
    }

    /// 404.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// 503: nothing was done; the same request may be retried after the pause.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "a part of the service does not answer; try again")
            .retry_after(RETRY_AFTER_SECONDS)
    }

    /// 429: a limit of requests per second is reached, and nothing was done. The same request may be sent again after so
    /// many seconds.
    pub fn rate_limited(code: &'static str, detail: impl Into<String>, seconds: u64) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail).retry_after(seconds);
        problem.with("retryAfter", Value::from(seconds))
    }

    /// Adds a `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value));
        self
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// 400 with all invalid fields.
impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        Self::invalid(invalid.0)
    }
}

/// 413 for an event that is too large for a topic.
impl From<EntryError> for Problem {
    fn from(error: EntryError) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "event_too_large", error.to_string())
    }
}

/// 503: the cause is only logged; the client learns that it may retry.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "store");
        Self::unavailable()
    }
}

/// `Retry-After` of a 503, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = self.status();
        let headers = HeaderMap::from_iter(std::mem::take(&mut self.headers));
        let mut response = (status, headers, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}
