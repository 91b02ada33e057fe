//! SIGTERM: work in flight is finished, or left for its sender to retry.
//!
//! An interrupted request has its event in the outbox, and an interrupted batch is redelivered; a graceful shutdown
//! only makes both rare.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

/// Time limit for work in flight. Lambda sends SIGKILL 2 s after SIGTERM.
const GRACE: Duration = Duration::from_millis(1_500);

const POLL: Duration = Duration::from_millis(5);

/// Counts the invocations in flight.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<AtomicUsize>);

/// One invocation, which ends when this is dropped.
#[derive(Debug)]
pub struct Guard(Arc<AtomicUsize>);

impl InFlight {
    /// Counts an invocation until the guard is dropped.
    #[must_use]
    pub fn enter(&self) -> Guard {
        self.0.fetch_add(1, Ordering::AcqRel);
        Guard(Arc::clone(&self.0))
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// On SIGTERM, waits up to 1.5 s for work in flight, then for `close`, and exits with code 0.
pub fn on_sigterm(in_flight: InFlight, close: impl Future<Output = ()> + Send + 'static) {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM ends the process at once");
            return;
        }
    };
    tokio::spawn(async move {
        terminate.recv().await;
        let idle = async {
            while in_flight.any() {
                tokio::time::sleep(POLL).await;
            }
        };
        if tokio::time::timeout(GRACE, idle).await.is_err() {
            tracing::warn!("SIGTERM cuts off what is in flight");
        }
        close.await;
        std::process::exit(0);
    });
}

/// Completes on SIGTERM, for work that would not end by itself in time.
pub async fn terminated() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => drop(terminate.recv().await),
        Err(_) => std::future::pending().await,
    }
}
