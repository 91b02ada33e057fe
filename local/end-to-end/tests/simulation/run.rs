//! One run: a seed decides what is requested and what goes wrong; then the faults stop, everything drains, and the
//! outcome is judged.

use std::collections::{BTreeMap, BTreeSet};

use millrace_judge::event::{Event, Kind};
use millrace_judge::observed::{Observed, StoredOrder, StoredProduct};
use millrace_judge::{Journal, Violation, judge};
use serde_json::json;

use super::api::Call;
use super::bug::Bug;
use super::clients::{client, send, stranger};
use super::consumers::{Consumer, Retry, mapping};
use super::kafka::{ORDERS, PARTITIONS};
use super::publish::relay;
use super::runtime::{RATES, Sim};
use super::world::World;

/// Time between two starts of the relay, in milliseconds: sometimes shorter than a run, so that runs overlap.
const SCHEDULE: std::ops::RangeInclusive<u64> = 2_000..=20_000;
/// Runs of the relay after the faults, each with time for one aggregate.
const LAST_RUNS: u32 = 20;
/// Longer than any client, handler or pause, in milliseconds.
const LONGEST: u64 = 3_600_000;

/// The outcome of a run.
pub struct Outcome {
    pub journal: Journal,
    pub observed: Observed,
    pub violations: Vec<Violation>,
    /// Violations of the reference model: the commits of each product are its history on the topic.
    pub model: Vec<String>,
    pub trace: Vec<String>,
    /// Number of events and repeats, to see that something happened.
    pub events: usize,
    pub repeats: usize,
}

/// Runs a seed.
pub fn run(seed: u64, bug: Option<Bug>, traced: bool) -> Outcome {
    let sim = Sim::new(seed, World::new(bug), RATES, traced);
    let director = sim.clone();
    sim.spawn("director", false, async move { direct(director).await });
    let ended = sim.run();
    let observed = observe(&sim);
    let world = sim.world();
    let mut violations = judge(&world.journal, &observed);
    if !ended {
        let evidence = "the run does not come to rest".to_owned();
        violations.push(Violation { code: "not-at-rest", of: seed.to_string(), evidence });
    }
    let model = compare(&world, &observed);
    let ids: BTreeSet<_> = observed.log.iter().map(|copy| &copy.id).collect();
    let repeats = observed.records.len().saturating_sub(ids.len());
    let (events, trace) = (ids.len(), sim.take_trace());
    Outcome { journal: world.journal.clone(), observed, violations, model, trace, events, repeats }
}

async fn direct(sim: Sim) {
    let retry = if sim.chance(0.5) { Retry::Reported } else { Retry::FromFirst };
    for (partition, (topic, _)) in PARTITIONS.iter().enumerate() {
        let stock = (*topic == ORDERS).then_some(Consumer::Stock);
        for consumer in [Consumer::EventLog, Consumer::Archive].into_iter().chain(stock) {
            sim.spawn("mapping", false, mapping(sim.clone(), consumer, partition, retry));
        }
    }
    for _ in 0..sim.pick(0..=2) {
        let from = sim.pick(0..=8_000);
        let to = from + sim.pick(500..=10_000);
        sim.world().kafka.down.push(from..=to);
    }
    for _ in 0..sim.pick(0..=2) {
        let from = sim.pick(0..=8_000);
        let to = from + sim.pick(200..=3_000);
        sim.world().throttled.push(from..=to);
    }
    let mut clients = Vec::new();
    for number in 0..sim.pick(2..=5) {
        clients.push(sim.spawn("client", false, client(sim.clone(), number)));
    }
    if sim.chance(0.3) {
        clients.push(sim.spawn("stranger", false, stranger(sim.clone())));
    }
    sim.spawn("schedule", false, schedule(sim.clone()));
    for client in clients {
        client.within(LONGEST).await;
    }
    sim.tell(|| "THE FAULTS STOP".to_owned());
    sim.end_faults();
    // Handlers that nobody waits for any more, late writes and late records.
    while sim.is_at_work() || sim.world().late > 0 {
        sim.sleep(500).await;
    }
    let body = json!({"name": "Fresh", "price": {"amount": 950, "currency": "EUR"}, "stock": 1}).to_string();
    let fresh = Call { method: "POST", order: false, id: None, body, key: None, if_match: None, process: 0 };
    let created = send(&sim, fresh).await;
    assert!(created.is_some_and(|reply| reply.status == 201), "without faults a product is created");
    for _ in 0..LAST_RUNS {
        if sim.world().store.is_at_rest() {
            break;
        }
        sim.spawn("relay", false, relay(sim.clone())).within(LONGEST).await;
        sim.sleep(5_000).await;
    }
    sim.world().closing = true;
}

/// Starts the relay repeatedly, whether the last run has ended or not.
async fn schedule(sim: Sim) {
    while sim.faults() {
        let pause = sim.pick(SCHEDULE);
        sim.sleep(pause).await;
        sim.spawn("relay", true, relay(sim.clone()));
    }
}

fn observe(sim: &Sim) -> Observed {
    let world = sim.world();
    let store = &world.store;
    let product = |(id, stored): (&String, &super::world::Stored)| StoredProduct {
        id: id.clone(),
        version: stored.version,
        body: stored.body.clone(),
    };
    let order = |order: &super::world::StoredOrder| {
        let super::world::StoredOrder { id, status, body, .. } = order.clone();
        StoredOrder { id, status, body }
    };
    let entries = store.outbox.keys().map(|(aggregate, entry)| format!("{aggregate}, {entry}"));
    Observed {
        orders: store.orders.values().map(order).collect(),
        products: store.products.iter().map(product).collect(),
        outbox: entries.chain(store.bundles.keys().cloned()).collect(),
        records: world.kafka.partitions.iter().flatten().map(|(record, _)| record.clone()).collect(),
        log: store.log.values().cloned().collect(),
        archive: store.archive.values().flatten().cloned().collect(),
        dead_letters: store.dead_letters.values().cloned().collect(),
        ..Observed::default()
    }
}

/// A product's history: versions, each with the product as JSON, or `None` if it was deleted.
type History = Vec<(u64, Option<String>)>;

/// Compares with the reference model: the topic has what each transaction committed, in commit order.
fn compare(world: &World, observed: &Observed) -> Vec<String> {
    let mut committed: BTreeMap<&str, History> = BTreeMap::new();
    for (id, version, product) in &world.store.commits {
        committed.entry(id).or_default().push((*version, product.clone()));
    }
    let by_apis = observed.records.iter().filter(|record| !world.journal.produced.contains(&record.place));
    let events: Vec<Event> = by_apis.map(|record| Event::read(record.value.as_deref().unwrap()).unwrap()).collect();
    let (mut published, mut seen): (BTreeMap<&str, History>, _) = (BTreeMap::new(), BTreeSet::new());
    for event in events.iter().filter(|event| event.is_change() && seen.insert(&event.id)) {
        let product = (event.kind != Kind::ProductDeleted).then(|| event.data.clone());
        published.entry(&event.subject).or_default().push((event.version, product));
    }
    let ids: BTreeSet<&str> = committed.keys().chain(published.keys()).copied().collect();
    let differ = ids.into_iter().filter(|id| committed.get(id) != published.get(id));
    differ.map(|id| format!("{id}: committed {:?}, told {:?}", committed.get(id), published.get(id))).collect()
}
