//! The embedded broker: nisshi, in memory or on SQLite.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use nisshi_broker::broker::Broker as Nisshi;
use nisshi_broker::coordinator::group::administrator::GroupCoordinatorConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::proxy::Proxy;
use super::{Broker, Error};
use crate::faults::Faults;

/// Identity of the one broker. SQLite keeps topics by cluster, so it must not change.
const CLUSTER: &str = "millrace-local";
const NODE: i32 = 1;

/// Name of the database in the data directory.
const DATABASE: &str = "kafka.db";

/// Longest wait for the broker to take connections. It needs milliseconds, and more on a busy machine's first use
/// of a database.
const START_TIMEOUT: Duration = Duration::from_secs(20);
const START_POLL: Duration = Duration::from_millis(5);

/// How often another internal port is tried when one was taken between its choice and its use.
const PORT_ATTEMPTS: usize = 5;

/// Kafka waits 3 s for further members of a new group; on a laptop that is only delay.
const REBALANCE_DELAY: Duration = Duration::from_millis(50);

/// The broker and the proxy in front of it.
pub(super) struct Embedded {
    bootstrap_servers: String,
    proxy: Proxy,
    server: Server,
}

impl Embedded {
    /// Starts the broker on an internal port and the proxy on `port`.
    pub(super) async fn start(port: u16, data: Option<PathBuf>, faults: Arc<Faults>) -> Result<Self, Error> {
        let storage = match &data {
            Some(directory) => sqlite_url(directory)?,
            None => url("memory://millrace/")?,
        };
        let listener = listen(port).await?;
        let address = listener.local_addr().map_err(|error| Error::Start(error.to_string()))?;
        let (server, internal) = Server::start(&storage, address).await?;
        let proxy = Proxy::start(listener, internal, faults);
        Ok(Self { bootstrap_servers: address.to_string(), proxy, server })
    }
}

impl Broker for Embedded {
    fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    fn stop(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.proxy.stop().await;
            self.server.stop().await;
        })
    }
}

/// The broker's task. Dropping its future drops the listener, every connection and the storage.
struct Server {
    task: JoinHandle<nisshi_broker::Result<()>>,
}

impl Server {
    /// Starts the broker and waits until it takes connections; answers its internal address.
    async fn start(storage: &Url, advertised: SocketAddr) -> Result<(Self, SocketAddr), Error> {
        let mut reason = String::new();
        for _ in 0..PORT_ATTEMPTS {
            // The broker does not tell the port that it got for port 0, so a free one is chosen for it.
            let internal = free_address().await?;
            let mut broker = broker(storage, internal, advertised).await?;
            let started = Instant::now();
            let task = tokio::spawn(async move {
                broker.serve(started).await.inspect_err(|error| tracing::error!(%error, "the Kafka broker ended"))
            });
            let mut server = Self { task };
            match server.ready(internal, started).await {
                Ok(()) => return Ok((server, internal)),
                Err(error) => reason = error,
            }
        }
        Err(Error::Start(reason))
    }

    async fn ready(&mut self, internal: SocketAddr, started: Instant) -> Result<(), String> {
        loop {
            if self.task.is_finished() {
                return Err(match (&mut self.task).await {
                    Ok(Ok(())) => "it ended at once".into(),
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                });
            }
            if TcpStream::connect(internal).await.is_ok() {
                return Ok(());
            }
            if started.elapsed() > START_TIMEOUT {
                return Err(format!("it took no connection for {} s", START_TIMEOUT.as_secs()));
            }
            tokio::time::sleep(START_POLL).await;
        }
    }

    async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Storage = nisshi_storage::ArcDynStorage;
type Groups = nisshi_broker::coordinator::group::administrator::Controller<Storage>;

async fn broker(storage: &Url, internal: SocketAddr, advertised: SocketAddr) -> Result<Nisshi<Groups, Storage>, Error> {
    let groups = GroupCoordinatorConfig { initial_rebalance_delay: REBALANCE_DELAY, ..Default::default() };
    Nisshi::<Groups, Storage>::builder()
        .node_id(NODE)
        .cluster_id(CLUSTER)
        .incarnation_id(Uuid::new_v4())
        .listener(url(&format!("tcp://{internal}"))?)
        .advertised_listener(url(&format!("tcp://{advertised}"))?)
        .storage(storage.clone())
        .silent(true)
        .group_coordinator(groups)
        .build()
        .await
        .map_err(|error| Error::Start(error.to_string()))
}

async fn listen(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => Error::PortTaken(port),
        _ => Error::Listen { address, source },
    })
}

async fn free_address() -> Result<SocketAddr, Error> {
    let listener = listen(0).await?;
    listener.local_addr().map_err(|error| Error::Start(error.to_string()))
}

fn url(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| Error::Start(format!("{text}: {error}")))
}

/// The storage URL of the database in `directory`, which is made when absent.
///
/// nisshi joins the URL's path, less one slash, to the current directory, and does not decode it. So a path below the
/// current directory is given relative to it, and any other one with a slash more, which makes it absolute.
fn sqlite_url(directory: &Path) -> Result<Url, Error> {
    let unusable = |reason: String| Error::Data { path: directory.to_path_buf(), reason };
    std::fs::create_dir_all(directory).map_err(|error| unusable(error.to_string()))?;
    let database = directory.canonicalize().map_err(|error| unusable(error.to_string()))?.join(DATABASE);
    let current = std::env::current_dir().and_then(|path| path.canonicalize());
    let path = match &current {
        Ok(current) => database.strip_prefix(current).unwrap_or(&database),
        Err(_) => &database,
    };
    let text = path.to_str().ok_or_else(|| unusable("its name is not UTF-8".into()))?;
    let url = url(&format!("sqlite:///{text}"))?;
    if url.path().strip_prefix('/') != Some(text) {
        return Err(unusable("the embedded broker takes no spaces or special characters in the path".into()));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_that_the_broker_would_misread_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let good = sqlite_url(&root.path().join("data")).unwrap();
        assert!(good.path().ends_with("/data/kafka.db"), "{good}");
        assert!(good.path().starts_with("//"), "an absolute path keeps its own slash: {good}");
        let error = sqlite_url(&root.path().join("my data#1")).unwrap_err();
        assert!(error.to_string().contains("--data"), "{error}");
    }
}
