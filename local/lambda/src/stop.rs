//! The signal that stops the mappings.

use std::time::Duration;

use tokio::sync::watch;

/// How long an invocation, or a write to a destination, may continue after the stack was told to stop. Together with
/// the final commit, this stays well below the 5 s in which the whole stack stops.
pub const STOP_GRACE: Duration = Duration::from_secs(2);

/// The signal, as one task sees it.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Stops when the value becomes true, or when its sender is gone.
    pub fn new(signal: watch::Receiver<bool>) -> Self {
        Self(signal)
    }

    /// Waits for the signal.
    pub async fn requested(&mut self) {
        // An error means that the sender is gone, which is a stop as well.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether the signal was given.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits for the signal, and then for as long as work in flight may take.
    pub async fn grace_is_over(&mut self) {
        self.requested().await;
        tokio::time::sleep(STOP_GRACE).await;
    }

    /// Sleeps; returns false if the signal came first.
    pub async fn sleep(&mut self, duration: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.requested() => false,
            () = tokio::time::sleep(duration) => true,
        }
    }
}
