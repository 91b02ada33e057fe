//! Runs a router as a Lambda function behind an HTTP API (payload format 2.0).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use lambda_http::RequestExt;
use tower::ServiceExt;
use tracing::Instrument;

use super::access::{self, Guard};
use super::cors::Cors;
use super::{Problem, methods};
use millrace_platform::crash_points::{self, ANSWER};
use millrace_platform::shutdown::{self, InFlight};
use millrace_platform::telemetry::TraceContext;

/// Time limit of every request. Without it, the function's own timeout (10 s) would end the whole process, with all
/// other requests in it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// Serves until Lambda ends the process. After SIGTERM, when no request is in flight, `close` is awaited.
///
/// # Errors
/// A setting of the [`Guard`] is missing, or the runtime API does not answer.
pub async fn serve(router: Router, close: impl Future<Output = ()> + Send + 'static) -> Result<(), lambda_http::Error> {
    let router = with_rules(router, Guard::from_env()?);
    let cors = Arc::new(Cors::from_env());
    let in_flight = InFlight::default();
    shutdown::on_sigterm(in_flight.clone(), close);
    lambda_http::run_concurrent(lambda_http::service_fn(move |request| {
        let guard = in_flight.enter();
        let (router, cors) = (router.clone(), cors.clone());
        async move {
            let _guard = guard;
            let answer = answer(router, &cors, request).await;
            crash_points::before(ANSWER);
            answer
        }
    }))
    .await
}

/// Handles one request. The response body is collected, because API Gateway takes it as a whole.
///
/// The router answers `HEAD` by the handler of `GET`, with the length of the body that it leaves out, and adds `Allow` to the
/// answers of methods that a resource does not have.
async fn answer(
    router: Router,
    cors: &Cors,
    request: lambda_http::Request,
) -> Result<http::Response<lambda_http::Body>, lambda_http::Error> {
    let asked = Cors::read(request.method(), request.headers());
    let mut response = router.oneshot(request.map(axum::body::Body::new)).await?;
    methods::complete(&mut response);
    cors.answer(&asked, &mut response);
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await?;
    // All responses are text; binary ones would be sent in Base64.
    let body = String::from_utf8(body.into()).map_or_else(|bytes| bytes.into_bytes().into(), lambda_http::Body::from);
    Ok(http::Response::from_parts(parts, body))
}

/// Largest response, in bytes: Lambda's payload limit is 6 MB, and JSON embedded in JSON grows by its escapes.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Adds the rules that every API shares: 404 and 405 as problem+json, `OPTIONS`, who may do what and how often, time limit,
/// trace context.
fn with_rules(router: Router, guard: Guard) -> Router {
    router
        .fallback(|| async { Problem::not_found("resource") })
        .method_not_allowed_fallback(methods::other)
        .layer(middleware::from_fn_with_state(Arc::new(guard), access::enforce))
        .layer(middleware::from_fn(observe))
}

/// Adds the trace context to the request, limits its time and logs its outcome.
async fn observe(mut request: Request, next: Next) -> Response {
    if !is_plain(request.raw_http_path()) {
        return Problem::not_found("resource").into_response();
    }
    let trace = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok()?.parse::<TraceContext>().ok())
        .map_or_else(
            || TraceContext::new(millrace_platform::clock::random128(), millrace_platform::clock::random()),
            |parent| parent.child(millrace_platform::clock::random()),
        );
    let request_id = request.lambda_context_ref().map_or_else(String::new, |context| context.request_id.clone());
    request.extensions_mut().insert(trace);
    let method = request.method().as_str();
    let path = request.uri().path();
    let span = tracing::info_span!("request", requestId = request_id, traceId = trace.trace_id(), method, path);
    async {
        let response = match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::unavailable().into_response(),
        };
        let status = response.status();
        if status.is_server_error() {
            tracing::error!(status = status.as_u16(), "answered");
        } else {
            tracing::info!(status = status.as_u16(), "answered");
        }
        response
    }
    .instrument(span)
    .await
}

/// Whether the router reads the path as the client meant it. HTTP APIs may deliver the path decoded, and a `#`, `?` or
/// `..` that was part of a name would then be taken for syntax.
fn is_plain(raw_path: &str) -> bool {
    !raw_path.contains(['#', '?', '\\']) && !raw_path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};

    use super::*;
    use crate::access::Auth;

    /// Status, headers and body of an answer of a router with two resources.
    async fn ask(method: &str, path: &str) -> (u16, http::HeaderMap, String) {
        let router = Router::new()
            .route("/things", get(|| async { "all things" }).post(|| async { "made" }))
            .route("/things/{id}/use", post(|| async { http::StatusCode::NO_CONTENT }))
            .route("/broken", get(|| async { Problem::unavailable() }));
        let request = http::Request::builder().method(method).uri(path).body(lambda_http::Body::Empty).unwrap();
        let open = Guard { auth: Auth::Off, ..Guard::default() };
        let (parts, body) = answer(with_rules(router, open), &Cors::default(), request).await.unwrap().into_parts();
        (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn head_answers_as_get_does_without_the_body() {
        for path in ["/things", "/broken", "/nothing", "/things/1/use"] {
            let (status, headers, body) = ask("GET", path).await;
            let (head_status, head_headers, head_body) = ask("HEAD", path).await;
            assert_eq!((head_status, head_headers, head_body.as_str()), (status, headers.clone(), ""), "{path}");
            assert_eq!(headers["content-length"].to_str().unwrap(), body.len().to_string(), "{path}");
        }
    }

    #[tokio::test]
    async fn every_resource_says_which_methods_it_has() {
        for (path, allow) in [("/things", "GET, HEAD, POST, OPTIONS"), ("/things/1/use", "POST, OPTIONS")] {
            let (status, headers, body) = ask("OPTIONS", path).await;
            assert_eq!((status, headers["allow"].to_str().unwrap(), body.as_str()), (204, allow, ""));
            assert!(!headers.contains_key("content-length") && !headers.contains_key("content-type"));
            for method in ["DELETE", "TRACE", "BREW"] {
                let (status, headers, body) = ask(method, path).await;
                assert_eq!((status, headers["allow"].to_str().unwrap()), (405, allow), "{method} {path}");
                assert!(body.contains("method_not_allowed"), "{body}");
            }
        }
        assert_eq!(ask("POST", "/things/1/use").await.1.get("content-length"), None);
        assert_eq!(ask("OPTIONS", "/nothing").await.0, 404);
    }

    #[test]
    fn a_path_that_would_be_read_as_another_is_refused() {
        assert!(is_plain("/products/burger"));
        for path in ["/products/burger#x", "/products/burger?x", "/products/../health", "/products/\\x"] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
