//! Lambda's `Invoke` (API_Invoke), for functions that invoke functions; the functions themselves are the stack's.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::de::IgnoredAny;
use serde_json::json;

use crate::lambda::{Functions, Outcome, Refused};

/// What paths of this API start with.
const PREFIX: &str = "/2015-03-31/functions/";

/// The function that a request's path invokes: its name, ARN or partial ARN, with or without a qualifier.
pub(super) fn function(path: &str) -> Option<String> {
    let name = path.strip_prefix(PREFIX)?.strip_suffix("/invocations")?.replace("%3A", ":").replace("%3a", ":");
    let name = name.rsplit_once("function:").map_or(name.as_str(), |(_, name)| name);
    name.split(':').next().map(str::to_owned)
}

/// Answers one invocation.
pub(super) async fn call(
    functions: Option<&dyn Functions>,
    method: &Method,
    headers: &HeaderMap,
    function: &str,
    body: Bytes,
) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(functions) = functions.filter(|_| method == Method::POST) else {
        return refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", "the local Lambda only invokes");
    };
    let payload = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(&payload) {
        let message = format!("Could not parse request body into json: {error}");
        return refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", &message);
    }
    let missing = || {
        let message = format!("Function not found: {function}");
        refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message)
    };
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

/// Clients take the kind of error from the header and the text from the body.
fn refused(status: StatusCode, kind: &'static str, message: &str) -> Response {
    (status, [("x-amzn-errortype", kind)], axum::Json(json!({"message": message}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_by_its_name_or_arn() {
        for name in ["f", "f:live", "000000000000:function:f", "arn:aws:lambda:us-east-1:000000000000:function:f:1"] {
            let path = format!("{PREFIX}{}/invocations", name.replace(':', "%3A"));
            assert_eq!(function(&path).as_deref(), Some("f"), "{path}");
        }
        assert_eq!(function("/bucket/key"), None);
    }
}
