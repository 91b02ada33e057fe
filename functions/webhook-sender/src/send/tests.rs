//! Tests the sender against hostile or broken receivers, and against names whose addresses change.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};
use millrace_platform::clock;
use standardwebhooks::Webhook;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const LIMIT: Duration = Duration::from_secs(10);

/// Returns these addresses one after the other, repeats the last one, and counts the look-ups.
struct Names {
    answers: Vec<&'static str>,
    asked: AtomicUsize,
}

impl Names {
    fn new(answers: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { answers: answers.to_vec(), asked: AtomicUsize::new(0) })
    }
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[asked.min(self.answers.len() - 1)];
        Box::pin(async move { Ok(vec![SocketAddr::new(answer.parse().unwrap(), port)]) })
    }
}

/// Accepts one request, responds with `answer`, and if `endless` continues until the sender hangs up. Returns its port,
/// and at the end the request and the number of bytes written.
async fn receiver(answer: &'static str, endless: bool) -> (u16, oneshot::Receiver<(String, usize)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (done, end) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        let mut bytes = [0; 4096];
        while !request.ends_with('}') {
            let read = stream.read(&mut bytes).await.unwrap();
            request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut written = answer.len();
        while endless && written < 64 * 1024 * 1024 {
            match stream.write(&[b'x'; 16 * 1024]).await {
                Ok(bytes) => written += bytes,
                Err(_) => break,
            }
        }
        let _ = done.send((request, written));
    });
    (port, end)
}

async fn send(names: &Arc<Names>, url: &str, limit: Duration) -> Outcome {
    let secret = Secret::try_from(SECRET.to_owned()).unwrap();
    let message = Message { url, id: "timer-1", body: Bytes::from_static(b"{\"a\":1}"), secret: Some(&secret) };
    Sender::new(Policy::local(), names.clone()).send(message, clock::now(), limit).await
}

/// The outcome for a receiver with this response, under a name that resolves to loopback.
async fn answered(answer: &'static str) -> Outcome {
    let (port, _end) = receiver(answer, false).await;
    send(&Names::new(&["127.0.0.1"]), &format!("http://receiver.test:{port}/"), LIMIT).await
}

#[tokio::test]
async fn a_receiver_gets_the_specified_request_and_can_verify_it() {
    let (port, end) = receiver("HTTP/1.1 204 No Content\r\n\r\n", false).await;
    let url = format!("http://receiver.test:{port}/hook/a%20b?c=d#e");
    let outcome = send(&Names::new(&["127.0.0.1"]), &url, LIMIT).await;
    assert_eq!(outcome, Outcome { status: Some(204), retry_after: None, error: None });
    let (request, _) = end.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST /hook/a%20b?c=d HTTP/1.1"));
    let headers: HeaderMap = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    assert_eq!(headers["host"], format!("receiver.test:{port}"));
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("Millrace-Webhook/"));
    assert_eq!(headers["webhook-id"], "timer-1");
    Webhook::new(SECRET).unwrap().verify(body.as_bytes(), &headers).unwrap();
}

#[tokio::test]
async fn a_redirect_to_the_metadata_service_is_a_failure_and_not_followed() {
    let names = Names::new(&["127.0.0.1"]);
    let (port, end) =
        receiver("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest/meta-data/\r\n\r\n", false).await;
    let outcome = send(&names, &format!("http://receiver.test:{port}/"), LIMIT).await;
    assert_eq!(outcome.status, Some(302));
    assert!(outcome.error.unwrap().contains("not followed"));
    end.await.unwrap();
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_the_judged_address_is_called() {
    let (port, end) = receiver("HTTP/1.1 200 OK\r\n\r\n", false).await;
    // A second look-up would lead to the metadata service.
    let names = Names::new(&["127.0.0.1", "169.254.169.254"]);
    let outcome = send(&names, &format!("http://rebinding.test:{port}/"), LIMIT).await;
    assert_eq!(outcome.status, Some(200));
    end.await.unwrap();
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    // The next attempt checks the address again.
    let outcome = send(&names, &format!("http://rebinding.test:{port}/"), LIMIT).await;
    assert_eq!(outcome.error.as_deref(), Some("the host has an address that is not public"));
}

#[tokio::test]
async fn a_name_with_a_private_address_is_never_connected_to() {
    for address in ["10.0.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"]
    {
        let started = Instant::now();
        let outcome = send(&Names::new(&[address]), "http://receiver.test:9/", LIMIT).await;
        assert_eq!(outcome.error.as_deref(), Some("the host has an address that is not public"), "{address}");
        assert!(started.elapsed() < Duration::from_secs(1), "it connected to {address}");
    }
    // When deployed, loopback is refused too.
    let message = Message { url: "https://receiver.test/", id: "t", body: Bytes::new(), secret: None };
    let sender = Sender::new(Policy::public(&[]), Names::new(&["127.0.0.1"]));
    let outcome = sender.send(message, clock::now(), LIMIT).await;
    assert_eq!(outcome.error.as_deref(), Some("the host has an address that is not public"));
}

#[tokio::test]
async fn an_answer_of_any_length_is_not_read() {
    let (port, end) = receiver("HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n", true).await;
    let outcome = send(&Names::new(&["127.0.0.1"]), &format!("http://receiver.test:{port}/"), LIMIT).await;
    assert_eq!(outcome.status, Some(200));
    let (_, written) = tokio::time::timeout(LIMIT, end).await.unwrap().unwrap();
    assert!(written < 32 * 1024 * 1024, "{written} bytes went out");
}

#[tokio::test]
async fn an_endless_head_is_no_answer() {
    let (port, _end) = receiver("HTTP/1.1 200 OK\r\nx: ", true).await;
    let outcome = send(&Names::new(&["127.0.0.1"]), &format!("http://receiver.test:{port}/"), LIMIT).await;
    assert_eq!(outcome.error.as_deref(), Some("the head of the answer is larger than 16384 bytes"));
}

#[tokio::test]
async fn a_status_counts_however_the_body_ends_and_nothing_else_does() {
    assert_eq!(answered("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.status, Some(200));
    let closed = answered("").await;
    assert_eq!(closed.error.as_deref(), Some("the connection ended before an answer"));
    assert!(answered("HTTP/1.1 200").await.status.is_none());
    let other = answered("SSH-2.0-OpenSSH_9.9\r\n\r\n").await;
    assert_eq!((other.status, other.error.as_deref()), (None, Some("the answer is not HTTP")));
    for odd in [
        "HTTP/1.1 200 OK\r\nx-folded: a\r\n b\r\n\r\n",
        "HTTP/1.0 200\nserver : old\nno colon\n\nbody",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
    ] {
        assert_eq!(answered(odd).await, Outcome { status: Some(200), retry_after: None, error: None }, "{odd}");
    }
    let busy = answered("HTTP/1.1 503 Service Unavailable\r\nretry-after: 120\r\n\r\n").await;
    assert_eq!((busy.status, busy.retry_after.as_deref()), (Some(503), Some("120")));
    assert_eq!(busy.error.as_deref(), Some("503 Service Unavailable"));
}

#[tokio::test]
async fn a_receiver_that_hangs_costs_the_limit_and_no_more() {
    let held = Arc::new(Mutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let keep = held.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            keep.lock().unwrap().push(stream);
        }
    });
    let limit = Duration::from_secs(1);
    let names = Names::new(&["127.0.0.1"]);
    for scheme in ["http", "https"] {
        let started = Instant::now();
        let outcome = send(&names, &format!("{scheme}://receiver.test:{port}/"), limit).await;
        assert_eq!(outcome.error.as_deref(), Some("no answer within 1 s"));
        assert!(started.elapsed() < limit * 3);
    }
}

#[tokio::test]
async fn what_is_no_tls_is_not_sent_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 4096];
        let read = stream.read(&mut bytes).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    });
    let outcome = send(&Names::new(&["127.0.0.1"]), &format!("https://receiver.test:{port}/"), LIMIT).await;
    assert!(outcome.error.unwrap().starts_with("no TLS connection"));
    let hello = received.await.unwrap();
    // The requested server name is the URL's host, not the address.
    assert!(hello.contains("receiver.test") && !hello.contains("webhook-id"));
}

/// A receiver with a certificate for `receiver.test`, signed by an authority that only the tests trust.
async fn tls_receiver() -> u16 {
    let certificate = CertificateDer::from(include_bytes!("tls/receiver.der").as_slice());
    let key = PrivatePkcs8KeyDer::from(include_bytes!("tls/receiver.key.der").as_slice());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key.into()).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert_eq!(stream.get_ref().1.server_name(), Some("receiver.test"));
            let _ = stream.read(&mut [0; 4096]).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn the_certificate_has_to_be_trusted_and_the_urls_hosts_whatever_its_address_is() {
    let port = tls_receiver().await;
    let call = async |host: &str, trusted: bool| {
        let url = format!("https://{host}:{port}/");
        let message = Message { url: &url, id: "t", body: Bytes::from_static(b"{}"), secret: None };
        let sender = Sender::new(Policy::local(), Names::new(&["127.0.0.1"]));
        if trusted {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(include_bytes!("tls/ca.der").as_slice())).unwrap();
            let _ = sender.tls.set(connect::trusting(roots));
        }
        sender.send(message, clock::now(), LIMIT).await
    };
    assert_eq!(call("receiver.test", true).await.status, Some(200));
    for (host, trusted) in [("other.test", true), ("127.0.0.1", true), ("receiver.test", false)] {
        let outcome = call(host, trusted).await;
        assert!(outcome.error.unwrap().starts_with("no TLS connection"), "{host} {trusted}");
    }
}
