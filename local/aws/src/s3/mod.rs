//! S3: s3s on a directory.

mod files;
mod key;
mod list;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, EXPECT, IF_MATCH, IF_NONE_MATCH};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::sync::Mutex;

use self::files::Files;
use super::{Error, chunked, unusable};

/// Name of the subdirectory in the data directory.
const DIRECTORY: &str = "s3";

/// The buckets.
pub(super) struct S3 {
    service: S3Service,
    /// s3s-fs checks whether an object exists and then writes it; running one conditional write at a time makes that
    /// atomic.
    conditional: Arc<Mutex<()>>,
    /// Used without a data directory; deleted with the endpoint.
    _temporary: Option<TempDir>,
}

impl S3 {
    /// Opens the buckets in `data`, or in a temporary directory.
    pub(super) fn open(data: Option<&Path>) -> Result<Self, Error> {
        let (root, temporary) = match data {
            Some(data) => (data.join(DIRECTORY), None),
            None => {
                let directory =
                    TempDir::with_prefix("millrace-s3-").map_err(|error| unusable(&std::env::temp_dir(), error))?;
                (directory.path().to_path_buf(), Some(directory))
            }
        };
        std::fs::create_dir_all(&root).map_err(|error| unusable(&root, error))?;
        let files = Files::open(&root).map_err(|error| unusable(&root, error))?;
        let service = S3ServiceBuilder::new(files).build();
        Ok(Self { service, conditional: Arc::default(), _temporary: temporary })
    }

    /// Answers one request. A write runs to completion even if the client disconnects.
    pub(super) async fn call(&self, request: Request<Bytes>) -> Response<s3s::Body> {
        let request = match unsigned(request) {
            Ok(request) => request,
            Err(reason) => return failure(StatusCode::BAD_REQUEST, "InvalidRequest", reason),
        };
        let service = self.service.clone();
        let headers = request.headers();
        let is_conditional = headers.contains_key(IF_NONE_MATCH) || headers.contains_key(IF_MATCH);
        let conditional = (is_conditional && !request.method().is_safe()).then(|| self.conditional.clone());
        let done = tokio::spawn(async move {
            let _turn = match &conditional {
                Some(mutex) => Some(mutex.lock().await),
                None => None,
            };
            service.call(request).await
        });
        match done.await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &format!("{error:?}")),
            Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", &error.to_string()),
        }
    }
}

/// Makes the request anonymous: s3s rejects signatures whose key it does not know, and every key is accepted here.
fn unsigned(request: Request<Bytes>) -> Result<Request<s3s::Body>, &'static str> {
    let (mut head, mut body) = request.into_parts();
    let payload = head.headers.remove("x-amz-content-sha256");
    if payload.is_some_and(|hash| hash.as_bytes().starts_with(b"STREAMING-")) {
        body = chunked::decode(&mut head.headers, &body)?;
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    for name in ["x-amz-date", "x-amz-security-token"] {
        head.headers.remove(name);
    }
    head.headers.remove(AUTHORIZATION);
    head.headers.remove(EXPECT);
    head.uri = without_signature(&head.uri)?;
    Ok(Request::from_parts(head, s3s::Body::from(body)))
}

/// Prefixes of the query parameters of presigned URLs, for signature versions 4 and 2.
const SIGNATURE: [&str; 4] = ["X-Amz-", "AWSAccessKeyId=", "Signature=", "Expires="];

/// The URI without the query parameters of a presigned URL.
fn without_signature(uri: &Uri) -> Result<Uri, &'static str> {
    let Some(query) = uri.query() else {
        return Ok(uri.clone());
    };
    let signs = |pair: &str| SIGNATURE.iter().any(|name| pair.starts_with(name));
    let kept: Vec<_> = query.split('&').filter(|pair| !signs(pair)).collect();
    let text = if kept.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), kept.join("&")) };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).map_err(|_| "the query cannot be read")?);
    Uri::from_parts(parts).map_err(|_| "the address cannot be read")
}

fn failure(status: StatusCode, code: &str, message: &str) -> Response<s3s::Body> {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    let xml = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    let mut response = Response::new(s3s::Body::from(xml));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}
