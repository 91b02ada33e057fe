//! An OpenID Connect issuer on this machine, for developing and testing what takes its tokens.
//!
//! It knows everybody and gives what is asked for: any user name, any client, any scope. Its signatures are real (ES256),
//! and so are discovery, key rotation and PKCE. It listens on loopback only.
//!
//! | route | what it does |
//! |---|---|
//! | `GET /.well-known/openid-configuration` | discovery (OpenID Connect Discovery 1.0) |
//! | `GET /jwks.json` | the public keys |
//! | `GET`, `POST /authorize` | a page that asks for a user name; leads back with a code (RFC 6749, 4.1, with PKCE, RFC 7636) |
//! | `POST /token` | `authorization_code` and `client_credentials`; `expires_in` may say for how many seconds, also negative |
//! | `POST /control/rotate?drop=` | signs with a new key from now on; the old ones are withdrawn with `drop=true` |
//! | `POST /control/down?seconds=` | discovery and keys answer 503 for this long |

mod authorize;
mod form;
mod grants;
mod keys;
mod routes;
mod token;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::routes::Shared;

/// A running issuer.
pub struct Issuer {
    url: String,
    stop: watch::Sender<bool>,
    served: JoinHandle<std::io::Result<()>>,
}

impl Issuer {
    /// Starts an issuer on a free port, whose tokens are for `audience`.
    ///
    /// # Errors
    /// There is no free port, or no randomness.
    pub async fn start(audience: &str) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let listener = listener.context("there is no free port for the issuer")?;
        let url = format!("http://{}", listener.local_addr().context("the issuer has no address")?);
        let shared = Arc::new(Shared::new(url.clone(), audience.to_owned())?);
        let (stop, mut stopped) = watch::channel(false);
        let router = routes::router(shared);
        let served = tokio::spawn(async move {
            let serve = axum::serve(listener, router);
            tokio::select! {
                ended = serve.into_future() => ended,
                // Nothing here is worth waiting for.
                () = async { let _ = stopped.wait_for(|stop| *stop).await; } => Ok(()),
            }
        });
        Ok(Self { url, stop, served })
    }

    /// Its URL, as in the claim `iss` of its tokens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.served.await;
    }
}
