//! Orders take stock exactly once, whatever is killed and however often their events are redelivered.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use end_to_end::stack::kafka::events_of;
use end_to_end::stack::orders::{amount, decided, dish, ingredient, ordered};
use end_to_end::stack::tables::text;
use end_to_end::stack::{Stack, size, soak};
use futures::StreamExt;
use futures::stream;
use krafka::producer::Record;
use millrace_judge::read::topic;
use serde_json::{Value, json};

const PRODUCTS: usize = 20;
const INGREDIENTS: usize = 6;
const AT_ONCE: usize = 16;
/// The step at which the orders are decided, with their events in a bundle; the transaction names the bundle's table
/// first.
const COMMITTED: &str = "dynamodb.TransactWriteItems.millrace-OutboxTable.after";
/// The period of the relay's schedule, the age at which it publishes what was left behind, and its work.
const BY_SCHEDULE: Duration = Duration::from_secs(75);
/// Time between two runs of the relay that the test starts.
const TICK: Duration = Duration::from_secs(1);

fn recipe(product: usize) -> [(usize, u64); 2] {
    [(product % INGREDIENTS, 1 + product as u64 % 3), ((product + 1) % INGREDIENTS, 2)]
}

/// Remaining stock, by id.
type Left = BTreeMap<String, u64>;

/// What an order takes, by id of the product or ingredient.
fn parts(order: &Value) -> Left {
    let mut parts = Left::new();
    for line in order["lines"].as_array().unwrap() {
        let quantity = line["quantity"].as_u64().unwrap();
        *parts.entry(line["productId"].as_str().unwrap().to_owned()).or_default() += quantity;
        for item in line["recipe"].as_array().unwrap() {
            let taken = quantity * item["quantity"].as_u64().unwrap();
            *parts.entry(item["ingredientId"].as_str().unwrap().to_owned()).or_default() += taken;
        }
    }
    parts
}

/// The reference model: one order after the other, in topic order, takes everything or nothing.
fn model(left: &mut Left, orders: &[Value]) -> BTreeMap<String, &'static str> {
    let mut statuses = BTreeMap::new();
    for order in orders {
        let parts = parts(order);
        let fits = parts.iter().all(|(id, taken)| left[id] >= *taken);
        if fits {
            for (id, taken) in &parts {
                *left.get_mut(id).unwrap() -= taken;
            }
        }
        let status = if fits { "confirmed" } else { "rejected" };
        statuses.insert(order["id"].as_str().unwrap().to_owned(), status);
    }
    statuses
}

#[tokio::test]
async fn every_order_is_decided_as_the_model_does_to_the_unit_whatever_is_killed_and_repeated() {
    let orders = size(400, 5_000);
    let stack = Stack::start().await;
    let mut left = Left::new();
    for number in 0..INGREDIENTS {
        // Enough for most orders, for some, and for few.
        let amount = orders as u64 * [12, 6, 3][number % 3];
        ingredient(&stack, &format!("i-{number}"), amount).await;
        left.insert(format!("i-{number}"), amount);
    }
    for number in 0..PRODUCTS {
        let id = format!("d-{number}");
        let recipe = recipe(number).map(|(ingredient, quantity)| (format!("i-{ingredient}"), quantity));
        let recipe: Vec<(&str, u64)> = recipe.iter().map(|(id, quantity)| (id.as_str(), *quantity)).collect();
        let stock = orders as u64 * [1, 2][number % 2] / 10;
        dish(&stack, &id, stock, &recipe).await;
        left.insert(id, stock);
    }
    let full = left.clone();
    let done = AtomicBool::new(false);
    let make = async {
        let one = async |number: usize| {
            let first = number % PRODUCTS;
            let second = (first + 1 + number % 7) % PRODUCTS;
            let lines = [(format!("d-{first}"), 1 + number as u64 % 3), (format!("d-{second}"), 1)];
            let lines: Vec<(&str, u64)> = lines.iter().map(|(id, quantity)| (id.as_str(), *quantity)).collect();
            ordered(&stack, &lines).await
        };
        stream::iter(0..orders).map(one).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        // Each event once more.
        let again = topic::records(&stack.addresses.kafka, "order_created").await.unwrap().into_iter();
        let again = again.map(|it| Record::new("order_created", it.value.unwrap()).key(it.key.unwrap()));
        stack.produce(again.collect()).await;
        let decided = decided(&stack, orders).await;
        done.store(true, Ordering::Relaxed);
        decided
    };
    let kill = async {
        let mut kills = 0;
        while kills < 3 && !done.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(50..400))).await;
            kills += usize::from(!stack.kill("stock").await.is_empty());
        }
        kills
    };
    let (decided, kills) = tokio::join!(make, kill);
    assert_eq!(kills, 3);
    stack.relayed().await;
    let created = events_of(&stack.addresses.kafka, "order_created").await;
    let created: Vec<Value> = created.iter().map(|it| serde_json::from_str(it.event.data.get()).unwrap()).collect();
    assert_eq!(created.len(), orders);
    let expected = model(&mut left, &created);
    let statuses: BTreeMap<String, &str> = decided
        .iter()
        .map(|order| (order["id"].as_str().unwrap().to_owned(), order["status"].as_str().unwrap()))
        .collect();
    assert_eq!(statuses, expected);
    let confirmed = expected.values().filter(|status| **status == "confirmed").count();
    assert!(confirmed > orders / 10 && confirmed < orders * 9 / 10, "{confirmed} of {orders} confirmed");
    for (id, amount_left) in &left {
        let path = if id.starts_with('d') { format!("/products/{id}") } else { format!("/ingredients/{id}") };
        assert_eq!(amount(&stack, &path).await, *amount_left, "{id}");
    }
    told_once(&stack, &full, &left).await;
    stack.conserved().await;
    assert!(stack.items("DeadLetterTable").await.is_empty());
    eprintln!("{confirmed} of {orders} orders confirmed, {kills} kills");
}

/// Each ingredient that fell below half has one Notify event and one e-mail.
async fn told_once(stack: &Stack, full: &Left, left: &Left) {
    let fell = |id: &&String| id.starts_with('i') && left[*id] * 2 < full[*id];
    let expected: Vec<&String> = full.keys().filter(fell).collect();
    assert!(!expected.is_empty());
    let mut told: Vec<String> =
        events_of(&stack.addresses.kafka, "notify").await.into_iter().map(|notify| notify.event.subject).collect();
    told.sort();
    assert_eq!(told.iter().collect::<Vec<_>>(), expected);
    let mails = stack.get("/_local/mail").await.with(200).json();
    assert_eq!(mails["items"].as_array().unwrap().len(), expected.len());
}

#[tokio::test]
async fn the_events_of_a_process_that_died_behind_its_commit_are_published_by_the_relay_within_a_minute() {
    let stack = Stack::start().await;
    ingredient(&stack, "beef", 100).await;
    dish(&stack, "dish", 100, &[("beef", 10)]).await;
    ordered(&stack, &[("dish", 1)]).await;
    decided(&stack, 1).await;
    stack.drained().await;
    stack.arm("stock", COMMITTED, "STOP").await;
    let id = ordered(&stack, &[("dish", 5)]).await;
    stack.until_struck("stock", COMMITTED).await;
    // Redelivery waits, so that only the relay can publish.
    let waits = size(Duration::from_secs(30), 2 * BY_SCHEDULE);
    let slow = |lasts: u32| json!({"kind": "slowFunction", "function": "stock", "durationMs": lasts, "delayMs": waits.as_millis() as u64});
    stack.ask("POST", "/_local/faults", &slow(600_000)).await.with(200);
    let died = Instant::now();
    assert_eq!(stack.kill("stock").await.len(), 1);
    decided(&stack, 2).await;
    let bundled = stack.items("OutboxTable").await;
    assert!(matches!(&bundled[..], [item] if text(item, "aggregate").starts_with("bundle#")), "{bundled:?}");
    let mut ticked = Instant::now();
    stack
        .eventually_within(waits.min(BY_SCHEDULE), "the relay publishes what is in the bundle", async || {
            // In full size, the relay's own schedule has to do it.
            if !soak() && ticked.elapsed() > TICK {
                stack.send(stack.request("POST", "/_local/clock/tick?function=outbox-relay")).await.with(202);
                ticked = Instant::now();
            }
            let events = events_of(&stack.addresses.kafka, "order-events").await;
            let notices = events_of(&stack.addresses.kafka, "notify").await.len();
            let told = events.iter().any(|published| published.event.subject == id);
            if told && notices == 1 { Ok(()) } else { Err((told, notices)) }
        })
        .await;
    eprintln!("published {:.1} s after the crash", died.elapsed().as_secs_f64());
    stack.ask("POST", "/_local/faults", &slow(0)).await.with(200);
    // The waiting delivery, or the next one if it has timed out, finds the order decided.
    stack.drained().await;
    stack.conserved().await;
}
