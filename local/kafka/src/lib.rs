//! Kafka of the local stack: an embedded broker, or a real one somewhere else.

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

/// Where the broker comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A broker inside this process.
    Embedded {
        /// Port on 127.0.0.1 (`--kafka-port`); 0 picks a free one.
        port: u16,
        /// Directory that keeps the topics across restarts (`--data`); memory when absent.
        data: Option<PathBuf>,
    },
    /// A broker that runs elsewhere (`--kafka host:port[,host:port]`), without TLS and authentication.
    External {
        /// Bootstrap servers.
        bootstrap_servers: String,
    },
}

/// A running broker. Everything else about it is asked with a Kafka client.
pub trait Broker: Send + Sync {
    /// Address for clients, as in `bootstrap.servers`.
    fn bootstrap_servers(&self) -> &str;

    /// What tells of new records, so that nobody has to ask again and again; not of a broker that runs elsewhere.
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
        /// Address asked for.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The data directory cannot be used.
    #[error("cannot keep Kafka's data in {}: {reason}; choose another directory with --data", path.display())]
    Data {
        /// Directory asked for.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The embedded broker ended or never took a connection.
    #[error("the embedded Kafka broker did not start: {0}")]
    Start(String),
    /// A topic could not be made.
    #[error("cannot create the topic {topic} at {bootstrap_servers}: {reason}")]
    Topic {
        /// Name of the topic.
        topic: String,
        /// Broker asked.
        bootstrap_servers: String,
        /// Why.
        reason: String,
    },
    /// The broker does not answer.
    #[error("Kafka at {bootstrap_servers} does not answer: {reason}")]
    Unreachable {
        /// Broker asked.
        bootstrap_servers: String,
        /// Why.
        reason: String,
    },
}

/// Starts the broker, or finds the external one, and creates the topics that it lacks.
///
/// `Kind::KafkaDown` acts on the embedded broker only: clients of an external one do not pass through this process.
///
/// # Errors
/// A taken port, an unusable data directory, a broker that does not answer, or a topic that it refuses.
pub fn start(source: Source, topics: &[Topic], faults: Arc<Faults>) -> BoxFuture<'_, Result<Box<dyn Broker>, Error>> {
    // In a box, this crate compiles the broker, and not whoever waits for it.
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
