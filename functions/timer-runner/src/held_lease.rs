//! A held lease: renewed until the run ends or another holder takes it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use millrace_platform::clock;

use crate::lease::Lease;

/// Time between two renewals.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// Expiry of the lease, as far as this run knows.
#[derive(Debug)]
pub struct HeldLease {
    /// In Unix milliseconds.
    until: AtomicI64,
}

impl HeldLease {
    pub fn until(until: Timestamp) -> Self {
        Self { until: AtomicI64::new(until.as_millisecond()) }
    }

    /// Whether the lease is held at this time.
    pub fn at(&self, now: Timestamp) -> bool {
        now.as_millisecond() < self.until.load(Ordering::Relaxed)
    }

    /// Renews the lease until it is lost.
    pub async fn renew_until_lost(&self, lease: &Lease, ends: Timestamp) {
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let now = clock::now();
            match lease.renew(now, ends).await {
                Ok(Some(until)) => self.until.store(until.as_millisecond(), Ordering::Relaxed),
                Ok(None) => {
                    tracing::warn!("another run has taken the lease");
                    return;
                }
                Err(error) if self.at(clock::now()) => tracing::warn!(%error, "the lease is renewed later"),
                Err(error) => {
                    tracing::warn!(%error, "the lease has ended");
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_until_its_end_and_not_at_it() {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let held = HeldLease::until(at(1_000));
        assert_eq!((held.at(at(999)), held.at(at(1_000))), (true, false));
    }
}
