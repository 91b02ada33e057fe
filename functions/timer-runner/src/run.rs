//! One run: waits for the lease, reads the due index while holding it, and releases it.
//!
//! Runs overlap, so that one is always waiting. It knows when the holder plans to release the lease, and tries to take
//! it then.

use std::time::{Duration, SystemTime};

use futures::future::join_all;
use jiff::Timestamp;
use millrace_platform::clock;
use millrace_platform::dynamo::StoreError;
use millrace_platform::shutdown;
use millrace_store::timer::keys;

use crate::held_lease::HeldLease;
use crate::lease::{Lease, LeaseState};
use crate::watch::Index;

/// How long a run works. A schedule starts within a minute of its time, so the next run starts at most 120 s later.
const WORK: Duration = Duration::from_secs(130);

/// Time of the invocation left when a run ends.
const MARGIN: Duration = Duration::from_secs(5);

/// Longest time between two reads of a lease that another run holds.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Time between two reads when the lease may be released at any moment.
const LOOK_SOON: Duration = Duration::from_millis(50);

/// Works until the run's time is over or the process has to end.
pub async fn run(index: &Index, deadline: SystemTime) {
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(MARGIN);
    let ends = clock::now() + left.min(WORK);
    let lease = Lease::new(index.dynamo.clone(), index.table.clone(), clock::new_id().to_string());
    tokio::select! {
        () = work(index, &lease, ends) => {}
        () = shutdown::terminated() => {}
    }
    lease.release().await;
}

async fn work(index: &Index, lease: &Lease, ends: Timestamp) {
    while let Some(until) = obtain(lease, ends).await {
        tracing::info!("reads the due index");
        let held = HeldLease::until(until);
        let watching = join_all((0..keys::DUE_SHARDS).map(|shard| index.watch(shard, &held)));
        tokio::select! {
            () = held.renew_until_lost(lease, ends) => {}
            _ = watching => {}
            () = tokio::time::sleep(left(clock::now(), ends)) => return,
        }
    }
}

/// Waits for the lease; returns its expiry, or `None` when the run's time is over.
async fn obtain(lease: &Lease, ends: Timestamp) -> Option<Timestamp> {
    loop {
        let now = clock::now();
        if now >= ends {
            return None;
        }
        let wait = match attempt(lease, now, ends).await {
            Ok(Ok(until)) => return Some(until),
            Ok(Err(standing)) => poll_delay(standing, now),
            Err(error) => {
                tracing::warn!(%error, "the lease is looked at later");
                LOOK_EVERY
            }
        };
        tokio::time::sleep(wait.min(left(now, ends))).await;
    }
}

/// Takes the lease, or returns its current state. It is read first, because a read costs less than a failed write.
async fn attempt(
    lease: &Lease,
    now: Timestamp,
    ends: Timestamp,
) -> Result<Result<Timestamp, Option<LeaseState>>, StoreError> {
    let standing = lease.look().await?;
    if standing.is_some_and(|standing| standing.until > now.as_millisecond()) {
        return Ok(Err(standing));
    }
    Ok(lease.take(now, ends).await?.ok_or(standing))
}

/// How long to wait before reading a lease again that another run holds.
fn poll_delay(standing: Option<LeaseState>, now: Timestamp) -> Duration {
    let Some(LeaseState { until, ends }) = standing else { return LOOK_SOON };
    let free = until.min(ends) - now.as_millisecond();
    Duration::from_millis(u64::try_from(free).unwrap_or(0)).clamp(LOOK_SOON, LOOK_EVERY)
}

fn left(now: Timestamp, ends: Timestamp) -> Duration {
    ends.duration_since(now).try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_looks_each_second_and_is_there_when_the_lease_may_be_free() {
        let now = Timestamp::from_millisecond(100_000).unwrap();
        let waits = |until, ends| poll_delay(Some(LeaseState { until, ends }), now).as_millis();
        assert_eq!(waits(110_000, 200_000), 1_000);
        assert_eq!(waits(110_000, 100_400), 400, "its holder stops");
        assert_eq!(waits(100_300, 200_000), 300, "its holder has not renewed it");
        assert_eq!((waits(110_000, 99_000), waits(0, 0)), (50, 50));
    }
}
