//! Expands the entries of a bundle under their aggregates, in the real order, step by step.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use millrace_delivery::outbox::bundle::waves;

use super::access::{Unavailable, call};
use super::bug::Bug;
use super::publish::publish_all;
use super::runtime::Sim;
use super::world::World;

/// Entries per write: few, so that a crash may come between writes.
const BATCH: usize = 2;
/// Time between two writes, in milliseconds, so that other tasks come between them.
const PAUSE: RangeInclusive<u64> = 0..=300;

/// Expands a bundle, which wakes the relay; returns the aggregates.
pub async fn expand(sim: &Sim, key: &str) -> Result<BTreeSet<String>, Unavailable> {
    let bug = sim.world().bug;
    let of = key.to_owned();
    let read = move |world: &mut World, _| world.store.bundles.get(&of).map(|(_, entries)| entries.clone());
    let Some(entries) = call(sim, "reads a bundle", read).await? else { return Ok(BTreeSet::new()) };
    let aggregates: BTreeSet<String> = entries.iter().map(|entry| entry.aggregate.clone()).collect();
    if bug == Some(Bug::DeletesABundleBeforeItsEntriesAreStored) {
        delete(sim, key).await?;
    }
    for batch in waves(entries).iter().flat_map(|wave| wave.chunks(BATCH)) {
        let batch = batch.to_vec();
        let put = move |world: &mut World, now| {
            for entry in batch {
                world.store.put_entry(now, entry);
            }
        };
        call(sim, "puts entries of a bundle", put).await?;
        let pause = sim.pick(PAUSE);
        sim.sleep(pause).await;
    }
    if bug != Some(Bug::DeletesABundleBeforeItsEntriesAreStored) {
        delete(sim, key).await?;
    }
    // Triggered by the stream of the outbox.
    sim.spawn("woken relay", true, publish_all(sim.clone(), aggregates.clone()));
    Ok(aggregates)
}

async fn delete(sim: &Sim, key: &str) -> Result<(), Unavailable> {
    let key = key.to_owned();
    call(sim, "deletes a bundle", move |world, _| drop(world.store.bundles.remove(&key))).await
}
