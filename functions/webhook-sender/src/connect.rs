//! Connects to addresses that were checked before, and to no others. Proxies are not used, whatever the environment
//! says.

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

/// Time limit for connecting to one of several addresses.
const CONNECT: Duration = Duration::from_secs(5);

/// Why connecting failed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No address accepted a connection.
    #[error("no connection: {0}")]
    Tcp(io::ErrorKind),
    /// The certificate is not valid for the host or not trusted, or the peer does not speak TLS.
    #[error("no TLS connection: {0}")]
    Tls(io::Error),
}

/// Connects to the first address that accepts a connection.
pub async fn tcp(addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
    let mut kind = io::ErrorKind::NotFound;
    for address in addresses {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Head and body are two writes; with Nagle's algorithm the second one would wait.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => kind = error.kind(),
            Err(_) => kind = io::ErrorKind::TimedOut,
        }
    }
    Err(ConnectError::Tcp(kind))
}

/// TLS for the host in the URL, whichever address it has.
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

/// A TLS client that trusts the system's roots. Reading them takes milliseconds, so it is created at first use.
pub fn system_tls() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a part of the system's certificates cannot be read");
    }
    roots.add_parsable_certificates(found.certs);
    trusting(roots)
}

/// A TLS client that trusts these roots.
pub fn trusting(roots: RootCertStore) -> TlsConnector {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    // Fails only for a provider without a cipher suite for these versions.
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.unwrap_or_else(|_| ClientConfig::builder());
    TlsConnector::from(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
