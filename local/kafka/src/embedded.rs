//! The embedded broker: nisshi, in memory or on SQLite, behind a listener that can be down.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use local_faults::{Faults, Kind};
use nisshi_broker::coordinator::group::administrator::{Controller, GroupCoordinatorConfig};
use nisshi_storage::{BrokerRegistrationRequest, Storage, StorageContainer};
use rama::Service;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;
use url::Url;
use uuid::Uuid;

use super::log::{Arrivals, Log};
use super::services::services;
use super::{Broker, Error};

/// Cluster id of the broker. SQLite stores topics by cluster, so it must not change.
const CLUSTER: &str = "millrace-local";
const NODE: i32 = 1;

/// File name of the database in the data directory.
const DATABASE: &str = "kafka.db";

/// Kafka waits 3 s for further members of a new group; on a laptop that would only be delay.
const REBALANCE_DELAY: Duration = Duration::from_millis(50);

/// How often the fault is checked, and so the maximum time that an open connection survives its start.
const FAULT_INTERVAL: Duration = Duration::from_millis(50);

/// How often the storage ends timed-out transactions (here), and how often it deletes records past their topic's
/// retention (below); nisshi's own broker does both.
const TRANSACTIONS_INTERVAL: Duration = Duration::from_secs(10);
const RETENTION_INTERVAL: Duration = Duration::from_mins(10);

/// Maximum number of open connections; a further one is closed at once.
const MAX_CONNECTIONS: usize = 2_048;

/// Pause after a failed `accept`, which means that file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The broker's task; it ends when it is stopped or dropped.
pub(super) struct Embedded {
    bootstrap_servers: String,
    arrivals: Arrivals,
    task: JoinHandle<()>,
}

impl Embedded {
    /// Starts the broker on `port`. It accepts no connections while `Kind::KafkaDown` is active.
    pub(super) async fn start(port: u16, data: Option<PathBuf>, faults: Arc<Faults>) -> Result<Self, Error> {
        let url = match &data {
            Some(directory) => sqlite_url(directory)?,
            None => url("memory://millrace/")?,
        };
        let listener = listen(port).await?;
        let address = listener.local_addr().map_err(|error| Error::Start(error.to_string()))?;
        let log = open(url, address).await.map_err(|error| Error::Start(error.to_string()))?;
        let arrivals = log.arrivals();
        let task = tokio::spawn(run(listener, log, faults));
        Ok(Self { bootstrap_servers: address.to_string(), arrivals, task })
    }
}

impl Broker for Embedded {
    fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    fn arrivals(&self) -> Option<Arrivals> {
        Some(self.arrivals.clone())
    }

    fn stop(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.task.abort();
            let _ = (&mut self.task).await;
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(super) async fn open(url: Url, address: SocketAddr) -> nisshi_storage::Result<Log> {
    let mut storage = StorageContainer::builder();
    storage.with_factory(Arc::new(nisshi_storage_dynostore::MemoryEngineFactory));
    storage.with_factory(Arc::new(nisshi_storage_sql::LiteEngineFactory));
    let advertised: Url = format!("tcp://{address}").parse()?;
    let storage = storage.cluster_id(CLUSTER).node_id(NODE).advertised_listener(advertised).storage(url).silent(true);
    let log = Log::new(storage.build().await?);
    let (broker_id, cluster_id, incarnation_id) = (NODE, CLUSTER.to_owned(), Uuid::new_v4());
    log.register_broker(BrokerRegistrationRequest { broker_id, cluster_id, incarnation_id, rack: None }).await?;
    Ok(log)
}

/// Accepts connections and maintains the storage. Dropping it drops every connection.
async fn run(listener: TcpListener, log: Log, faults: Arc<Faults>) {
    let (down, is_down) = watch::channel(false);
    let is_down_now = || {
        let now = faults.in_force(Kind::KafkaDown, None).is_some();
        down.send_if_modified(|before| std::mem::replace(before, now) != now);
        now
    };
    let groups = GroupCoordinatorConfig { initial_rebalance_delay: REBALANCE_DELAY, ..Default::default() };
    let groups = Controller::new(log.clone(), groups);
    let mut connections = JoinSet::new();
    let mut look = tokio::time::interval(FAULT_INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut tidying = std::pin::pin!(tidy(&log));
    loop {
        tokio::select! {
            _ = look.tick() => {
                is_down_now();
            }
            () = &mut tidying => {}
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                // A connection must neither slip in before the next check nor be cut for a fault that is over.
                Ok(_) if is_down_now() => {}
                Ok(_) if connections.len() >= MAX_CONNECTIONS => {
                    tracing::warn!(MAX_CONNECTIONS, "too many Kafka connections");
                }
                Ok((client, _)) => {
                    connections.spawn(serve(client, groups.clone(), log.clone(), is_down.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a Kafka connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Maintains the storage, in an endless loop.
async fn tidy(log: &Log) {
    let every = |period| {
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    };
    let (mut transactions, mut retention) = (every(TRANSACTIONS_INTERVAL), every(RETENTION_INTERVAL));
    loop {
        let tidied = tokio::select! {
            _ = transactions.tick() => log.maintain_transactions(SystemTime::now()).await,
            _ = retention.tick() => log.maintain(SystemTime::now()).await,
        };
        if let Err(error) = tidied {
            tracing::warn!(%error, "the Kafka broker could not tidy its storage");
        }
    }
}

/// Serves one client until it disconnects or Kafka goes down.
async fn serve(client: TcpStream, groups: Controller<Log>, log: Log, mut is_down: watch::Receiver<bool>) {
    let served = async {
        client.set_nodelay(true)?;
        services(CLUSTER, groups, &log)?.serve(rama::tcp::TcpStream::from(client)).await
    };
    tokio::select! {
        ended = served => if let Err(error) = ended {
            tracing::debug!(%error, "a Kafka connection ended");
        },
        _ = is_down.wait_for(|down| *down) => {}
    }
}

async fn listen(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => Error::PortTaken(port),
        _ => Error::Listen { address, source },
    })
}

fn url(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|error| Error::Start(format!("{text}: {error}")))
}

/// The storage URL of the database in `directory`, which is created if absent.
///
/// nisshi joins the URL's path, without its leading slash, to the current directory, and does not decode it. So a path
/// below the current directory is given relative to it, and any other one with an additional slash, which makes it
/// absolute.
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
