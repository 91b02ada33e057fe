//! Extractors for body, query and path, which report mistakes as problem+json.

use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use millrace_platform::telemetry::TraceContext;
use serde::de::DeserializeOwned;

use super::{MAX_BODY_BYTES, Problem, media_type};

/// The bytes of a JSON body, which is empty where there is none; a body over `MOST` bytes is 413 `body_too_large`, and one that
/// says that it is something else is 415.
#[derive(Debug, Clone)]
pub struct Body<const MOST: usize = MAX_BODY_BYTES>(pub Bytes);

impl<S: Send + Sync, const MOST: usize> FromRequest<S> for Body<MOST> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        DefaultBodyLimit::max(MOST).apply(&mut request);
        let method = request.method().clone();
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                let detail = format!("a body has at most {MOST} bytes");
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
            } else {
                Problem::new(StatusCode::BAD_REQUEST, "unreadable_body", "the body could not be read")
            }
        })?;
        if !body.is_empty() {
            media_type::check(&method, &headers)?;
        }
        Ok(Self(body))
    }
}

/// The query parameters; a repeated or non-text parameter is 400 `invalid_query`.
#[derive(Debug, Clone)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(value)| Self(value))
            .map_err(|rejection| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", rejection.body_text()))
    }
}

/// The single path parameter; a value that is not text is 404.
#[derive(Debug, Clone)]
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        segment.map(|Path(text)| Self(text)).map_err(|_| Problem::not_found("resource"))
    }
}

/// A PUT or PATCH of the resource that the single path parameter names.
#[derive(Debug, Clone)]
pub struct Put {
    /// Id in the path.
    pub id: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Trace context of the request.
    pub trace: TraceContext,
    /// Body.
    pub body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Put {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let Segment(id) = Segment::from_request_parts(&mut parts, state).await?;
        // Set by `serve`.
        let trace = parts.extensions.get::<TraceContext>().copied().ok_or_else(Problem::unavailable)?;
        let headers = parts.headers.clone();
        let Body(body) = <Body>::from_request(Request::from_parts(parts, body), state).await?;
        Ok(Self { id, headers, trace, body })
    }
}
