//! Function URLs (Lambda developer guide, "Lambda function URLs"): each is a path of the HTTP port, below [`PATH`], because
//! there is no DNS name for each on this machine. A function sees the rest of the path.
//!
//! The event is that of an HTTP API, payload format 2.0, with the route `$default`. A URL streams if its `InvokeMode` says so
//! and the function does. `AuthType: AWS_IAM` refuses a request that is not signed; signatures are not checked, and the
//! caller's identity is not in the event.

mod cors;
mod prelude;
mod streamed;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use local_template::model::{FunctionUrl, Template, UrlAuth};

use super::answer;
use super::authorizer::is_preflight;
use super::event::{self, Incoming};
use super::route::Match;
use crate::functions::Supervisor;
use crate::invoke::{Invoke, MAX_PAYLOAD, Outcome};

/// Where function URLs are on the HTTP port: `/_local/urls/<function>`.
pub const PATH: &str = "/_local/urls";

/// Header with the request id, as Lambda sends it.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// How the header of a signed request begins (Signature Version 4).
const SIGNED: &str = "AWS4-HMAC-SHA256 ";

/// The route of every request, in events.
const ROUTE_KEY: &str = "$default";

/// The function URLs of a template.
#[derive(Debug)]
pub struct Urls {
    urls: BTreeMap<String, FunctionUrl>,
    supervisor: Supervisor,
    port: u16,
}

/// Where the function URLs of a template are, by function, if its HTTP port has this base.
#[must_use]
pub fn bases(template: &Template, http: &str) -> BTreeMap<String, String> {
    template.function_urls.keys().map(|function| (function.clone(), format!("{http}{PATH}/{function}"))).collect()
}

/// Why a request is answered without the function, or instead of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    NoUrl,
    NotSigned,
    BadRequest,
    TooLarge,
    Throttled,
    FunctionFailed,
}

impl Urls {
    /// The URLs of these functions.
    pub fn new(urls: BTreeMap<String, FunctionUrl>, supervisor: Supervisor, port: u16) -> Self {
        Self { urls, supervisor, port }
    }

    /// Routes below `/_local`.
    pub(super) fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let routes = Router::new().route("/urls/{function}", any(handle)).route("/urls/{function}/", any(handle));
        routes.route("/urls/{function}/{*path}", any(handle)).with_state(Arc::new(self))
    }

    async fn answer(&self, id: &str, client: SocketAddr, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let (function, uri) = split(&parts.uri).ok_or(Refusal::NoUrl)?;
        let url = self.urls.get(&function).ok_or(Refusal::NoUrl)?;
        let head = Incoming {
            method: &parts.method,
            uri: &uri,
            protocol: format!("{:?}", parts.version),
            headers: &parts.headers,
            body: &Bytes::new(),
            source: client.ip(),
            port: self.port,
            id,
            at: Timestamp::now(),
            authorized: None,
        };
        if let Some(rules) = url.cors.as_ref().filter(|_| is_preflight(&head)) {
            return Ok(cors::preflight(rules, &parts.headers));
        }
        let authorization = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        if url.auth == UrlAuth::Iam && !authorization.is_some_and(|value| value.starts_with(SIGNED)) {
            return Err(Refusal::NotSigned);
        }
        let body = Limited::new(body, MAX_PAYLOAD).collect().await.map_err(|_| Refusal::TooLarge)?.to_bytes();
        let route = Match { function: &function, authorizer: None, route_key: ROUTE_KEY, parameters: BTreeMap::new() };
        let payload = event::payload(&Incoming { body: &body, ..head }, &route).map_err(|_| Refusal::BadRequest)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(Refusal::TooLarge);
        }
        let mut response = if url.streams {
            streamed::answer(&self.supervisor, &function, payload).await?
        } else {
            buffered(self.supervisor.invoke(&function, payload).await, &function)?
        };
        if let Some(rules) = &url.cors {
            cors::allow(rules, &parts.headers, response.headers_mut());
        }
        Ok(response)
    }
}

/// The function of a path below `/_local` or `/`, and the URI that it sees.
fn split(uri: &Uri) -> Option<(String, Uri)> {
    let (_, rest) = uri.path().split_once("/urls/")?;
    let (function, path) = rest.split_once('/').unwrap_or((rest, ""));
    let query = uri.query().map_or_else(String::new, |query| format!("?{query}"));
    Some((function.to_owned(), format!("/{path}{query}").parse().ok()?))
}

/// The answer of a function that does not stream.
fn buffered(outcome: Outcome, function: &str) -> Result<Response, Refusal> {
    match outcome {
        Outcome::Success(text) => match answer::response(&text, false) {
            Ok(response) => Ok(response.map(Body::from)),
            Err(error) => {
                tracing::warn!(function, "{error}");
                Err(Refusal::FunctionFailed)
            }
        },
        Outcome::FunctionError(error) => {
            tracing::warn!(function, "the function failed: {}", String::from_utf8_lossy(&error));
            Err(Refusal::FunctionFailed)
        }
        Outcome::Throttled => Err(Refusal::Throttled),
    }
}

async fn handle(
    State(urls): State<Arc<Urls>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    let answer = urls.answer(&id, client, request).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

impl IntoResponse for Refusal {
    /// Statuses and texts as Lambda has them.
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::NoUrl => (StatusCode::NOT_FOUND, "no function of this name has a URL"),
            Self::NotSigned => (
                StatusCode::FORBIDDEN,
                "Forbidden. For troubleshooting Function URL authorization issues, see: \
                 https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
            ),
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::Throttled => (StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
            Self::FunctionFailed => (StatusCode::BAD_GATEWAY, "Internal Server Error"),
        };
        let body = serde_json::json!({ "Message": message }).to_string();
        (status, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_sees_the_path_behind_its_url() {
        let cases = [
            ("/urls/f", "f", "/"),
            ("/urls/f/", "f", "/"),
            ("/urls/f?x=1", "f", "/?x=1"),
            ("/_local/urls/f/a%20b/urls/c?x=%2F", "f", "/a%20b/urls/c?x=%2F"),
        ];
        for (path, function, seen) in cases {
            let (name, uri) = split(&path.parse().unwrap()).unwrap();
            assert_eq!((name.as_str(), uri.to_string().as_str()), (function, seen), "{path}");
        }
        assert!(split(&"/other".parse().unwrap()).is_none());
    }
}
