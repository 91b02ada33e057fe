//! From a request to a stream, or to the reason why there is none.
//!
//! A function URL has no Lambda authorizer, so the function itself asks who calls, by the same code.

use std::time::Duration;

use axum::body::Body;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use jiff::Timestamp;
use lambda_http::RequestExt;
use millrace_access::Caller;
use millrace_api::Problem;
use millrace_api::access::direct;
use millrace_api::access::operations;
use millrace_authentication::{Deployed, Failure};
use millrace_platform::clock;
use millrace_platform::crash_points::{self, ANSWER};
use millrace_store::feed::Feed;
use tokio::sync::mpsc;
use tracing::Instrument;

use crate::asked::Asked;
use crate::pump::{End, Pump};

/// The path of the stream below the function's URL.
const PATH: &str = "/notifications/stream";

/// The operation of the HTTP API that gives the same, and so needs the same.
const POLL: &str = "/notifications";

/// A stream ends this long before Lambda would end it.
const BEFORE_TIMEOUT: Duration = Duration::from_secs(10);

/// And this long before its credential expires, in seconds.
const BEFORE_EXPIRY_SECONDS: i64 = 5;

/// Pieces that wait for a slow reader, of up to [`crate::pump::PIECE_BYTES`] and an entry each.
const PIECES: usize = 8;

/// What a stream needs.
pub struct Function {
    pub feed: Feed,
    /// None where callers are not known, and everything is open.
    pub authenticator: Option<Deployed>,
}

impl Function {
    pub async fn answer(&self, request: lambda_http::Request) -> Response<Body> {
        let context = request.lambda_context_ref();
        let id = context.map_or_else(String::new, |context| context.request_id.clone());
        let timeout = context.map_or_else(|| clock::now().into(), |context| context.deadline() - BEFORE_TIMEOUT);
        let span = tracing::info_span!("request", requestId = id);
        let answer = self.admitted(&request, clock::now()).instrument(span.clone()).await;
        let answer = match answer {
            Ok((asked, caller)) => {
                let end = end(Timestamp::try_from(timeout).unwrap_or_default(), caller.as_ref());
                span.in_scope(|| tracing::info!(after = asked.after, "streams"));
                stream(Pump::new(self.feed.clone(), asked, end), span)
            }
            Err(problem) => {
                span.in_scope(|| tracing::info!(status = problem.status().as_u16(), code = problem.code, "refused"));
                problem.into_response()
            }
        };
        crash_points::before(ANSWER);
        answer
    }

    /// What is asked, and who asks, if they may.
    async fn admitted(
        &self,
        request: &lambda_http::Request,
        now: Timestamp,
    ) -> Result<(Asked, Option<Caller>), Problem> {
        let query = request.uri().query().unwrap_or_default();
        direct::no_credential(query)?;
        if request.uri().path() != PATH {
            return Err(Problem::not_found("resource"));
        }
        if *request.method() != Method::GET {
            let problem =
                Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "the stream has GET alone");
            return Err(problem.header(header::ALLOW, HeaderValue::from_static("GET")));
        }
        let header = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let caller = match &self.authenticator {
            None => None,
            Some(authenticator) => {
                let second = now.as_second();
                let caller = authenticator.caller(header(header::AUTHORIZATION.as_str()), second).await;
                let caller = caller.map_err(|failure| match failure {
                    Failure::Refused(_) => direct::unauthenticated(),
                    Failure::Unavailable(_) => Problem::unavailable(),
                })?;
                let needed = operations::scopes(&Method::GET, POLL).unwrap_or_default();
                direct::admit(&caller, needed, second + BEFORE_EXPIRY_SECONDS)?;
                Some(caller)
            }
        };
        Ok((Asked::read(query, header("last-event-id"))?, caller))
    }
}

/// When a stream ends, and why: Lambda's timeout or the credential's expiry, whichever comes first.
fn end(timeout: Timestamp, caller: Option<&Caller>) -> End {
    let expiry = caller.and_then(|caller| Timestamp::from_second(caller.exp - BEFORE_EXPIRY_SECONDS).ok());
    match expiry.filter(|expiry| *expiry < timeout) {
        Some(at) => End { at, why: "token_expired" },
        None => End { at: timeout, why: "timeout" },
    }
}

fn stream(pump: Pump, span: tracing::Span) -> Response<Body> {
    let (sender, pieces) = mpsc::channel::<Bytes>(PIECES);
    tokio::spawn(pump.run(sender).instrument(span));
    let pieces = futures::stream::unfold(pieces, |mut pieces| async move {
        let piece = pieces.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(piece), pieces))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        // Nobody between may keep it, or wait for its end to compress it.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

#[cfg(test)]
mod tests {
    use millrace_access::{Kind, NO_EXPIRY, Scopes};

    use super::*;

    #[test]
    fn a_stream_ends_before_the_function_does_and_before_its_credential() {
        let timeout = Timestamp::from_second(1_000).unwrap();
        let caller = |exp| Caller {
            principal: "key:1".to_owned(),
            kind: Kind::Key,
            user: None,
            scopes: Scopes::default(),
            exp,
            key_id: Some("1".to_owned()),
            rate: None,
        };
        let ends = |caller: Option<Caller>| {
            let end = end(timeout, caller.as_ref());
            (end.at.as_second(), end.why)
        };
        assert_eq!(ends(None), (1_000, "timeout"));
        assert_eq!(ends(Some(caller(NO_EXPIRY))), (1_000, "timeout"));
        assert_eq!(ends(Some(caller(900))), (895, "token_expired"));
        assert_eq!(ends(Some(caller(1_005))), (1_000, "timeout"));
    }
}
