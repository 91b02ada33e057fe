//! What every resource answers beside its own methods: `OPTIONS`, 405, and what an answer may not have.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};

use super::Problem;

/// Answers a method that the resource has no handler for. The router adds the methods that it has as `Allow`.
pub async fn other(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    not_allowed().into_response()
}

/// 405.
pub fn not_allowed() -> Problem {
    let detail = "this resource does not have the method; the header Allow has those of this resource";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

/// Adds `OPTIONS`, which every resource has, to the router's `Allow`; and takes `Content-Length` from answers that may not
/// have one (RFC 9110, 8.6: 204, and 304, where it would have to be that of the 200).
pub fn complete<B>(response: &mut http::Response<B>) {
    let bodiless = matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let headers = response.headers_mut();
    if bodiless {
        headers.remove(header::CONTENT_LENGTH);
    }
    let Some(allow) = headers.get(header::ALLOW).and_then(|allow| allow.to_str().ok()) else { return };
    let mut methods: Vec<&str> = allow.split(',').map(str::trim).filter(|method| !method.is_empty()).collect();
    if !methods.contains(&Method::OPTIONS.as_str()) {
        methods.push(Method::OPTIONS.as_str());
    }
    if let Ok(allow) = HeaderValue::from_str(&methods.join(", ")) {
        headers.insert(header::ALLOW, allow);
    }
}
