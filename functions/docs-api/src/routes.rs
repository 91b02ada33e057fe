//! The contract and its viewer, Swagger UI, all embedded in this binary.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use millrace_api::{Problem, Segment, resource};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use swagger_ui_redist::SwaggerUi;

/// `contracts/openapi.yaml` as JSON.
const DOCUMENT: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

const PAGE: &str = include_str!("page/index.html");

/// Starts the viewer. A file of its own, so that the page needs no inline script.
const START: (&str, &str) = ("start.js", include_str!("page/start.js"));

/// The page may load from and connect to only the API that served it. The icons of Swagger UI are data URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The names of the viewer's files do not change with their version, so browsers cache them for only an hour.
const VIEWER_CACHE: &str = "public, max-age=3600";

/// The contract as a response.
#[derive(Debug, Clone)]
struct Document {
    json: Arc<RawValue>,
    /// Hash of the content, because the document has no version counter.
    version: u64,
}

impl Document {
    fn read(json: &str) -> Result<Self, serde_json::Error> {
        let version = Sha256::digest(json).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Ok(Self { json: RawValue::from_string(json.to_owned())?.into(), version })
    }
}

/// All routes of this function.
///
/// # Errors
/// The contract is not valid JSON.
pub fn router() -> Result<Router, serde_json::Error> {
    Ok(Router::new()
        .route("/openapi.json", get(openapi))
        .route("/docs", get(page))
        .route("/docs/{file}", get(file))
        .with_state(Document::read(DOCUMENT)?))
}

async fn openapi(State(document): State<Document>, headers: HeaderMap) -> Result<Response, Problem> {
    let mut response = resource::found(&headers, &document.json, document.version)?;
    // Cached, but revalidated on each use.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

async fn page() -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(PAGE)).into_response()
}

async fn file(Segment(name): Segment) -> Result<Response, Problem> {
    let viewer = SwaggerUi::static_files().iter().map(|(file, bytes)| (file.file_name(), *bytes));
    let mut files = viewer.chain([(START.0, START.1.as_bytes())]);
    let (name, bytes) = files.find(|(known, _)| *known == name).ok_or_else(|| Problem::not_found("file"))?;
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        _ => "image/png",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, VIEWER_CACHE),
    ];
    Ok((headers, bytes).into_response())
}
