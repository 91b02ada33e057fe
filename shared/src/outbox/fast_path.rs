//! When a request should not even try Kafka.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// After a failed produce, requests of this process leave their events to the relay for this time.
pub const PAUSE: Duration = Duration::from_secs(5);

/// Remembers the last failure of this process. Time is an argument.
#[derive(Debug, Default)]
pub struct FastPath {
    closed_until: Mutex<Option<Instant>>,
}

impl FastPath {
    /// Whether a produce is worth trying.
    pub fn is_open(&self, now: Instant) -> bool {
        self.lock().is_none_or(|until| until <= now)
    }

    /// Notes that a produce failed.
    pub fn failed(&self, now: Instant) {
        *self.lock() = Some(now + PAUSE);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.closed_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_closes_the_fast_path_for_its_pause() {
        let path = FastPath::default();
        let start = Instant::now();
        assert!(path.is_open(start));
        path.failed(start);
        assert!(!path.is_open(start + PAUSE / 2));
        assert!(path.is_open(start + PAUSE));
    }
}
