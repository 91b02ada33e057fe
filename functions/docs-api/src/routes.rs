//! The contracts, the schemas of the events, and the pages that show them, all embedded in this binary.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use millrace_api::{Problem, Segment, asset, resource};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use swagger_ui_redist::SwaggerUi;

use crate::login::Login;

/// `contracts/openapi.yaml` as JSON.
const OPENAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/openapi.json"));

/// `contracts/asyncapi.yaml` as JSON.
const ASYNCAPI: &str = include_str!(concat!(env!("OUT_DIR"), "/asyncapi.json"));

/// Name and text of each file in `shared/schemas`.
const SCHEMAS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/schemas.rs"));

/// The viewer of the contract.
const VIEWER: &str = include_str!("page/index.html");

/// The page of the topics and their events.
const EVENTS: &str = include_str!(concat!(env!("OUT_DIR"), "/events.html"));

/// Where the issuer leads back to after a login.
const CALLBACK: &str = include_str!("page/callback.html");

/// Files of the pages, beside those of Swagger UI. Files of their own, so that no page needs an inline script or style.
const FILES: [(&str, &str); 5] = [
    ("callback.js", include_str!("page/callback.js")),
    ("events.css", include_str!("page/events.css")),
    ("login.css", include_str!("page/login.css")),
    ("login.js", include_str!("page/login.js")),
    ("start.js", include_str!("page/start.js")),
];

/// The names of the viewer's files do not change with their version, so browsers cache them for only an hour.
const VIEWER_CACHE: &str = "public, max-age=3600";

/// A document as a response.
#[derive(Debug, Clone)]
struct Document {
    json: Arc<RawValue>,
    /// Hash of the content, because the document has no version counter.
    version: u64,
}

impl Document {
    fn read(json: &str) -> Result<Self, serde_json::Error> {
        let version = Sha256::digest(json).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Ok(Self { json: RawValue::from_string(json.trim_end().to_owned())?.into(), version })
    }

    fn answer(&self, headers: &HeaderMap, kind: &'static str) -> Result<Response, Problem> {
        let mut response = resource::found(headers, &self.json, self.version)?;
        if response.status() == StatusCode::OK {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        // Cached, but revalidated on each use.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(response)
    }
}

/// All documents.
#[derive(Debug, Clone)]
struct Documents {
    openapi: Document,
    asyncapi: Document,
    login: Login,
    /// The content security policy of the pages.
    policy: HeaderValue,
}

/// All routes of this function.
///
/// # Errors
/// A contract is not valid JSON, or a setting of the login not of its kind.
pub fn router(login: Login) -> Result<Router, lambda_http::Error> {
    let policy = login.policy()?;
    let documents = Documents { openapi: Document::read(OPENAPI)?, asyncapi: Document::read(ASYNCAPI)?, login, policy };
    Ok(Router::new()
        .route("/openapi.json", get(openapi))
        .route("/asyncapi.json", get(asyncapi))
        .route("/schemas/{file}", get(schema))
        .route("/docs", get(|State(documents): State<Documents>| async move { page(VIEWER, &documents) }))
        .route("/docs/events", get(|State(documents): State<Documents>| async move { page(EVENTS, &documents) }))
        .route("/docs/callback", get(|State(documents): State<Documents>| async move { page(CALLBACK, &documents) }))
        .route("/docs/{file}", get(file))
        .with_state(documents))
}

async fn openapi(State(documents): State<Documents>, headers: HeaderMap) -> Result<Response, Problem> {
    documents.openapi.answer(&headers, "application/json")
}

async fn asyncapi(State(documents): State<Documents>, headers: HeaderMap) -> Result<Response, Problem> {
    documents.asyncapi.answer(&headers, "application/json")
}

async fn schema(Segment(name): Segment, headers: HeaderMap) -> Result<Response, Problem> {
    let found = SCHEMAS.iter().find(|(known, _)| *known == name);
    let (_, text) = found.ok_or_else(|| Problem::not_found("schema"))?;
    let schema = Document::read(text).map_err(|_| Problem::unavailable())?;
    schema.answer(&headers, "application/schema+json")
}

fn page(html: &'static str, documents: &Documents) -> Response {
    asset::page(html, documents.policy.clone())
}

async fn file(Segment(name): Segment, State(documents): State<Documents>) -> Result<Response, Problem> {
    if name == "login.json" {
        let headers = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CACHE_CONTROL, "no-cache")];
        return Ok((headers, Json(&documents.login)).into_response());
    }
    let viewer = SwaggerUi::static_files().iter().map(|(file, bytes)| (file.file_name(), *bytes));
    let mut files = viewer.chain(FILES.iter().map(|(file, text)| (*file, text.as_bytes())));
    let (name, bytes) = files.find(|(known, _)| *known == name).ok_or_else(|| Problem::not_found("file"))?;
    Ok(asset::file(name, bytes, VIEWER_CACHE))
}
