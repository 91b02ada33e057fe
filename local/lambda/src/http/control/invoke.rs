//! Lambda's `Invoke` (API_Invoke), for functions that invoke functions. It is here and not with the other AWS services,
//! because the functions run in this stack even if `--aws-endpoint` names another endpoint.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::IgnoredAny;
use serde_json::json;

use super::state::Control;
use crate::functions::Refused;
use crate::invoke::Outcome;

/// Path below `/_local` that acts as Lambda's endpoint.
pub const ENDPOINT: &str = "/lambda";

/// Lambda's path below [`ENDPOINT`].
pub(super) const ROUTE: &str = "/lambda/2015-03-31/functions/{function}/invocations";

/// Largest body, in bytes (Lambda quota of a synchronous invocation: 6 MB).
const MAX_BODY: usize = 6 * 1024 * 1024;

/// The handlers of [`ROUTE`].
pub(super) fn route() -> MethodRouter<Control> {
    post(invoke).layer(DefaultBodyLimit::max(MAX_BODY))
}

/// The function that a request's path invokes: its name, ARN or partial ARN, with or without a qualifier.
fn name(path: &str) -> &str {
    let name = path.rsplit_once("function:").map_or(path, |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}

async fn invoke(
    State(control): State<Control>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (functions, function) = (&control.queue, name(&function));
    let payload = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(&payload) {
        let message = format!("Could not parse request body into json: {error}");
        return refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &message);
    }
    let missing = || {
        let message = format!("Function not found: {function}");
        refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message)
    };
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match header("x-amz-invocation-type").unwrap_or("RequestResponse") {
        "Event" => match functions.accept(function, payload) {
            Ok(()) => StatusCode::ACCEPTED.into_response(),
            Err(Refused::UnknownFunction) => missing(),
            Err(Refused::TooLarge) => {
                refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", "the payload is over 1 MB")
            }
            Err(Refused::TooMany) => throttled(),
        },
        "RequestResponse" => match functions.call(function, payload).await {
            None => missing(),
            Some(Outcome::Success(answer)) => answer.into_response(),
            Some(Outcome::FunctionError(error)) => {
                ([("x-amz-function-error", "Unhandled")], Body::from(error)).into_response()
            }
            Some(Outcome::Throttled) => throttled(),
        },
        other => {
            let message = format!("the local Lambda does not know the invocation type {other}");
            refused(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message)
        }
    }
}

fn throttled() -> Response {
    refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate Exceeded.")
}

/// Clients read the kind of error from the header and the message from the body.
fn refused(status: StatusCode, kind: &'static str, message: &str) -> Response {
    (status, [("x-amzn-errortype", kind)], axum::Json(json!({"message": message}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_name_or_arn() {
        for path in ["f", "f:live", "000000000000:function:f", "arn:aws:lambda:us-east-1:000000000000:function:f:1"] {
            assert_eq!(name(path), "f", "{path}");
        }
    }
}
