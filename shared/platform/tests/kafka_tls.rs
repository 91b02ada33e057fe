//! A login and a private CA, against brokers that speak TLS and the beginning of Kafka's protocol.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops at what should not be")]

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millrace_platform::kafka::{Auth, Kafka, KafkaSettings, PublishError, Publisher, Record};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

/// How long something that has to happen may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client tries what cannot succeed.
const TRIES: Duration = Duration::from_secs(2);
const PASSWORD: &str = "hunter2";

type Ca = CertifiedIssuer<'static, KeyPair>;

fn ca() -> Ca {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

/// The secret that names a CA.
fn secret_of(ca: &Ca) -> String {
    let certificate = STANDARD.encode(ca.der());
    json!({"certificate": format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n")})
        .to_string()
}

/// A broker on this machine under `name`, whose certificate is from `ca`: its port, and what clients log in with, which is
/// a mechanism and the bytes that follow.
async fn broker(ca: &Ca, name: &str) -> (u16, UnboundedReceiver<(String, Vec<u8>)>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, ca).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    let (tls, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = tls.accept(stream).await {
                login(stream, &tell).await;
            }
        }
    });
    (port, told)
}

/// A client's login: `SaslHandshake` v1 and `SaslAuthenticate` v1. What follows is not answered.
async fn login(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    tell: &UnboundedSender<(String, Vec<u8>)>,
) -> Option<()> {
    let (correlation, body) = request(&mut stream, 17).await?;
    let mechanism = String::from_utf8(body[2..].to_vec()).ok()?;
    let (length, name) = (i16::try_from(mechanism.len()).ok()?, mechanism.as_bytes());
    let answer = [&correlation[..], &[0, 0], &1_i32.to_be_bytes(), &length.to_be_bytes(), name].concat();
    answered(&mut stream, &answer).await?;
    let (correlation, body) = request(&mut stream, 36).await?;
    // No error, no message, no bytes, no end of the session.
    answered(&mut stream, &[&correlation[..], &[0, 0], &[255, 255], &[0; 4], &[0; 8]].concat()).await?;
    tell.send((mechanism, body[4..].to_vec())).ok()
}

/// The correlation id and the body of a request of this kind.
async fn request(stream: &mut (impl AsyncRead + Unpin), kind: u16) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut frame = vec![0; stream.read_u32().await.ok()?.min(65_536) as usize];
    stream.read_exact(&mut frame).await.ok()?;
    assert_eq!(frame[..2], kind.to_be_bytes(), "another request comes first");
    let client = usize::from(u16::from_be_bytes([frame[8], frame[9]]));
    Some((frame[4..8].to_vec(), frame[10 + client..].to_vec()))
}

async fn answered(stream: &mut (impl AsyncWrite + Unpin), answer: &[u8]) -> Option<()> {
    stream.write_u32(u32::try_from(answer.len()).ok()?).await.ok()?;
    stream.write_all(answer).await.ok()?;
    stream.flush().await.ok()
}

/// A client as the settings of a function make it; without a CA it trusts the public ones.
async fn client(mode: &str, port: u16, ca: Option<&Ca>) -> Kafka {
    let lookup = |name: &str| match name {
        "KAFKA_BOOTSTRAP_SERVERS" => Some(format!("localhost:{port}")),
        "KAFKA_AUTH" => Some(mode.to_owned()),
        "KAFKA_SECRET_ARN" => Some("login".to_owned()),
        "KAFKA_CA_SECRET_ARN" => ca.map(|_| "ca".to_owned()),
        _ => None,
    };
    let fetch = async |name: String| match name.as_str() {
        "login" => Ok(json!({"username": "till", "password": PASSWORD}).to_string()),
        _ => Ok(secret_of(ca.unwrap())),
    };
    let settings = KafkaSettings::read(lookup, fetch).await.unwrap();
    assert!(matches!(settings.auth, Auth::Plain(_) | Auth::Scram(_)));
    Kafka::new(settings)
}

async fn produced(kafka: &Kafka, within: Duration) -> Option<PublishError> {
    kafka.publish(Record::event("t", "k".to_owned(), "{}", None), within).await.err()
}

#[tokio::test]
async fn a_login_reaches_the_broker_that_the_ca_vouches_for() {
    let ca = ca();
    let (port, mut told) = broker(&ca, "localhost").await;
    for (mode, mechanism, begin) in
        [("plain", "PLAIN", "\0till\0hunter2".as_bytes()), ("scram", "SCRAM-SHA-512", b"n,,n=till,r=")]
    {
        let kafka = client(mode, port, Some(&ca)).await;
        let (said, bytes) = tokio::select! {
            heard = told.recv() => heard.unwrap(),
            refused = produced(&kafka, PATIENCE) => panic!("{mode}: {refused:?}"),
        };
        assert_eq!(said, mechanism);
        assert!(bytes.starts_with(begin), "{mode}: {bytes:?}");
        assert!(mode == "plain" || !bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()));
    }
}

#[tokio::test]
async fn no_login_is_told_to_a_broker_that_the_ca_does_not_vouch_for_and_the_error_says_why() {
    let (trusted, other) = (ca(), ca());
    for (signer, name, trust) in [
        (&other, "localhost", Some(&trusted)),
        (&trusted, "elsewhere.example", Some(&trusted)),
        (&trusted, "localhost", None),
    ] {
        let (port, mut told) = broker(signer, name).await;
        let kafka = client("plain", port, trust).await;
        let error = produced(&kafka, TRIES).await.unwrap().to_string();
        assert!(error.contains("invalid peer certificate"), "{name}: {error}");
        assert!(told.try_recv().is_err(), "{name}: it has logged in");
    }
}

#[tokio::test]
async fn a_broker_without_tls_is_told_no_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, mut told) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut heard = Vec::new();
            // What a broker without TLS says to a request that it does not understand: nothing, and it hangs up.
            let _ = stream.read_buf(&mut heard).await;
            tell.send(heard).unwrap();
        }
    });
    for mode in ["plain", "scram"] {
        let kafka = client(mode, port, Some(&ca())).await;
        assert!(produced(&kafka, TRIES).await.is_some(), "{mode}");
        let mut connections = 0;
        while let Ok(heard) = told.try_recv() {
            connections += 1;
            // A TLS handshake: content type 22, version 3.x (RFC 8446, 5.1).
            assert!(heard.is_empty() || heard.starts_with(&[22, 3]), "{mode}: {heard:?}");
            assert!(!heard.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()), "{mode}");
        }
        assert!(connections > 0, "{mode}: nobody came");
    }
}
