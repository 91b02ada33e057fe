//! The Lambda Runtime API of one process (Lambda developer guide, "Using the Lambda runtime API for custom runtimes",
//! version 2018-06-01).

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::in_flight::Delivery;
use super::instance::Instance;
use super::{errors, stream};
use crate::invoke::Outcome;

const PREFIX: &str = "/2018-06-01/runtime/";
/// Maximum number of open connections of one process; it needs one per invocation.
const MAX_CONNECTIONS: usize = 1024;
/// Maximum size of an error report, in bytes.
const MAX_ERROR: usize = 256 * 1024;

/// Header by which a runtime says that it streams its answer.
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";
/// Content type of an answer that begins with its status and headers.
const HTTP_INTEGRATION: &str = "application/vnd.awslambda.http-integration-response";

type Answer = Response<Full<Bytes>>;

/// Serves the process until the task is dropped, which cuts every connection.
pub(super) async fn serve(listener: TcpListener, instance: Arc<Instance>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => {
                let Ok((stream, _)) = accepted else {
                    // Most likely out of file descriptors: some may become free with time.
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                };
                // Without it, an answer in two writes waits for the client's delayed ACK.
                let _ = stream.set_nodelay(true);
                let instance = instance.clone();
                let service = hyper::service::service_fn(move |request| {
                    let instance = instance.clone();
                    async move { Ok::<_, Infallible>(answer(&instance, request).await) }
                });
                connections.spawn(async move {
                    // A broken connection means that the process has ended, which is noticed by waiting for it.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .timer(TokioTimer::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer(instance: &Instance, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    let Some(path) = path.strip_prefix(PREFIX) else { return not_found() };
    let parts: Vec<&str> = path.split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => {
            instance.polled();
            let delivery = instance.in_flight.next().await;
            next(delivery, instance.arn())
        }
        (&Method::POST, ["invocation", id, "response"]) => response(instance, id, request).await,
        (&Method::POST, ["invocation", id, "error"]) => error(instance, id, request.into_body()).await,
        (&Method::POST, ["init", "error"]) => {
            if let Ok(body) = read(request.into_body(), MAX_ERROR).await {
                instance.init_failed(body);
            }
            accepted()
        }
        // SnapStart: nothing is restored here.
        (&Method::GET, ["restore", "next"]) => pending().await,
        _ => not_found(),
    }
}

fn next(delivery: Delivery, arn: &str) -> Answer {
    let response = Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", delivery.id)
        .header("lambda-runtime-deadline-ms", delivery.deadline_ms.to_string())
        .header("lambda-runtime-invoked-function-arn", arn)
        .header("lambda-runtime-trace-id", delivery.trace)
        .body(Full::new(delivery.payload));
    response.unwrap_or_else(|_| message(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "bad header"))
}

/// Accepts an answer. A streamed one is forwarded as it comes if its caller can take it, and else buffered like any other.
async fn response(instance: &Instance, id: &str, request: Request<Incoming>) -> Answer {
    if !instance.in_flight.has(id) {
        return invalid_request_id();
    }
    let (head, body) = request.into_parts();
    let streams = head.headers.get(RESPONSE_MODE).is_some_and(|mode| mode == "streaming");
    if let Some(parts) = instance.in_flight.parts(id).filter(|_| streams) {
        let http = head.headers.get(http::header::CONTENT_TYPE).is_some_and(|kind| kind == HTTP_INTEGRATION);
        let outcome = stream::forward(body, &parts, http).await;
        // What its caller has received is complete before it learns of the end.
        drop(parts);
        return end(instance, id, outcome);
    }
    match read(body, errors::MAX_RESPONSE).await {
        Ok(body) => end(instance, id, Outcome::Success(body)),
        Err(Unread::TooLarge) => {
            end(instance, id, Outcome::FunctionError(errors::response_too_large()));
            message(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "Exceeded maximum allowed payload size")
        }
        // The connection broke; the process may resend the answer, or its end ends the invocation.
        Err(Unread::Broken) => message(StatusCode::BAD_REQUEST, "BadRequest", "the body ended early"),
    }
}

async fn error(instance: &Instance, id: &str, body: Incoming) -> Answer {
    if !instance.in_flight.has(id) {
        return invalid_request_id();
    }
    match read(body, MAX_ERROR).await {
        Ok(body) => end(instance, id, Outcome::FunctionError(body)),
        Err(Unread::TooLarge) => end(instance, id, Outcome::FunctionError(errors::response_too_large())),
        Err(Unread::Broken) => message(StatusCode::BAD_REQUEST, "BadRequest", "the body ended early"),
    }
}

fn end(instance: &Instance, id: &str, outcome: Outcome) -> Answer {
    if instance.in_flight.end(id, outcome) { accepted() } else { invalid_request_id() }
}

enum Unread {
    TooLarge,
    Broken,
}

/// Reads a body up to a limit in bytes. Bytes over the limit are read too, and dropped: answering before the client has
/// written everything breaks its connection. The invocation's deadline bounds how long that takes.
async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    let mut whole = BytesMut::new();
    let mut size = 0usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size <= limit {
            whole.extend_from_slice(&data);
        } else {
            whole = BytesMut::new();
        }
    }
    if size > limit { Err(Unread::TooLarge) } else { Ok(whole.freeze()) }
}

fn accepted() -> Answer {
    json(StatusCode::ACCEPTED, serde_json::json!({ "status": "OK" }))
}

fn invalid_request_id() -> Answer {
    message(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
}

fn not_found() -> Answer {
    message(StatusCode::NOT_FOUND, "NotFound", "no such runtime API path")
}

fn message(status: StatusCode, error_type: &str, text: &str) -> Answer {
    json(status, serde_json::json!({ "errorType": error_type, "errorMessage": text }))
}

fn json(status: StatusCode, body: serde_json::Value) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
