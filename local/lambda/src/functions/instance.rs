//! One process of a function, as its pool and its Runtime API see it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, mpsc, oneshot};

use super::in_flight::InFlight;
use super::process_group::Signal;

/// Maximum time a caller waits until signals are delivered, and a killed process is gone.
const SIGNAL_LIMIT: Duration = Duration::from_secs(2);
/// Maximum number of signals queued for one process.
const MAX_SIGNALS: usize = 16;

/// A process.
#[derive(Debug)]
pub(super) struct Instance {
    /// Its invocations.
    pub in_flight: InFlight,
    /// Process id.
    pub pid: u32,
    arn: String,
    has_polled: AtomicBool,
    first_poll: Notify,
    init_error: Mutex<Option<Bytes>>,
    kill: Notify,
    signals: mpsc::Sender<SignalRequest>,
}

/// A signal, and the sender that reports its delivery.
pub(super) type SignalRequest = (Signal, oneshot::Sender<()>);

impl Instance {
    /// A process that was just started, and the queue of signals to send to it.
    pub fn new(pid: u32, arn: String) -> (Self, mpsc::Receiver<SignalRequest>) {
        let (sender, signals) = mpsc::channel(MAX_SIGNALS);
        let instance = Self {
            in_flight: InFlight::default(),
            pid,
            arn,
            has_polled: AtomicBool::new(false),
            first_poll: Notify::new(),
            init_error: Mutex::new(None),
            kill: Notify::new(),
            signals: sender,
        };
        (instance, signals)
    }

    /// ARN of the function.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Notes a poll of the process; the first one ends its init.
    pub fn polled(&self) {
        if !self.has_polled.swap(true, Ordering::Relaxed) {
            self.first_poll.notify_one();
        }
    }

    /// Whether the process has polled.
    pub fn has_polled(&self) -> bool {
        self.has_polled.load(Ordering::Relaxed)
    }

    /// Waits for the first poll.
    pub async fn first_poll(&self) {
        self.first_poll.notified().await;
    }

    /// The init error that the process reported, if any.
    pub fn init_error(&self) -> Option<Bytes> {
        self.init_error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Notes the init error that the process reports.
    pub fn init_failed(&self, report: Bytes) {
        *self.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
        self.kill();
    }

    /// Kills the process; does not wait.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// Waits until a kill is requested.
    pub async fn kill_wanted(&self) {
        self.kill.notified().await;
    }

    /// Asks the process to end; it is killed after the grace period. Does not wait.
    pub fn stop(&self) {
        let (done, _) = oneshot::channel();
        if self.signals.try_send((Signal::Term, done)).is_err() {
            self.kill();
        }
    }

    /// Sends a signal. Returns when it is delivered; for SIGKILL, when the process is gone.
    pub async fn signal(&self, signal: Signal) {
        let (done, delivered) = oneshot::channel();
        let _ = tokio::time::timeout(SIGNAL_LIMIT, async {
            // If the process has ended, nobody receives and nothing is left to do.
            let _ = self.signals.send((signal, done)).await;
            let _ = delivered.await;
        })
        .await;
    }
}
