//! Hands a streamed answer on to the client, chunk by chunk.

use std::io;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::prelude::Prelude;
use super::{Refusal, buffered};
use crate::functions::Supervisor;
use crate::invoke::{Outcome, Part};

/// Parts that wait for a slow client. Beyond them the function waits.
const PARTS: usize = 16;

/// The answer of a function that may stream.
pub async fn answer(supervisor: &Supervisor, function: &str, payload: Bytes) -> Result<Response, Refusal> {
    let (sender, mut parts) = mpsc::channel(PARTS);
    let (supervisor, name) = (supervisor.clone(), function.to_owned());
    let outcome = tokio::spawn(async move { supervisor.stream(&name, payload, sender).await });
    let Some(Part::Begin { http }) = parts.recv().await else {
        return buffered(outcome.await.unwrap_or(Outcome::Throttled), function);
    };
    let mut response = Response::new(Body::empty());
    let mut first = Bytes::new();
    if http {
        let mut prelude = Prelude::default();
        let head = loop {
            let Some(Part::Data(data)) = parts.recv().await else {
                tracing::warn!(function, "the answer ended before its headers");
                return Err(Refusal::FunctionFailed);
            };
            match prelude.push(&data) {
                Ok(Some(head)) => break head,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(function, "{error}");
                    return Err(Refusal::FunctionFailed);
                }
            }
        };
        (*response.status_mut(), *response.headers_mut(), first) = head;
    } else {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    }
    *response.body_mut() = body(first, parts, outcome);
    Ok(response)
}

/// The rest of an answer. If the function fails, the connection breaks, so that the client does not take it for complete.
fn body(first: Bytes, parts: mpsc::Receiver<Part>, outcome: JoinHandle<Outcome>) -> Body {
    let state = (Some(first).filter(|first| !first.is_empty()), Some((parts, outcome)));
    Body::from_stream(futures::stream::unfold(state, |(first, rest)| async move {
        if let Some(first) = first {
            return Some((Ok(first), (None, rest)));
        }
        let (mut parts, outcome) = rest?;
        loop {
            match parts.recv().await {
                Some(Part::Data(data)) => return Some((Ok(data), (None, Some((parts, outcome))))),
                Some(Part::Begin { .. }) => {}
                None => break,
            }
        }
        match outcome.await {
            Ok(Outcome::Success(_)) => None,
            _ => Some((Err(io::Error::other("the function failed while it streamed")), (None, None))),
        }
    }))
}
