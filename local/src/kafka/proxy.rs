//! A TCP proxy in front of the embedded broker, so that Kafka can go down and come back.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional_with_sizes;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use crate::faults::{Faults, Kind};

/// How often the fault is looked up; the longest time that an open connection outlives its start.
const FAULT_INTERVAL: Duration = Duration::from_millis(50);

/// Most connections at once; a further one is closed at once.
const MAX_CONNECTIONS: usize = 2_048;

/// Bytes copied at a time in each direction. Fetch and produce requests carry batches, so more than tokio's 8 KiB.
const BUFFER: usize = 64 * 1024;

/// Wait after a failed `accept`, which means that file descriptors ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running proxy; it ends when it is stopped or dropped.
pub(super) struct Proxy {
    task: JoinHandle<()>,
}

impl Proxy {
    /// Forwards every connection to `upstream`, except while `Kind::KafkaDown` is in force.
    pub(super) fn start(listener: TcpListener, upstream: SocketAddr, faults: Arc<Faults>) -> Self {
        Self { task: tokio::spawn(run(listener, upstream, faults)) }
    }

    /// Cuts every connection and frees the port.
    pub(super) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, upstream: SocketAddr, faults: Arc<Faults>) {
    let (down, is_down) = watch::channel(false);
    let is_down_now = || {
        let now = faults.in_force(Kind::KafkaDown, None).is_some();
        down.send_if_modified(|before| std::mem::replace(before, now) != now);
        now
    };
    let mut connections = JoinSet::new();
    let mut look = tokio::time::interval(FAULT_INTERVAL);
    look.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = look.tick() => {
                is_down_now();
            }
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                // A connection must neither slip in before the next look nor be cut for a fault that is over.
                Ok(_) if is_down_now() => {}
                Ok(_) if connections.len() >= MAX_CONNECTIONS => {
                    tracing::warn!(MAX_CONNECTIONS, "too many Kafka connections");
                }
                Ok((client, _)) => {
                    connections.spawn(forward(client, upstream, is_down.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a Kafka connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Copies both ways until one side closes or Kafka goes down.
async fn forward(mut client: TcpStream, upstream: SocketAddr, mut is_down: watch::Receiver<bool>) {
    let copied = async {
        let mut broker = TcpStream::connect(upstream).await?;
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        copy_bidirectional_with_sizes(&mut client, &mut broker, BUFFER, BUFFER).await
    };
    tokio::select! {
        ended = copied => if let Err(error) = ended {
            tracing::trace!(%error, "Kafka connection ended");
        },
        _ = is_down.wait_for(|down| *down) => {}
    }
}
