//! The system's resolver.

use std::io;
use std::net::SocketAddr;

use futures::future::BoxFuture;

/// Resolves `host` to its addresses, each with `port`.
pub fn lookup(host: &str, port: u16) -> BoxFuture<'_, io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
}
