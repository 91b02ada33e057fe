//! Sends one request to a receiver.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::sign;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use millrace_domain::timer::Secret;
use millrace_domain::webhook::guard::{Policy, Refusal, Resolve, Unreachable};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::attempt::Outcome;
use crate::connect::{self, ConnectError};

/// Most bytes of a response that are buffered: its head has to fit. The body is not read.
const MAX_HEAD: usize = 16 * 1024;

/// Most header fields of a response.
const MAX_FIELDS: usize = 100;

/// Longest `Retry-After` that is parsed, in bytes.
const MAX_RETRY_AFTER: usize = 64;

/// The webhook to send.
pub struct Message<'a> {
    pub url: &'a str,
    /// The webhook id, the same on every attempt.
    pub id: &'a str,
    pub body: Bytes,
    pub secret: Option<&'a Secret>,
}

/// Sends requests, each over its own connection.
pub struct Sender {
    policy: Policy,
    resolver: Arc<dyn Resolve>,
    tls: OnceLock<TlsConnector>,
}

/// Why there was no response.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the request cannot be built")]
    Request(#[from] http::Error),
    #[error("{}", no_answer(.0))]
    Answer(#[from] hyper::Error),
}

fn no_answer(error: &hyper::Error) -> String {
    if error.is_parse() || error.is_parse_too_large() {
        "the answer is not HTTP, or its head is too large".to_owned()
    } else {
        "the connection ended before an answer".to_owned()
    }
}

impl Sender {
    /// A sender for URLs that `policy` allows.
    pub fn new(policy: Policy, resolver: Arc<dyn Resolve>) -> Self {
        Self { policy, resolver, tls: OnceLock::new() }
    }

    /// Sends a message, signed at `now`, and waits at most `limit` for the head of the response. Never follows a
    /// redirect.
    pub async fn send(&self, message: Message<'_>, now: Timestamp, limit: Duration) -> Outcome {
        let error = match tokio::time::timeout(limit, self.try_send(message, now)).await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", limit.as_secs()),
        };
        Outcome { status: None, retry_after: None, error: Some(error) }
    }

    async fn try_send(&self, message: Message<'_>, now: Timestamp) -> Result<Outcome, SendError> {
        let url = self.policy.judge_url(message.url)?;
        let request = request(&url, &message, now)?;
        let addresses = self.policy.reach(&url, &*self.resolver).await?;
        let stream = connect::tcp(&addresses).await?;
        if url.scheme() != "https" {
            return exchange(TokioIo::new(stream), request).await;
        }
        let tls = self.tls.get_or_init(connect::system_tls);
        exchange(TokioIo::new(connect::tls(tls, &url, stream).await?), request).await
    }
}

fn request(url: &Url, message: &Message<'_>, now: Timestamp) -> Result<Request<Full<Bytes>>, http::Error> {
    let host = match (url.host_str().unwrap_or_default(), url.port()) {
        (host, Some(port)) => format!("{host}:{port}"),
        (host, None) => host.to_owned(),
    };
    let path = &url[url::Position::BeforePath..];
    let seconds = now.as_second();
    let request = Request::post(path)
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("Millrace-Webhook/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .header(sign::ID, message.id)
        .header(sign::TIMESTAMP, seconds);
    let request = match message.secret {
        Some(secret) => request.header(sign::SIGNATURE, sign::signature(secret, message.id, seconds, &message.body)),
        None => request,
    };
    request.body(Full::new(message.body.clone()))
}

async fn exchange<T>(io: TokioIo<T>, request: Request<Full<Bytes>>) -> Result<Outcome, SendError>
where
    TokioIo<T>: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD).max_headers(MAX_FIELDS).handshake(io).await?;
    // Dropped, and so aborted, when this function ends or times out.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    Ok(outcome(&sender.send_request(request).await?))
}

fn outcome(answer: &http::Response<Incoming>) -> Outcome {
    let status = answer.status();
    let retry_after = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.filter(|value| value.len() <= MAX_RETRY_AFTER).map(str::to_owned);
    Outcome { status: Some(status.as_u16()), retry_after, error: error(status) }
}

fn error(status: StatusCode) -> Option<String> {
    if status.is_success() {
        None
    } else if status.is_redirection() {
        Some(format!("{status}: redirects are not followed"))
    } else {
        Some(status.to_string())
    }
}

#[cfg(test)]
mod tests;
