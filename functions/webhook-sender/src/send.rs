//! Sends one request to a receiver.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use jiff::Timestamp;
use millrace_domain::timer::Secret;
use millrace_domain::webhook::guard::{Policy, Refusal, Resolve, Unreachable};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use url::Url;

use crate::attempt::Outcome;
use crate::connect::{self, ConnectError};
use crate::head::{self, Head, NoHead};
use crate::sign;

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
    #[error(transparent)]
    Answer(#[from] NoHead),
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
        let head = if url.scheme() == "https" {
            let tls = self.tls.get_or_init(connect::system_tls);
            exchange(connect::tls(tls, &url, stream).await?, &request).await?
        } else {
            exchange(stream, &request).await?
        };
        Ok(outcome(head))
    }
}

/// The request as it is sent.
fn request(url: &Url, message: &Message<'_>, now: Timestamp) -> Result<Vec<u8>, http::Error> {
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
    // Built by a library, which refuses what would break a line.
    let request = request.header(header::CONTENT_LENGTH, message.body.len()).body(())?;
    let mut bytes = format!("POST {} HTTP/1.1\r\n", request.uri()).into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&message.body);
    Ok(bytes)
}

/// Sends the request, and reads the head of the answer meanwhile: a receiver may answer and hang up before it has read
/// everything.
async fn exchange(stream: impl AsyncRead + AsyncWrite, request: &[u8]) -> Result<Head, NoHead> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let send = async {
        // If this fails, the answer does not come either.
        let _ = writer.write_all(request).await;
        let _ = writer.flush().await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        head = head::read(&mut reader) => head,
        never = send => match never {},
    }
}

fn outcome(head: Head) -> Outcome {
    let status = StatusCode::from_u16(head.status).ok();
    Outcome { status: Some(head.status), retry_after: head.retry_after, error: status.and_then(error) }
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
