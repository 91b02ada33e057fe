//! Runs a router as a Lambda function behind an HTTP API (payload format 2.0).

use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use lambda_http::RequestExt;
use tower::ServiceExt;
use tracing::Instrument;

use super::{MAX_BODY_BYTES, Problem};
use millrace_platform::crash_points::{self, ANSWER};
use millrace_platform::shutdown::{self, InFlight};
use millrace_platform::telemetry::TraceContext;

/// A request is answered within this time, whatever hangs: the function's own timeout (10 s) would end the whole
/// process and the other requests in it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// Serves until Lambda ends the process; `close` is awaited after SIGTERM, when no request is in flight.
///
/// # Errors
/// The runtime API does not answer.
pub async fn serve(router: Router, close: impl Future<Output = ()> + Send + 'static) -> Result<(), lambda_http::Error> {
    let router = with_rules(router);
    let in_flight = InFlight::default();
    shutdown::on_sigterm(in_flight.clone(), close);
    lambda_http::run_concurrent(lambda_http::service_fn(move |request| {
        let guard = in_flight.enter();
        let answer = answer(router.clone(), request);
        async move {
            let _guard = guard;
            let answer = answer.await;
            crash_points::before(ANSWER);
            answer
        }
    }))
    .await
}

/// One request. The body is gathered, since API Gateway takes it whole.
async fn answer(
    router: Router,
    request: lambda_http::Request,
) -> Result<http::Response<lambda_http::Body>, lambda_http::Error> {
    let (parts, body) = router.oneshot(request.map(axum::body::Body::new)).await?.into_parts();
    let body = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await?;
    // Every answer is text; binary would be sent in base64.
    let body = String::from_utf8(body.into()).map_or_else(|bytes| bytes.into_bytes().into(), lambda_http::Body::from);
    Ok(http::Response::from_parts(parts, body))
}

/// Largest answer, in bytes: a payload of Lambda holds 6 MB, and JSON in JSON grows.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// The router with the rules that hold for every API: 404 as problem+json, body limit, time limit, trace context.
pub fn with_rules(router: Router) -> Router {
    router
        .fallback(|| async { Problem::not_found("resource") })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(observe))
}

/// Who calls, as API Gateway's authorizer saw it; it scopes idempotency keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(pub String);

impl Default for Caller {
    fn default() -> Self {
        Self(ANONYMOUS.to_owned())
    }
}

/// Puts the caller and the trace context into the request, bounds its time and logs how it ended.
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
    let caller = caller(&request);
    request.extensions_mut().insert(trace);
    request.extensions_mut().insert(caller);
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

fn caller(request: &Request) -> Caller {
    use lambda_http::request::RequestContext;
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        return Caller::default();
    };
    let iam = context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
    let arn = iam.and_then(|iam| iam.user_arn.as_deref());
    Caller(arn.map_or(ANONYMOUS, principal).to_owned())
}

/// The role of an assumed role, without its session: the session changes with every task and every refresh, and a
/// retry has to be known as the same caller's.
fn principal(arn: &str) -> &str {
    match arn.rsplit_once('/') {
        Some((role, _session)) if arn.contains(":assumed-role/") => role,
        _ => arn,
    }
}

/// Whether the path names what the router would read. HTTP APIs may deliver it decoded, and then a `#`, `?` or `..`
/// that was part of a name would be taken for syntax.
fn is_plain(raw_path: &str) -> bool {
    !raw_path.contains(['#', '?', '\\']) && !raw_path.split('/').any(|segment| matches!(segment, "." | ".."))
}

/// The caller of a request without an authorizer (a local run).
const ANONYMOUS: &str = "anonymous";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_the_same_caller_in_every_session() {
        let session = |name: &str| format!("arn:aws:sts::000000000000:assumed-role/orders/{name}");
        assert_eq!(principal(&session("task-1")), principal(&session("task-2")));
        assert_ne!(principal("arn:aws:iam::000000000000:user/ann"), principal("arn:aws:iam::000000000000:user/bob"));
    }

    #[test]
    fn a_path_that_would_be_read_as_another_is_refused() {
        assert!(is_plain("/products/burger"));
        for path in ["/products/burger#x", "/products/burger?x", "/products/../health", "/products/\\x"] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
