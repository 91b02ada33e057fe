//! The local stack's AWS: one HTTP endpoint for DynamoDB, DynamoDB Streams, S3 and SES v2.
//!
//! Any credentials are accepted; signatures are not checked.

mod chunked;
mod dynamodb;
mod resources;
mod s3;
mod ses;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use futures::future::BoxFuture;
use http::StatusCode;
use local_faults::Faults;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

pub use local_aws_client::Access;
pub use resources::create_missing;
pub use ses::{Inbox, Mail};

/// Largest request body in bytes: DynamoDB's limit for a batch (16 MB). S3 clients split larger uploads into parts.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Maximum number of concurrent requests, each with its body in memory; further ones wait.
const MAX_REQUESTS: usize = 256;

/// Maximum wait for requests in flight when the endpoint stops.
const DRAIN: Duration = Duration::from_secs(1);

/// Maximum wait for a running DynamoDB operation when the endpoint stops.
const DATABASE_DRAIN: Duration = Duration::from_secs(2);

/// Settings of the endpoint.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port on 127.0.0.1 (`--aws-port`); 0 picks a free one.
    pub port: u16,
    /// Directory that keeps tables and objects across restarts (`--data`). If absent, tables are in memory and objects
    /// in a temporary directory. Mail is never kept.
    pub data: Option<PathBuf>,
    /// Faults injected into DynamoDB and SES.
    pub faults: Arc<Faults>,
}

/// Why the endpoint does not run, or a table or bucket could not be created.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port belongs to another program.
    #[error("port {0} is taken; choose another one with --aws-port (0 picks a free one)")]
    PortTaken(u16),
    /// The port cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("cannot keep data in {}: {reason}; choose another directory with --data", path.display())]
    Data {
        /// The requested directory.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// A table or bucket could not be looked up or created.
    #[error("cannot {action} at {endpoint}: {reason}")]
    Resource {
        /// What was attempted, with the name of the table or bucket.
        action: String,
        /// The endpoint called.
        endpoint: String,
        /// The cause.
        reason: String,
    },
}

/// The running endpoint.
pub struct AwsEndpoint {
    address: SocketAddr,
    services: Arc<Services>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

struct Services {
    slots: Semaphore,
    dynamodb: dynamodb::DynamoDb,
    s3: s3::S3,
    inbox: Arc<Inbox>,
    faults: Arc<Faults>,
}

impl AwsEndpoint {
    /// Opens the data and starts serving. Tables and buckets are created by [`create_missing`].
    ///
    /// # Errors
    /// The port is taken, or the data directory cannot be used.
    pub fn start(settings: Settings) -> BoxFuture<'static, Result<Self, Error>> {
        // Boxed so that the endpoint's code is compiled in this crate and not in every caller's.
        Box::pin(Self::open(settings))
    }

    async fn open(settings: Settings) -> Result<Self, Error> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, settings.port));
        let listener = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            std::io::ErrorKind::AddrInUse => Error::PortTaken(settings.port),
            _ => Error::Listen { address, source },
        })?;
        let address = listener.local_addr().map_err(|source| Error::Listen { address, source })?;
        let data = settings.data.as_deref();
        if let Some(path) = data {
            std::fs::create_dir_all(path).map_err(|error| unusable(path, error))?;
        }
        let services = Arc::new(Services {
            slots: Semaphore::new(MAX_REQUESTS),
            dynamodb: dynamodb::DynamoDb::open(data, settings.faults.clone())?,
            s3: s3::S3::open(data)?,
            inbox: Arc::default(),
            faults: settings.faults,
        });
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(serve(listener, services.clone(), stopped));
        Ok(Self { address, services, stop: Some(stop), server })
    }

    /// The bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The mail accepted by SES.
    pub fn inbox(&self) -> Arc<Inbox> {
        self.services.inbox.clone()
    }

    /// Finishes requests in flight within about three seconds, frees the port and closes the data.
    pub fn stop(self) -> BoxFuture<'static, ()> {
        Box::pin(self.close())
    }

    async fn close(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if tokio::time::timeout(DRAIN, &mut self.server).await.is_err() {
            self.server.abort();
            let _ = (&mut self.server).await;
        }
        self.services.dynamodb.stop(DATABASE_DRAIN).await;
    }
}

impl Drop for AwsEndpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn unusable(path: &Path, reason: impl ToString) -> Error {
    Error::Data { path: path.to_path_buf(), reason: reason.to_string() }
}

async fn serve(listener: TcpListener, services: Arc<Services>, stopped: oneshot::Receiver<()>) {
    // Without TCP_NODELAY, a small answer waits for the client's delayed ACK, about 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
    });
    let router = Router::new().fallback(dispatch).with_state(services);
    let served = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    if let Err(error) = served.await {
        tracing::error!(%error, "the AWS endpoint ended");
    }
}

/// Routes a request to its service: DynamoDB names its operation in a header, SES and Lambda have their own paths, and
/// every other path is S3's.
async fn dispatch(State(services): State<Arc<Services>>, request: Request) -> Response {
    let _slot = services.slots.acquire().await;
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "the request body is over 16 MB or ended early\n").into_response();
    };
    let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
    if let Some(operation) = target.and_then(dynamodb::operation) {
        return services.dynamodb.call(operation.to_owned(), body).await;
    }
    if head.uri.path().starts_with("/v2/email/") {
        return ses::call(&services.inbox, &services.faults, &head.method, head.uri.path(), &body);
    }
    services.s3.call(http::Request::from_parts(head, body)).await.map(Body::new)
}
