//! Reads the issuer's documents over HTTP.

use std::error::Error;
use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

/// Largest document, in bytes. Key sets have up to about 30 KB.
const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Time limit for connecting, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads documents. The caller limits the time.
pub trait Fetch: Send + Sync {
    /// The document at `url`, or why there is none.
    fn get(&self, url: &str) -> impl Future<Output = Result<Bytes, String>> + Send;
}

/// Reads by http and https, trusting the system's roots, and follows no redirect.
#[derive(Debug, Default)]
pub struct Https {
    /// Made at the first use: reading the system's roots takes milliseconds of a start.
    connector: OnceLock<SharedHttpConnector>,
}

impl Https {
    fn connector(&self) -> &SharedHttpConnector {
        self.connector.get_or_init(|| {
            let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
            let builder = Connector::builder().connector_settings(settings);
            SharedHttpConnector::new(builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build())
        })
    }
}

impl Fetch for Https {
    async fn get(&self, url: &str) -> Result<Bytes, String> {
        let request = http::Request::get(url).header(http::header::ACCEPT, "application/json").body(SdkBody::empty());
        let request = request.map_err(|error| error.to_string())?;
        let request = HttpRequest::try_from(request).map_err(|error| error.to_string())?;
        let response = self.connector().call(request).await.map_err(|error| innermost(&error))?;
        if response.status().as_u16() != 200 {
            return Err(format!("status {}", response.status().as_u16()));
        }
        let body = Limited::new(response.into_body(), MAX_DOCUMENT_BYTES).collect().await;
        Ok(body.map_err(|error| error.to_string())?.to_bytes())
    }
}

/// What went wrong in the end; the errors around it only say that something did.
fn innermost(error: &dyn Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// What is read of a server that gives these answers, one to each connection.
    async fn read(answers: Vec<String>) -> Vec<Result<Bytes, String>> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/.well-known/openid-configuration", listener.local_addr().unwrap());
        let count = answers.len();
        let server = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut asked = Vec::new();
                let mut chunk = [0; 4096];
                while !asked.ends_with(b"\r\n\r\n") {
                    let read = stream.read(&mut chunk).unwrap();
                    assert!(read > 0);
                    asked.extend_from_slice(chunk.get(..read).unwrap());
                }
                assert!(asked.starts_with(b"GET /.well-known/openid-configuration HTTP/1.1\r\n"));
                // The client hangs up when it has read enough.
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        let https = Https::default();
        let mut documents = Vec::new();
        for _ in 0..count {
            documents.push(https.get(&url).await);
        }
        server.join().unwrap();
        documents
    }

    #[tokio::test]
    async fn only_a_document_of_bounded_size_that_is_there_is_read() {
        let close = "connection: close\r\n";
        let large = "x".repeat(MAX_DOCUMENT_BYTES + 1);
        let answers = vec![
            format!("HTTP/1.1 200 OK\r\n{close}content-length: 2\r\n\r\n{{}}"),
            format!("HTTP/1.1 302 Found\r\n{close}location: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
            format!("HTTP/1.1 503 Busy\r\n{close}content-length: 0\r\n\r\n"),
            format!("HTTP/1.1 200 OK\r\n{close}\r\n{large}"),
        ];
        let documents = read(answers).await;
        assert_eq!(documents[0].as_deref(), Ok(b"{}".as_slice()));
        assert_eq!(documents[1], Err("status 302".to_owned()));
        assert_eq!(documents[2], Err("status 503".to_owned()));
        assert!(documents[3].is_err(), "{:?} bytes", documents[3].as_ref().map(Bytes::len));
        assert!(
            Https::default().get("http://127.0.0.1:1/").await.is_err()
                && Https::default().get("nowhere").await.is_err()
        );
    }
}
