//! The handlers of the products API, reproduced step by step, on the model of the store.

use millrace_delivery::outbox::Entry;
use millrace_domain::event::{Event, EventType};
use millrace_domain::id::ProductId;
use millrace_domain::product::{Currency, LowStockWarning, Price, Product, ProductDeleted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access::{Unavailable, call};
use super::bug::Bug;
use super::bundle::expand;
use super::publish::after_commit;
use super::runtime::Sim;
use super::world::{Change, Claim, Key, Refused, Reply, Stored, World, time};

const CHANGE_TRIES: u32 = 5;
const TRANSACTION_TRIES: u32 = 2;
/// A claim expires after this time, in milliseconds.
const LEASE: u64 = 30_000;
const KIND: &str = "product";

/// A request as a handler receives it.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: &'static str,
    /// Whether it is about orders; otherwise about products.
    pub order: bool,
    /// The product that the path names.
    pub id: Option<String>,
    pub body: String,
    pub key: Option<String>,
    pub if_match: Option<u64>,
    /// The process that serves it.
    pub process: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    id: Option<String>,
    name: Option<String>,
    stock: Option<u64>,
    low_stock_threshold: Option<u64>,
}

/// Serves a request.
pub async fn handle(sim: Sim, request: Call) -> Reply {
    if request.order {
        return super::orders::create(&sim, &request).await.unwrap_or_else(|Unavailable| Reply::status(503));
    }
    let input: Input = serde_json::from_str(&request.body).unwrap();
    let reply = match (&request.id, &request.key) {
        (Some(id), _) => update(&sim, &request, id, &input).await,
        (None, Some(key)) => create_once(&sim, &request, key, &input).await,
        (None, None) => insert(&sim, &request, &input, None).await,
    };
    reply.unwrap_or_else(|Unavailable| Reply::status(503))
}

enum Started {
    Claimed,
    Answered(Reply),
}

async fn create_once(sim: &Sim, request: &Call, key: &str, input: &Input) -> Result<Reply, Unavailable> {
    let owner = sim.pick(0..=u64::MAX);
    let (now, key_of, fingerprint) = (sim.now(), key.to_owned(), request.body.clone());
    let start = move |world: &mut World, _| start(world, &key_of, fingerprint, owner, now);
    match call(sim, "claims a key", start).await? {
        Started::Answered(reply) => return Ok(reply),
        Started::Claimed => {}
    }
    let claim = Claim { key: key.to_owned(), owner };
    let reply = insert(sim, request, input, Some(claim.clone())).await;
    if reply.as_ref().is_ok_and(|reply| (400..500).contains(&reply.status)) {
        let release = move |world: &mut World, _| world.store.release(&claim);
        // Best effort: otherwise the lease frees it.
        let _ = call(sim, "gives a key back", release).await;
    }
    reply
}

fn start(world: &mut World, key: &str, fingerprint: String, owner: u64, now: u64) -> Started {
    if let Some(found) = world.store.keys.get(key) {
        let free = found.lease_until.is_some_and(|until| until <= now) && found.fingerprint == fingerprint;
        if found.fingerprint != fingerprint {
            return Started::Answered(Reply::status(422));
        }
        if let Some(reply) = &found.answer {
            return Started::Answered(reply.clone());
        }
        if !free {
            return Started::Answered(Reply::status(409));
        }
    }
    let claimed = Key { fingerprint, owner, lease_until: Some(now + LEASE), answer: None };
    world.store.keys.insert(key.to_owned(), claimed);
    Started::Claimed
}

async fn insert(sim: &Sim, request: &Call, input: &Input, claim: Option<Claim>) -> Result<Reply, Unavailable> {
    let (id, before) = match &input.id {
        Some(id) => match read(sim, id).await? {
            Stored { body: Some(_), .. } => return Ok(Reply::status(409)),
            gone => (id.clone(), gone),
        },
        None => (new_id(sim).to_string(), Stored::default()),
    };
    let now = time(sim.now());
    let product = Product {
        id: ProductId::try_from(id).unwrap(),
        name: input.name.clone().unwrap(),
        description: None,
        price: Price { amount: 950, currency: Currency::try_from("EUR".to_owned()).unwrap() },
        stock: input.stock.unwrap(),
        low_stock_threshold: input.low_stock_threshold,
        recipe: Vec::new(),
        version: before.version + 1,
        created_at: now,
        updated_at: now,
    };
    let entries = saved(sim, EventType::ProductCreated, &product);
    let reply = answer(201, &product, product.version);
    let change = Change { answer: claim.map(|claim| (claim, reply.clone())), ..changed(&product, before, entries) };
    match commit(sim, request.process, change).await? {
        Ok(()) => Ok(reply),
        Err(Refused::Raced | Refused::ClaimLost) => Ok(Reply::status(409)),
    }
}

async fn update(sim: &Sim, request: &Call, id: &str, input: &Input) -> Result<Reply, Unavailable> {
    let bug = sim.world().bug;
    let mut first: Option<Product> = None;
    for _ in 0..CHANGE_TRIES {
        let stored = read(sim, id).await?;
        let Stored { body: Some(body), version, .. } = stored.clone() else { return Ok(Reply::status(404)) };
        if request.if_match.is_some_and(|wanted| wanted != version) {
            return Ok(Reply::status(412));
        }
        let mut product: Product = serde_json::from_str(&body).unwrap();
        let now = time(sim.now());
        (product.version, product.updated_at) = (version + 1, now);
        if request.method == "DELETE" {
            let data = ProductDeleted { id: product.id.clone(), version: product.version, deleted_at: now };
            let event = Event::new(EventType::ProductDeleted, new_id(sim), "simulation", now, None, data);
            let entry = Entry::new(KIND, 0, &event).unwrap();
            let change = changed(&product, stored, vec![entry]);
            let change = Change { to: Stored { body: None, ..change.to.clone() }, ..change };
            if commit(sim, request.process, change).await?.is_ok() {
                return Ok(Reply::status(204));
            }
            continue;
        }
        product.name = input.name.clone().unwrap_or(product.name);
        product.stock = input.stock.unwrap_or(product.stock);
        if request.method == "PUT" {
            product.low_stock_threshold = input.low_stock_threshold;
        }
        let seen = first.get_or_insert_with(|| product.clone());
        seen.version = product.version;
        let told = if bug == Some(Bug::MakesTheEventOfAStaleRead) { &*seen } else { &product };
        let entries = saved(sim, EventType::ProductUpdated, told);
        if commit(sim, request.process, changed(&product, stored, entries)).await?.is_ok() {
            return Ok(answer(200, &product, product.version));
        }
    }
    Ok(Reply::status(409))
}

/// Reads a product.
pub async fn read(sim: &Sim, id: &str) -> Result<Stored, Unavailable> {
    let id = id.to_owned();
    call(sim, "reads a product", move |world, _| world.store.products.get(&id).cloned().unwrap_or_default()).await
}

/// Commits a change and publishes it.
async fn commit(sim: &Sim, process: usize, mut change: Change) -> Result<Result<(), Refused>, Unavailable> {
    let bug = sim.world().bug;
    let committed = change.entries.clone();
    if let Some(bundle) = change.bundle.as_ref().filter(|_| bug != Some(Bug::CommitsBeforeItExpands)) {
        expand(sim, bundle).await?;
    }
    if bug == Some(Bug::PublishesBeforeTheCommit) {
        for entry in std::mem::take(&mut change.entries) {
            super::kafka::produce(sim, &entry).await.map_err(|_| Unavailable)?;
        }
    }
    let apart = bug == Some(Bug::StoresTheEventOutsideTheTransaction);
    let entries = if apart { std::mem::take(&mut change.entries) } else { Vec::new() };
    let apart = bug == Some(Bug::StoresTheAnswerOutsideTheTransaction);
    let answered = change.answer.take_if(|_| apart);
    match transact(sim, change).await {
        Ok(Ok(())) => {}
        Ok(Err(refused)) => return Ok(Err(refused)),
        Err(Unavailable) if bug == Some(Bug::AcknowledgesAnUnansweredWrite) => return Ok(Ok(())),
        Err(Unavailable) => return Err(Unavailable),
    }
    if let Some((claim, reply)) = answered {
        call(sim, "stores an answer", move |world, _| world.store.finish(&claim, reply)).await?;
    }
    if !entries.is_empty() {
        let put = move |world: &mut World, now| {
            for entry in entries {
                world.store.put_entry(now, entry);
            }
        };
        call(sim, "stores the events", put).await?;
    }
    after_commit(sim, process, committed).await;
    Ok(Ok(()))
}

/// Commits a change; retries under the same token if the store did not answer.
async fn transact(sim: &Sim, mut change: Change) -> Result<Result<(), Refused>, Unavailable> {
    let bug = sim.world().bug;
    change.token = token(sim);
    let mut answer = Err(Unavailable);
    for _ in 0..TRANSACTION_TRIES {
        if bug == Some(Bug::RepeatsAWriteUnderANewToken) {
            change.token = token(sim);
        }
        let change = change.clone();
        let commit = move |world: &mut World, now| world.store.change(now, change, bug);
        answer = call(sim, "commits a change", commit).await;
        if answer.is_ok() {
            break;
        }
    }
    answer
}

/// A client request token.
pub fn token(sim: &Sim) -> u64 {
    sim.pick(0..=u64::MAX)
}

fn changed(product: &Product, before: Stored, entries: Vec<Entry>) -> Change {
    let body = serde_json::to_string(product).unwrap();
    let to = Stored { version: product.version, body: Some(body), bundle: None };
    let Stored { version: from, bundle, .. } = before;
    Change { token: 0, id: product.id.to_string(), from, bundle, to, entries, answer: None }
}

fn saved(sim: &Sim, kind: EventType, product: &Product) -> Vec<Entry> {
    let (time, trace) = (product.updated_at, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let change = Event::new(kind, new_id(sim), "simulation", time, Some(trace.to_owned()), product.clone());
    let mut entries = vec![Entry::new(KIND, 0, &change).unwrap()];
    if let Some(low_stock_threshold) = product.low_stock_threshold.filter(|_| product.is_low()) {
        let warning = LowStockWarning {
            product_id: product.id.clone(),
            name: product.name.clone(),
            stock: product.stock,
            low_stock_threshold,
            version: product.version,
        };
        let warning = Event::new(EventType::LowStockWarning, new_id(sim), "simulation", time, None, warning);
        entries.push(Entry::new(KIND, 1, &warning).unwrap());
    }
    entries
}

pub fn answer(status: u16, body: &impl Serialize, version: u64) -> Reply {
    Reply { status, etag: Some(format!("\"{version}\"")), body: serde_json::to_string(body).unwrap() }
}

pub fn new_id(sim: &Sim) -> Uuid {
    let mut dice = sim.dice();
    Uuid::from_u64_pair(dice.u64(..), dice.u64(..))
}
