//! A streamed answer, from the function to its caller (Lambda developer guide, "Building a custom runtime", "Response
//! streaming"): chunks as they come, and errors at the end as trailers.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::errors;
use crate::invoke::{Outcome, Part};

/// Trailer with the type of an error at the end of a stream.
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// Forwards an answer until its end, or until nobody receives it any more: a client that is gone ends the invocation here. On
/// AWS it goes on, and costs, until the function ends by itself.
pub(super) async fn forward(mut body: Incoming, parts: &mpsc::Sender<Part>, http: bool) -> Outcome {
    let gone = Outcome::Success(Bytes::new());
    if parts.send(Part::Begin { http }).await.is_err() {
        return gone;
    }
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            () = parts.closed() => return gone,
        };
        match frame {
            None => return Outcome::Success(Bytes::new()),
            Some(Err(_)) => return Outcome::FunctionError(errors::stream_failed("Runtime.TruncatedResponse")),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    if parts.send(Part::Data(data)).await.is_err() {
                        return gone;
                    }
                }
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    if let Some(error) = trailers.get(ERROR_TYPE) {
                        return Outcome::FunctionError(errors::stream_failed(error.to_str().unwrap_or("Unknown")));
                    }
                }
            },
        }
    }
}
