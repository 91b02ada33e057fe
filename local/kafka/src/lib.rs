//! The local stack's Kafka: an embedded broker, or an external one.

mod embedded;
mod log;
mod services;
mod topics;

pub use self::log::Arrivals;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use local_faults::Faults;
use local_template::model::Topic;

/// Which broker to use.
#[derive(Debug, Clone)]
pub enum Source {
    /// A broker inside this process.
    Embedded {
        /// Port on 127.0.0.1 (`--kafka-port`); 0 picks a free one.
        port: u16,
        /// Directory that keeps the topics across restarts (`--data`); in memory if absent.
        data: Option<PathBuf>,
    },
    /// An external broker (`--kafka host:port[,host:port]`), without TLS and authentication.
    External {
        /// Bootstrap servers.
        bootstrap_servers: String,
    },
}

/// A running broker. Everything else about it is queried with a Kafka client.
pub trait Broker: Send + Sync {
    /// Address for clients, as in `bootstrap.servers`.
    fn bootstrap_servers(&self) -> &str;

    /// Notifies of new records, so that nobody has to poll; `None` for an external broker.
    fn arrivals(&self) -> Option<Arrivals>;

    /// Stops what this process started and waits for its end.
    fn stop(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port belongs to another program.
    #[error("port {0} is taken; choose another one with --kafka-port (0 picks a free one)")]
    PortTaken(u16),
    /// The public or the internal port cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("cannot keep Kafka's data in {}: {reason}; choose another directory with --data", path.display())]
    Data {
        /// The requested directory.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The embedded broker ended or never accepted a connection.
    #[error("the embedded Kafka broker did not start: {0}")]
    Start(String),
    /// A topic could not be created.
    #[error("cannot create the topic {topic} at {bootstrap_servers}: {reason}")]
    Topic {
        /// Name of the topic.
        topic: String,
        /// The broker called.
        bootstrap_servers: String,
        /// The cause.
        reason: String,
    },
    /// The broker does not answer.
    #[error("Kafka at {bootstrap_servers} does not answer: {reason}")]
    Unreachable {
        /// The broker called.
        bootstrap_servers: String,
        /// The cause.
        reason: String,
    },
}

/// Starts the broker, or connects to the external one, and creates missing topics.
///
/// `Kind::KafkaDown` affects only the embedded broker: clients of an external one do not pass through this process.
///
/// # Errors
/// The port is taken, the data directory cannot be used, the broker does not answer, or it rejects a topic.
pub fn start(source: Source, topics: &[Topic], faults: Arc<Faults>) -> BoxFuture<'_, Result<Box<dyn Broker>, Error>> {
    // Boxed so that the broker's code is compiled in this crate and not in every caller's.
    Box::pin(start_and_create(source, topics, faults))
}

async fn start_and_create(source: Source, topics: &[Topic], faults: Arc<Faults>) -> Result<Box<dyn Broker>, Error> {
    let (broker, replication): (Box<dyn Broker>, i16) = match source {
        Source::Embedded { port, data } => (Box::new(embedded::Embedded::start(port, data, faults).await?), 1),
        Source::External { bootstrap_servers } => {
            (Box::new(External { bootstrap_servers }), topics::REPLICATION_OF_BROKER)
        }
    };
    match topics::create_missing(broker.bootstrap_servers(), topics, replication).await {
        Ok(()) => Ok(broker),
        Err(error) => {
            broker.stop().await;
            Err(error)
        }
    }
}

/// A broker that this process neither starts nor stops.
struct External {
    bootstrap_servers: String,
}

impl Broker for External {
    fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    fn arrivals(&self) -> Option<Arrivals> {
        None
    }

    fn stop(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}
