//! Connections to addresses that were judged before, and to no others. No proxy is asked, whatever the environment says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::{Host, Url};

/// Longest wait for one address of several.
const CONNECT: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No address took one.
    #[error("no connection: {0}")]
    Tcp(io::ErrorKind),
    /// The certificate is not the host's, or is not trusted, or it is no TLS.
    #[error("no TLS connection: {0}")]
    Tls(io::Error),
}

/// Connects to the first address that takes it.
pub async fn tcp(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    let mut kind = io::ErrorKind::NotFound;
    for address in addresses {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // The head and the body go out as two writes; without this the second one waits.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => kind = error.kind(),
            Err(_) => kind = io::ErrorKind::TimedOut,
        }
    }
    Err(ConnectError::Tcp(kind))
}

/// TLS for the host that the URL names, whichever address it has.
pub async fn tls(tls: &TlsConnector, url: &Url, stream: TcpStream) -> Result<TlsStream<TcpStream>, ConnectError> {
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.trim_end_matches('.').to_owned()).ok(),
        Some(Host::Ipv4(address)) => Some(ServerName::from(std::net::IpAddr::from(address))),
        Some(Host::Ipv6(address)) => Some(ServerName::from(std::net::IpAddr::from(address))),
        None => None,
    };
    let name = name.ok_or_else(|| ConnectError::Tls(io::Error::from(io::ErrorKind::InvalidInput)))?;
    tls.connect(name, stream).await.map_err(ConnectError::Tls)
}

/// TLS that trusts what the system trusts. Reading its store takes milliseconds, so this is for the first use.
pub fn system_tls() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a part of the system's certificates cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    trusting(roots)
}

/// TLS that trusts these roots.
pub fn trusting(roots: RootCertStore) -> TlsConnector {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    // Fails only for a provider without a cipher suite of these versions.
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.unwrap_or_else(|_| ClientConfig::builder());
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
