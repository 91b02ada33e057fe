//! Errors as clients see them: RFC 9457 `application/problem+json` with a stable `code`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
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
    #[serde(skip)]
    retry_after: Option<u64>,
    #[serde(skip)]
    allow: Option<HeaderValue>,
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
            retry_after: None,
            allow: None,
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

    /// 405 with the methods that the resource allows.
    #[must_use]
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let detail = format!("this resource allows {allow}");
        Self {
            allow: Some(HeaderValue::from_static(allow)),
            ..Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
        }
    }

    /// 503: nothing was done; the same request may be retried after the pause.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "a part of the service does not answer; try again")
            .retry_after(RETRY_AFTER_SECONDS)
    }

    /// Adds a `Retry-After`, in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
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
        let retry_after = self.retry_after;
        let allow = self.allow.take();
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = allow {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}
