//! Orders: created by the API and decided by the stock consumer, reproduced step by step.

use std::collections::{BTreeMap, BTreeSet};

use millrace_delivery::outbox::Entry;
use millrace_domain::event::Context;
use millrace_domain::id::{OrderId, ProductId};
use millrace_domain::order::{Line, Order, Status};
use millrace_domain::product::{Price, Product};
use millrace_store::order;
use millrace_store::product;
use serde::Deserialize;

use super::access::{Unavailable, call};
use super::api::{Call, answer, new_id, read, token};
use super::bug::Bug;
use super::bundle::expand;
use super::publish::after_commit;
use super::runtime::Sim;
use super::world::{Refused, Reply, Stored, StoredOrder, Take, World, time};

/// Orders per transaction: few, so that a batch takes several.
const FOLD: usize = 2;
/// Attempts of a batch without progress before it is handed back.
const TRIES: u32 = 4;

#[derive(Deserialize)]
struct Input {
    lines: Vec<LineInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineInput {
    product_id: String,
    quantity: u64,
}

/// `POST /orders`.
pub async fn create(sim: &Sim, request: &Call) -> Result<Reply, Unavailable> {
    let input: Input = serde_json::from_str(&request.body).unwrap();
    let mut lines = Vec::new();
    for LineInput { product_id, quantity } in input.lines {
        let Stored { body: Some(body), .. } = read(sim, &product_id).await? else { return Ok(Reply::status(422)) };
        let product: Product = serde_json::from_str(&body).unwrap();
        let total = Price { amount: product.price.amount * quantity, ..product.price };
        let (name, unit_price) = (product.name, product.price);
        lines.push(Line { product_id: product.id, name, quantity, unit_price, total, recipe: Vec::new() });
    }
    let now = time(sim.now());
    let total = Price { amount: lines.iter().map(|line| line.total.amount).sum(), ..lines[0].total };
    let order = Order {
        id: OrderId::from(new_id(sim)),
        status: Status::Pending,
        lines,
        total,
        reason: None,
        owner: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let entry = order::entries::entry(&order, new_id(sim), &context(sim, "orders-api")).unwrap();
    let published = vec![entry.clone()];
    let stored = stored(&order, None);
    let put = move |world: &mut World, now, token| {
        world.store.add_order(now, token, stored.clone(), entry.clone());
    };
    committed(sim, "stores an order", put).await?;
    after_commit(sim, request.process, published).await;
    Ok(answer(201, &order, order.version))
}

fn context(sim: &Sim, source: &'static str) -> Context {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    Context { now: time(sim.now()), source, traceparent: Some(trace.to_owned()) }
}

fn stored(order: &Order, bundle: Option<String>) -> StoredOrder {
    let (id, status) = (order.id.to_string(), order.status.name().to_owned());
    StoredOrder { id, status, body: serde_json::to_string(order).unwrap(), bundle }
}

/// Commits, again where the store did not answer, under one token. `apply` gets the time and the token.
async fn committed<T>(
    sim: &Sim,
    what: &'static str,
    apply: impl Fn(&mut World, u64, u64) -> T + Clone + Send + 'static,
) -> Result<T, Unavailable> {
    let mut token = token(sim);
    let first = apply.clone();
    let answer = call(sim, what, move |world, now| first(world, now, token)).await;
    if answer.is_ok() {
        return answer;
    }
    if sim.world().bug == Some(Bug::RepeatsAWriteUnderANewToken) {
        token = super::api::token(sim);
    }
    call(sim, what, move |world, now| apply(world, now, token)).await
}

/// What is known of the products that orders take.
#[derive(Default)]
struct Known {
    products: BTreeMap<ProductId, (Stored, Option<Product>)>,
    bundles: BTreeSet<String>,
}

/// Decides orders by id; returns those that are settled.
pub async fn decide(sim: &Sim, ids: &[String]) -> BTreeSet<String> {
    let mut settled = BTreeSet::new();
    let mut failures = 0;
    while failures < TRIES {
        let before = settled.len();
        if pass(sim, ids, &mut settled).await.is_ok() {
            break;
        }
        failures = if settled.len() > before { 1 } else { failures + 1 };
        let pause = sim.pick(0..=100);
        sim.sleep(pause).await;
    }
    settled
}

/// Reads the orders and decides the pending ones, until a transaction fails.
async fn pass(sim: &Sim, ids: &[String], settled: &mut BTreeSet<String>) -> Result<(), Unavailable> {
    let bug = sim.world().bug;
    let waiting: BTreeSet<String> = ids.iter().filter(|id| !settled.contains(*id)).cloned().collect();
    let read = move |world: &mut World, _| -> Vec<StoredOrder> {
        waiting.iter().filter_map(|id| world.store.orders.get(id).cloned()).collect()
    };
    let found = call(sim, "reads orders", read).await?;
    for bundle in found.iter().filter_map(|order| order.bundle.as_ref()).collect::<BTreeSet<_>>() {
        expand(sim, bundle).await?;
    }
    let mut pending = Vec::new();
    for stored in found {
        if stored.status == "pending" || bug == Some(Bug::DecidesAnOrderEachTime) {
            pending.push(serde_json::from_str::<Order>(&stored.body).unwrap());
        } else {
            settled.insert(stored.id);
        }
    }
    let mut known = Known::default();
    for orders in pending.chunks(FOLD) {
        take(sim, orders, &mut known).await?;
        settled.extend(orders.iter().map(|order| order.id.to_string()));
    }
    Ok(())
}

/// One transaction.
async fn take(sim: &Sim, orders: &[Order], known: &mut Known) -> Result<(), Unavailable> {
    for id in orders.iter().flat_map(|order| &order.lines).map(|line| &line.product_id) {
        if !known.products.contains_key(id) {
            let stored = read(sim, id.as_str()).await?;
            known.bundles.extend(stored.bundle.clone());
            let product = stored.body.as_ref().map(|body| serde_json::from_str(body).unwrap());
            known.products.insert(id.clone(), (stored, product));
        }
    }
    let bug = sim.world().bug;
    let key = format!("bundle#{}", new_id(sim));
    let (take, products) = fold(sim, orders, known, &key);
    if bug != Some(Bug::CommitsBeforeItExpands) {
        expand_all(sim, &mut known.bundles).await?;
    }
    let put = move |world: &mut World, now, token| world.store.take(now, token, &take, bug);
    if committed(sim, "takes stock", put).await? == Err(Refused::Raced) {
        return Err(Unavailable);
    }
    for (id, stored, product) in products {
        known.products.insert(id, (stored, Some(product)));
    }
    known.bundles.insert(key);
    // The orders are decided whatever happens here.
    let _ = expand_all(sim, &mut known.bundles).await;
    Ok(())
}

async fn expand_all(sim: &Sim, bundles: &mut BTreeSet<String>) -> Result<(), Unavailable> {
    while let Some(key) = bundles.first().cloned() {
        expand(sim, &key).await?;
        bundles.remove(&key);
    }
    Ok(())
}

/// Decides orders one after the other, each from what the previous ones have left.
fn fold(sim: &Sim, orders: &[Order], known: &Known, key: &str) -> (Take, Vec<(ProductId, Stored, Product)>) {
    let context = context(sim, "stock");
    let mut left: BTreeMap<&ProductId, u64> = BTreeMap::new();
    for (id, (_, product)) in &known.products {
        left.extend(product.as_ref().map(|product| (id, product.stock)));
    }
    let (mut decided, mut entries): (Vec<StoredOrder>, Vec<Entry>) = (Vec::new(), Vec::new());
    for order in orders {
        let fits = order.lines.iter().all(|line| left.get(&line.product_id).is_some_and(|left| *left >= line.quantity));
        let (status, reason) =
            if fits { (Status::Confirmed, None) } else { (Status::Rejected, Some("out_of_stock".to_owned())) };
        for line in order.lines.iter().filter(|_| fits) {
            *left.get_mut(&line.product_id).unwrap() -= line.quantity;
        }
        let order = Order { status, reason, version: 2, updated_at: context.now, ..order.clone() };
        entries.push(order::entries::entry(&order, new_id(sim), &context).unwrap());
        decided.push(stored(&order, Some(key.to_owned())));
    }
    let (mut products, mut next) = (Vec::new(), Vec::new());
    for (id, (stored, product)) in &known.products {
        let Some(product) = product.as_ref().filter(|product| product.stock != left[id]) else { continue };
        let version = stored.version + 1;
        let taken = Product { stock: left[id], version, updated_at: context.now, ..product.clone() };
        let ids = [new_id(sim), new_id(sim)];
        entries.extend(product::entries::stock_reduced(&taken, product.stock, ids, &context).unwrap());
        let named = sim.world().bug != Some(Bug::DoesNotNameTheBundle);
        let bundle = named.then(|| key.to_owned());
        let to = Stored { version, body: Some(serde_json::to_string(&taken).unwrap()), bundle };
        products.push((id.to_string(), to.clone()));
        next.push((id.clone(), to, taken));
    }
    (Take { orders: decided, products, bundle: key.to_owned(), entries }, next)
}
