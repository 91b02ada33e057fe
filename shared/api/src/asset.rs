//! Pages, and the files that they load.

use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};

/// For a file whose URL has a hash of its content: a browser never asks for it again.
pub const UNCHANGING: &str = "public, max-age=31536000, immutable";

/// A page under a content security policy. A browser asks for it each time, because its URL says nothing about its content.
pub fn page(html: impl Into<axum::body::Body>, policy: HeaderValue) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    (headers, Html(html.into())).into_response()
}

/// A file that a page loads, and for how long browsers may keep it. Its name says of which type it is.
pub fn file(name: &str, bytes: &'static [u8], cache: &'static str) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "image/png",
    };
    let headers =
        [(header::CONTENT_TYPE, kind), (header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CACHE_CONTROL, cache)];
    (headers, bytes).into_response()
}
