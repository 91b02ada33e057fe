//! Orders through the stock consumer: orders per second, writes per order, and how long a client waits until its order
//! is decided.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::measure::Stack;
use end_to_end::paths;
use futures::future::try_join_all;
use local_aws_client::Access;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::load::percentile;

/// Batch sizes of the mapping, each with the number of queued orders.
const BATCHES: [(usize, usize); 3] = [(1, 300), (10, 1_000), (100, 2_000)];
/// Number of ingredients that the orders take, each through its own product.
const HOT: [usize; 2] = [1, 20];
/// Clients that create the queued orders.
const CLIENTS: usize = 16;
/// Clients that wait for their orders, each with its number of orders.
const WAITING: [(usize, usize); 2] = [(1, 150), (16, 40)];
/// Polling interval of a waiting client.
const POLL: Duration = Duration::from_millis(5);
/// The line of the template that starts the mapping.
const MAPPING: &str = "  StockFromOrderCreated:";
const BATCH_SIZE: &str = "BatchSize: 100";

pub async fn run(patience: Duration) -> anyhow::Result<()> {
    println!("\nOrders that wait, through `stock`: one line each, spread over products with an ingredient each");
    println!("| batch size | hot | orders | orders/s | orders per transaction | writes per order, in it | beside it |");
    println!("|-----------:|----:|-------:|---------:|-----------------------:|------------------------:|----------:|");
    let directory = tempfile::tempdir()?;
    for (size, orders) in BATCHES {
        let stack = with_batch_size(size, &directory).await?;
        for hot in HOT {
            let Drained { seconds, transactions, inside, beside } = drain(&stack, hot, orders, patience).await?;
            let each = orders as f64;
            println!(
                "| {size:>10} | {hot:>3} | {orders:>6} | {:>8.0} | {:>22.1} | {:>23.2} | {:>9.2} |",
                each / seconds,
                each / transactions as f64,
                inside as f64 / each,
                beside as f64 / each,
            );
        }
        stack.stop().await?;
    }
    println!("\nFrom `POST /orders` until `GET /orders/{{id}}` says `confirmed`");
    println!("| clients | orders | orders/s | p50 ms | p99 ms |");
    println!("|--------:|-------:|---------:|-------:|-------:|");
    let stack = Stack::start(&[]).await?;
    kitchen(&stack, "wait", 1).await?;
    confirmed(&stack).await?;
    for (clients, each) in WAITING {
        let start = Instant::now();
        let client = |_| async {
            let mut times = Vec::with_capacity(each);
            for _ in 0..each {
                times.push(confirmed(&stack).await?);
            }
            anyhow::Ok(times)
        };
        let mut times = try_join_all((0..clients).map(client)).await?.concat();
        times.sort_unstable();
        let rate = times.len() as f64 / start.elapsed().as_secs_f64();
        let (p50, p99) = (percentile(&times, 50), percentile(&times, 99));
        println!("| {clients:>7} | {:>6} | {rate:>8.0} | {p50:>6.2} | {p99:>6.2} |", times.len());
    }
    stack.stop().await
}

/// A stack whose orders mapping has another batch size.
async fn with_batch_size(size: usize, directory: &TempDir) -> anyhow::Result<Stack> {
    let template = std::fs::read_to_string(paths::root().join("template.yaml"))?;
    let (before, mapping) = template.split_once(MAPPING).context("the template has no mapping of orders")?;
    ensure!(mapping.contains(BATCH_SIZE), "the template has another batch size");
    let mapping = mapping.replacen(BATCH_SIZE, &format!("BatchSize: {size}"), 1);
    let path = directory.path().join(format!("template-{size}.yaml"));
    std::fs::write(&path, [before, MAPPING, &mapping].concat())?;
    let arguments = [("--template", path), ("--config-file", paths::root().join("samconfig.toml"))];
    let arguments: Vec<String> =
        arguments.iter().flat_map(|(flag, path)| [(*flag).to_owned(), path.display().to_string()]).collect();
    Stack::start(&arguments).await
}

/// The result of draining queued orders.
struct Drained {
    seconds: f64,
    transactions: usize,
    /// Items written inside the transactions; `beside` counts those written to expand the bundles afterwards.
    inside: u64,
    beside: u64,
}

/// Queues orders while the consumer is frozen, and then lets it continue.
async fn drain(stack: &Stack, hot: usize, orders: usize, patience: Duration) -> anyhow::Result<Drained> {
    let kitchen = format!("b-{hot}");
    let ids = self::kitchen(stack, &kitchen, hot).await?;
    // Ensures that its process has started.
    order(stack, &ids[0]).await?;
    stack.drained(patience).await?;
    let before = Stored::read(stack, &ids).await?;
    stack.signal("stock", "STOP").await?;
    let client = |client: usize| {
        let ids = &ids;
        async move {
            for number in (client..orders).step_by(CLIENTS) {
                order(stack, &ids[number % ids.len()]).await?;
            }
            anyhow::Ok(())
        }
    };
    try_join_all((0..CLIENTS).map(client)).await?;
    stack.signal("stock", "CONT").await?;
    let drained = stack.drained_by("stock", patience).await?;
    stack.drained(patience).await?;
    let after = Stored::read(stack, &ids).await?;
    ensure!(after.orders == before.orders + orders, "every order is confirmed");
    let transactions = after.bundles.difference(&before.bundles).count();
    let (products, ingredients) = (after.products - before.products, after.ingredients - before.ingredients);
    // Each bundle is put by a transaction and deleted later; each order and each product has an event.
    let inside = (orders + transactions) as u64 + products + ingredients;
    let beside = (orders + transactions) as u64 + products;
    Ok(Drained { seconds: drained, transactions, inside, beside })
}

/// What is stored: the number of confirmed orders, the transactions' bundles that they name, and versions.
struct Stored {
    orders: usize,
    bundles: BTreeSet<String>,
    products: u64,
    ingredients: u64,
}

impl Stored {
    async fn read(stack: &Stack, ids: &[String]) -> anyhow::Result<Self> {
        let table = stack.addresses.tables.get("OrdersTable").context("no table of orders")?;
        let dynamodb = Access::external(&stack.addresses.aws, |_| None).dynamodb();
        let scan = dynamodb.scan().table_name(table).consistent_read(true).into_paginator().items();
        let items = scan.send().collect::<Result<Vec<_>, _>>().await?;
        let text = |item: &HashMap<String, AttributeValue>, name: &str| item.get(name)?.as_s().ok().cloned();
        let confirmed = || items.iter().filter(|item| text(item, "status").as_deref() == Some("confirmed"));
        let bundles = confirmed().filter_map(|item| text(item, "bundle")).collect();
        let (mut products, mut ingredients) = (0, 0);
        for id in ids {
            products += version(stack, &format!("/products/{id}")).await?;
            ingredients += version(stack, &format!("/ingredients/{id}")).await?;
        }
        Ok(Self { orders: confirmed().count(), bundles, products, ingredients })
    }
}

async fn version(stack: &Stack, path: &str) -> anyhow::Result<u64> {
    let body: Value = stack.client.get(format!("{}{path}", stack.addresses.http)).send().await?.json().await?;
    body["version"].as_u64().with_context(|| format!("{path}: {body}"))
}

/// Creates products, each with one ingredient of its own and more stock than is ordered.
async fn kitchen(stack: &Stack, name: &str, hot: usize) -> anyhow::Result<Vec<String>> {
    let ids: Vec<String> = (0..hot).map(|number| format!("{name}-{number}")).collect();
    for id in &ids {
        let plenty = 1_000_000_000;
        let ingredient = json!({"id": id, "name": "Beef", "unit": "g", "stock": plenty, "fullLevel": plenty});
        post(stack, "/ingredients", &ingredient).await?;
        let product = json!({
            "id": id, "name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": plenty,
            "recipe": [{"ingredientId": id, "quantity": 150, "unit": "g"}]
        });
        post(stack, "/products", &product).await?;
    }
    Ok(ids)
}

async fn order(stack: &Stack, product: &str) -> anyhow::Result<Value> {
    post(stack, "/orders", &json!({"lines": [{"productId": product, "quantity": 1}]})).await
}

async fn post(stack: &Stack, path: &str, body: &Value) -> anyhow::Result<Value> {
    let answer = stack.client.post(format!("{}{path}", stack.addresses.http)).json(body).send().await?;
    let (status, text) = (answer.status(), answer.text().await?);
    ensure!(status == 201, "POST {path} answered {status}: {text}");
    Ok(serde_json::from_str(&text)?)
}

/// Creates an order and waits until it is confirmed.
async fn confirmed(stack: &Stack) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let made = order(stack, "wait-0").await?;
    let url = format!("{}/orders/{}", stack.addresses.http, made["id"].as_str().context("no id")?);
    loop {
        let order: Value = stack.client.get(&url).send().await?.json().await?;
        match order["status"].as_str() {
            Some("pending") => tokio::time::sleep(POLL).await,
            Some("confirmed") => return Ok(start.elapsed()),
            _ => anyhow::bail!("an order became {order}"),
        }
    }
}
