//! Passes requests to functions, with the limits and the error answers of an HTTP API.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use local_template::model::{Cors, Route};

use super::answer;
use super::authorizer::{self, Answers};
use super::control::{self, Control};
use super::cors;
use super::event::{self, Incoming};
use super::host;
use super::route::Routes;
use super::url::Urls;
use crate::invoke::{Invoke, MAX_PAYLOAD, Outcome};

/// Largest body of a request, in bytes (API Gateway quota "payload size": 10 MB).
const MAX_BODY: usize = 10 * 1024 * 1024;
/// Maximum time for a client to send its body, and for a function to answer (API Gateway quota "maximum integration
/// timeout" of HTTP APIs: 30 s).
const TIMEOUT: Duration = Duration::from_secs(30);
/// Header with the request id, as API Gateway sends it.
const REQUEST_ID: HeaderName = HeaderName::from_static("apigw-requestid");

/// The HTTP API.
#[derive(Debug)]
pub struct Front<I> {
    routes: Routes,
    invoke: I,
    port: u16,
    answers: Answers,
    cors: Option<Cors>,
    urls: Option<Urls>,
}

/// A request without a valid answer from a function. The texts are those of API Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The request cannot be read.
    BadRequest,
    /// It has nothing that an authorizer could go by.
    Unauthorized,
    /// An authorizer has refused it.
    Forbidden,
    /// No route fits it.
    NotFound,
    /// It is over a limit.
    TooLarge,
    /// A function, or an authorizer, failed.
    FunctionFailed,
    /// A function did not answer in time, or could not be started.
    Unavailable,
}

impl<I: Invoke> Front<I> {
    /// An API with the template's routes that listens on a port.
    pub fn new(routes: &[Route], invoke: I, port: u16) -> Front<I> {
        let answers = Answers::default();
        Front { routes: Routes::new(routes), invoke, port, answers, cors: None, urls: None }
    }

    /// The same API, for pages of other origins too.
    #[must_use]
    pub fn with_cors(self, cors: Option<Cors>) -> Front<I> {
        Front { cors, ..self }
    }

    /// With function URLs on the same port.
    #[must_use]
    pub fn with_urls(self, urls: Urls) -> Self {
        Self { urls: Some(urls), ..self }
    }

    /// The API, with the control API under `/_local`.
    pub fn router(mut self, control: Control) -> Router {
        let urls = self.urls.take().map_or_else(Router::new, Urls::router);
        let front = Arc::new(self);
        let host = middleware::from_fn_with_state(front.clone(), settle_host::<I>);
        let routes = Router::new().nest("/_local", control::router(control).merge(urls)).fallback(handle::<I>);
        routes.with_state(front).layer(host)
    }

    async fn answer(&self, id: &str, client: SocketAddr, request: Request) -> Result<Response, Refusal> {
        let (parts, body) = request.into_parts();
        let route = self.routes.find(parts.method.as_str(), parts.uri.path()).ok_or(Refusal::NotFound)?;
        let head = Incoming {
            method: &parts.method,
            uri: &parts.uri,
            protocol: format!("{:?}", parts.version),
            headers: &parts.headers,
            body: &Bytes::new(),
            source: client.ip(),
            port: self.port,
            id,
            at: Timestamp::now(),
            authorized: None,
        };
        let context = match route.authorizer {
            Some(gate) if !(gate.preflights_pass && authorizer::is_preflight(&head)) => {
                Some(self.answers.authorize(&self.invoke, gate, (&head, &route)).await?)
            }
            _ => None,
        };
        let body = read(&parts.headers, body).await?;
        let incoming = Incoming { body: &body, authorized: context.as_ref(), ..head };
        let payload = event::payload(&incoming, &route).map_err(|_| Refusal::BadRequest)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(Refusal::TooLarge);
        }
        let function = route.function;
        match tokio::time::timeout(TIMEOUT, self.invoke.invoke(function, payload)).await {
            Ok(Outcome::Success(answer)) => match answer::response(&answer, parts.method == http::Method::HEAD) {
                Ok(response) => Ok(response.map(Body::from)),
                Err(error) => {
                    tracing::warn!(function, request = id, "{error}");
                    Err(Refusal::FunctionFailed)
                }
            },
            Ok(Outcome::FunctionError(error)) => {
                let error = String::from_utf8_lossy(&error);
                tracing::warn!(function, request = id, "the function failed: {error}");
                Err(Refusal::FunctionFailed)
            }
            Ok(Outcome::Throttled) => {
                tracing::warn!(function, request = id, "no process was free in time: throttled");
                Err(Refusal::Unavailable)
            }
            Err(_) => {
                tracing::warn!(function, request = id, "no answer within {} s", TIMEOUT.as_secs());
                Err(Refusal::Unavailable)
            }
        }
    }
}

async fn handle<I: Invoke>(
    State(front): State<Arc<Front<I>>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = front.answer(&id, client, request).await.unwrap_or_else(|refusal| {
        let mut response = refusal.into_response();
        if let Some(cors) = &front.cors {
            cors::complete(cors, origin.as_ref(), response.headers_mut());
        }
        response
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Gives each request one `Host`, or refuses it.
async fn settle_host<I: Invoke>(State(front): State<Arc<Front<I>>>, mut request: Request, next: Next) -> Response {
    match host::host(request.version(), request.uri(), request.headers(), front.port) {
        Some(host) => {
            request.headers_mut().insert(HOST, host);
            next.run(request).await
        }
        None => Refusal::BadRequest.into_response(),
    }
}

async fn read(headers: &http::HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(Refusal::TooLarge);
    }
    match tokio::time::timeout(TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Refusal::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Refusal::BadRequest),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Refusal::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Refusal::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Refusal::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Refusal::NotFound => (StatusCode::NOT_FOUND, "Not Found"),
            Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Refusal::FunctionFailed => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            // An HTTP API answers both a timeout and a throttled function this way.
            Refusal::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        let body = format!("{{\"message\":\"{message}\"}}");
        (status, [(CONTENT_TYPE, "application/json")], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use tower::ServiceExt;

    use super::*;

    /// Answers by the path of the event.
    struct Script;

    impl Invoke for Script {
        async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
            assert_eq!(function, "products-api");
            let event: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            match event["rawPath"].as_str().unwrap() {
                "/f/ok" => Outcome::Success(Bytes::from_static(b"{\"statusCode\":201,\"body\":\"hi\"}")),
                "/f/garbage" => Outcome::Success(Bytes::from_static(b"<html>")),
                "/f/error" => Outcome::FunctionError(Bytes::from_static(b"{}")),
                "/f/throttled" => Outcome::Throttled,
                _ => std::future::pending().await,
            }
        }
    }

    async fn ask(request: http::request::Builder, body: Vec<u8>) -> (u16, String) {
        let route = Route { method: None, path: "/f/{case}".into(), function: "products-api".into(), authorizer: None };
        let front = Arc::new(Front::new(&[route], Script, 3000));
        let app = Router::new().fallback(handle::<Script>).with_state(front);
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 5000))));
        let response = app.oneshot(request).await.unwrap();
        assert!(response.headers().contains_key("apigw-requestid"));
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn answers_and_failures_reach_the_client_as_from_api_gateway() {
        let cases = [
            ("/f/ok", 201, "hi"),
            ("/f/garbage", 500, "{\"message\":\"Internal Server Error\"}"),
            ("/f/error", 500, "{\"message\":\"Internal Server Error\"}"),
            ("/f/throttled", 503, "{\"message\":\"Service Unavailable\"}"),
            ("/f/slow", 503, "{\"message\":\"Service Unavailable\"}"),
            ("/g", 404, "{\"message\":\"Not Found\"}"),
        ];
        for (path, status, body) in cases {
            assert_eq!(ask(http::Request::get(path), Vec::new()).await, (status, body.to_owned()), "{path}");
        }
    }

    #[tokio::test]
    async fn bodies_over_the_limits_are_refused() {
        let too_large = (413, "{\"message\":\"Request Entity Too Large\"}".to_owned());
        let text = || http::Request::post("/f/ok").header("content-type", "text/plain");
        assert_eq!(ask(text(), vec![b'a'; 5_000_000]).await.0, 201);
        // Over 6 MB for the function; in base64, 4.6 MB are enough.
        assert_eq!(ask(text(), vec![b'a'; MAX_PAYLOAD]).await, too_large);
        assert_eq!(ask(http::Request::post("/f/ok"), vec![b'a'; 5_000_000]).await, too_large);
        assert_eq!(ask(text(), vec![b'a'; MAX_BODY + 1]).await, too_large);
        assert_eq!(ask(text().header("content-length", "10485761"), Vec::new()).await, too_large);
    }
}
