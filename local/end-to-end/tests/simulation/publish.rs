//! Publishing as the functions do it: the real decision logic, with the steps performed on the model; and the relay.

use std::collections::BTreeSet;

use millrace_delivery::outbox::Entry;
use millrace_delivery::outbox::drain::{Drain, Performed, Step};

use super::access::call;
use super::bug::Bug;
use super::bundle::expand;
use super::kafka::produce;
use super::runtime::Sim;
use super::world::World;

/// Entries per read: few, so that there are several pages.
const PAGE: usize = 2;
/// Time budget of a request, and of the relay for an aggregate, in milliseconds.
const REQUEST_BUDGET: u64 = 2_000;
const AGGREGATE_BUDGET: u64 = 10_000;
/// How long a process avoids Kafka after a failure, in milliseconds.
const PAUSE: u64 = 5_000;
/// The relay leaves younger entries to their writers, in milliseconds.
const LEFT_BEHIND: u64 = 5_000;
/// Maximum delay until an entry appears in an index, in milliseconds.
const READ_LAG: u64 = 60;
/// Maximum lag of the relay's index, in milliseconds.
const INDEX_LAG: u64 = 3_000;

/// The fast path of a request after its commit.
pub async fn after_commit(sim: &Sim, process: usize, entries: Vec<Entry>) {
    let Some(Entry { aggregate, entry, .. }) = entries.first().cloned() else { return };
    let own = entry.split('#').next();
    let now = sim.now();
    if sim.world().fast_path[process] > now {
        return;
    }
    if publish(sim, &aggregate, Drain::after_commit(entries), REQUEST_BUDGET, own).await.is_err() {
        let until = sim.now() + PAUSE;
        sim.world().fast_path[process] = until;
    }
}

/// Publishes the pending entries of an aggregate. `own` is the writer's version.
async fn publish(
    sim: &Sim,
    aggregate: &str,
    mut drain: Drain<Entry, ()>,
    within: u64,
    own: Option<&str>,
) -> Result<usize, ()> {
    let deadline = sim.now() + within;
    let mut skipped = false;
    while let Some(step) = drain.step() {
        let learnt = match step {
            _ if sim.now() > deadline => Err(()),
            Step::Delete(_) if std::mem::take(&mut skipped) => Ok(Performed::Deleted),
            step => perform(sim, aggregate, own, step, &mut skipped).await,
        };
        drain.apply(learnt);
    }
    drain.outcome()
}

async fn perform(
    sim: &Sim,
    aggregate: &str,
    own: Option<&str>,
    step: Step<'_, Entry>,
    skipped: &mut bool,
) -> Result<Performed<Entry>, ()> {
    let bug = sim.world().bug;
    match step {
        Step::Query => {
            let (entries, more) = pending(sim, aggregate).await?;
            if let (Some(Bug::PublishesItsOwnEntryOnly), Some(own)) = (bug, own) {
                return Ok(Performed::Pending(
                    entries.into_iter().filter(|entry| entry.entry.starts_with(own)).collect(),
                    false,
                ));
            }
            Ok(Performed::Pending(entries, more))
        }
        Step::Publish(entry) if bug == Some(Bug::DeletesBeforeTheAcknowledgement) => {
            delete(sim, entry).await?;
            produce(sim, entry).await.map_err(drop)?;
            Ok(Performed::Acknowledged)
        }
        Step::Publish(entry) => match produce(sim, entry).await {
            Ok(()) => Ok(Performed::Acknowledged),
            Err(_) if bug == Some(Bug::SkipsAFailedEntry) => {
                *skipped = true;
                Ok(Performed::Acknowledged)
            }
            Err(_) => Err(()),
        },
        Step::Delete(entry) => {
            delete(sim, entry).await?;
            Ok(Performed::Deleted)
        }
    }
}

async fn pending(sim: &Sim, aggregate: &str) -> Result<(Vec<Entry>, bool), ()> {
    let index = sim.world().bug == Some(Bug::ReadsPendingEntriesFromAnIndex);
    let (dice, of) = (sim.clone(), aggregate.to_owned());
    let read = move |world: &mut World, now| {
        let store = &world.store;
        let mut entries: Vec<Entry> = store.outbox.values().filter(|entry| entry.aggregate == of).cloned().collect();
        entries.retain(|entry| !index || store.stored_at(entry) + dice.pick(0..=READ_LAG) <= now);
        let more = entries.len() > PAGE;
        (entries.into_iter().take(PAGE).collect(), more)
    };
    call(sim, "reads the pending entries", read).await.map_err(drop)
}

async fn delete(sim: &Sim, entry: &Entry) -> Result<(), ()> {
    let entry = entry.clone();
    let delete = move |world: &mut World, now| world.store.delete_entry(now, &entry);
    call(sim, "deletes an entry", delete).await.map_err(drop)
}

/// One run of the relay.
pub async fn relay(sim: Sim) {
    let lag = if sim.faults() { sim.pick(0..=INDEX_LAG) } else { 0 };
    let index = move |world: &mut World, now: u64| {
        let until = super::world::time(now.saturating_sub(LEFT_BEHIND));
        let outbox = world.store.outbox_at(now.saturating_sub(lag));
        let old = outbox.into_values().filter(|entry| entry.created_at <= until);
        let aggregates = old.map(|entry| entry.aggregate).collect::<BTreeSet<String>>();
        let bundles = world.store.bundles.iter().filter(|(_, (at, _))| at + LEFT_BEHIND + lag <= now);
        (aggregates, bundles.map(|(key, _)| key.clone()).collect::<Vec<String>>())
    };
    let Ok((mut aggregates, bundles)) = call(&sim, "reads what was left behind", index).await else { return };
    for bundle in bundles {
        if sim.world().bug != Some(Bug::RelaysNoBundles) {
            // A bundle that fails is left to the next run.
            aggregates.extend(expand(&sim, &bundle).await.unwrap_or_default());
        }
    }
    publish_all(sim, aggregates).await;
}

/// Publishes what these aggregates have pending.
pub async fn publish_all(sim: Sim, aggregates: BTreeSet<String>) {
    for aggregate in aggregates {
        // An aggregate that fails is left to the next run.
        let _ = publish(&sim, &aggregate, Drain::default(), AGGREGATE_BUDGET, None).await;
    }
}
