//! Whether a request should try Kafka at all: a circuit breaker.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// After a failed produce or delete, the requests of this process leave their events to the relay for this long. Then
/// one request tries, and the others skip Kafka until a try succeeds: in an outage, only one request per pause is slow.
pub const PAUSE: Duration = Duration::from_secs(5);

/// Remembers the last failure of this process. Time is an argument.
#[derive(Debug, Default)]
pub struct FastPath {
    closed_until: Mutex<Option<Instant>>,
}

impl FastPath {
    /// Whether this request should try to produce.
    pub fn enter(&self, now: Instant) -> bool {
        let mut closed_until = self.lock();
        match *closed_until {
            None => true,
            Some(until) if until > now => false,
            Some(_) => {
                *closed_until = Some(now + PAUSE);
                true
            }
        }
    }

    /// Records that a produce succeeded.
    pub fn succeeded(&self) {
        *self.lock() = None;
    }

    /// Records that a produce, or the delete after it, failed.
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
    fn after_a_failure_one_request_in_each_pause_tries_until_one_succeeds() {
        let path = FastPath::default();
        let start = Instant::now();
        assert!(path.enter(start) && path.enter(start));
        path.failed(start);
        assert!(!path.enter(start + PAUSE / 2));
        let second = start + PAUSE;
        assert!(path.enter(second), "one tries");
        assert!(!path.enter(second), "alone");
        // Also when the request that tried was interrupted.
        assert!(path.enter(second + PAUSE));
        path.succeeded();
        assert!(path.enter(second + PAUSE) && path.enter(second + PAUSE));
    }
}
