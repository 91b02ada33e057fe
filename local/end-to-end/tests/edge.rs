//! Orders, restocks and replacements race for an ingredient at half of its full level.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use end_to_end::stack::kafka::events_of;
use end_to_end::stack::orders::{amount, decided, dish, ingredient, ordered};
use end_to_end::stack::{Answer, Stack, size};
use futures::future::join_all;
use serde_json::{Value, json};

const CLIENTS: usize = 8;
/// Pause of a restocking client: 80 restocks a second, where a kitchen has one an hour.
const PAUSE: Duration = Duration::from_millis(50);
/// The full level, and what one order takes.
const FULL: u64 = 100;
const PIECE: u64 = 7;
const INGREDIENTS: [&str; 3] = ["beef", "cheese", "onion"];

/// An accepted change whose version an answer names.
#[derive(Debug, Clone)]
enum Accepted {
    Restock(u64),
    Replace(Value),
}

/// Accepted changes by ingredient and version.
type Answers = BTreeMap<(String, u64), Accepted>;

/// A client of one ingredient: mostly orders, and changes that keep its stock near half.
async fn client(stack: &Stack, number: usize, rounds: usize) -> (Vec<String>, Answers) {
    let (mut orders, mut answers) = (Vec::new(), Answers::new());
    let mut random = fastrand::Rng::with_seed(number as u64);
    for _ in 0..rounds {
        let id = INGREDIENTS[random.usize(..INGREDIENTS.len())];
        let (answer, accepted) = match random.u32(..10) {
            0..6 => {
                orders.push(ordered(stack, &[(&format!("dish-{id}"), random.u64(1..=2))]).await);
                continue;
            }
            6..9 => {
                let quantity = random.u64(1..=30);
                let body = json!({"quantity": quantity});
                let path = format!("/ingredients/{id}/restock");
                (stack.ask("POST", &path, &body).await, Accepted::Restock(quantity))
            }
            _ => {
                let (stock, full) = (random.u64(40..=60), random.u64(80..=120));
                let body = json!({"name": id, "unit": "g", "stock": stock, "fullLevel": full});
                (stack.ask("PUT", &format!("/ingredients/{id}"), &body).await, Accepted::Replace(body))
            }
        };
        let version = answer.with(200).json()["version"].as_u64().unwrap();
        let twice = answers.insert((id.to_owned(), version), accepted);
        assert!(twice.is_none(), "{id}: version {version} was answered twice");
    }
    (orders, answers)
}

/// The versions of each ingredient, in the order in which they were stored.
async fn versions(stack: &Stack) -> BTreeMap<String, Vec<Value>> {
    let mut versions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for image in stack.history("IngredientsTable").await {
        let body: Value = serde_json::from_str(image["body"]["S"].as_str().unwrap()).unwrap();
        versions.entry(body["id"].as_str().unwrap().to_owned()).or_default().push(body);
    }
    versions
}

fn number(body: &Value, name: &str) -> u64 {
    body[name].as_u64().unwrap()
}

/// The reference model: the versions and stocks at which a notice is due.
fn notified_by_model(versions: &[Value]) -> Vec<(u64, u64)> {
    let mut notified = Vec::new();
    // Whether the next fall below half is notified.
    let (mut armed, mut below) = (None, false);
    for version in versions {
        let (twice, full) = (2 * number(version, "stock"), number(version, "fullLevel"));
        let was_armed = armed.unwrap_or(twice >= full);
        let falls = was_armed && !below && twice < full;
        if falls {
            notified.push((number(version, "version"), number(version, "stock")));
        }
        armed = Some(twice > full || (was_armed && !falls));
        below = twice < full;
    }
    notified
}

#[tokio::test]
async fn restocks_replacements_and_orders_racing_at_the_edge_are_told_as_the_model_says() {
    let rounds = size(40, 400);
    let stack = Stack::start().await;
    stack.keep_history("IngredientsTable").await;
    for id in INGREDIENTS {
        ingredient(&stack, id, FULL).await;
        dish(&stack, &format!("dish-{id}"), 1_000_000, &[(id, PIECE)]).await;
    }
    let done = join_all((0..CLIENTS).map(|number| client(&stack, number, rounds))).await;
    let mut answers = Answers::new();
    for (_, of_client) in &done {
        for (version, accepted) in of_client {
            assert!(answers.insert(version.clone(), accepted.clone()).is_none(), "{version:?} was answered twice");
        }
    }
    let orders = decided(&stack, done.iter().map(|(orders, _)| orders.len()).sum()).await;
    stack.relayed().await;

    let versions = versions(&stack).await;
    let mut expected = BTreeSet::new();
    for (id, versions) in &versions {
        let taken = steps(id, versions, &answers);
        let of_ingredient = |line: &&Value| line["productId"] == format!("dish-{id}");
        let confirmed = orders.iter().filter(|order| order["status"] == "confirmed");
        let lines = confirmed.flat_map(|order| order["lines"].as_array().unwrap()).filter(of_ingredient);
        assert_eq!(taken, lines.map(|line| PIECE * number(line, "quantity")).sum::<u64>(), "{id}");
        expected.extend(notified_by_model(versions).into_iter().map(|(version, stock)| (id.clone(), version, stock)));
    }
    let notices = events_of(&stack.addresses.kafka, "notify").await;
    let data =
        |notify: &end_to_end::stack::kafka::Published| serde_json::from_str::<Value>(notify.event.data.get()).unwrap();
    let event = |data: Value| {
        (data["ingredientId"].as_str().unwrap().to_owned(), number(&data, "version"), number(&data, "stock"))
    };
    let events: Vec<_> = notices.iter().map(|notify| event(data(notify))).collect();
    assert_eq!(events.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(events.len(), expected.len(), "each once");
    assert!(expected.len() > rounds / 10, "only {} falls", expected.len());
    let mails = stack.get("/_local/mail").await.json();
    assert_eq!(mails["items"].as_array().unwrap().len(), expected.len());
    stack.conserved().await;
    eprintln!("{} orders, {} changes, {} falls below half", orders.len(), answers.len(), expected.len());
}

/// Checks that every accepted change is one step of the version; returns how much the other steps took.
fn steps(id: &str, versions: &[Value], answers: &Answers) -> u64 {
    let (mut taken, mut named) = (0, 1);
    assert_eq!(number(&versions[0], "version"), 1);
    for pair in versions.windows(2) {
        let [before, after] = pair else { panic!("a window of two") };
        let version = number(after, "version");
        assert_eq!(version, number(before, "version") + 1, "{id}");
        let (stock_before, stock) = (number(before, "stock"), number(after, "stock"));
        match answers.get(&(id.to_owned(), version)) {
            Some(Accepted::Restock(quantity)) => assert_eq!(stock, stock_before + quantity, "{id}, {version}"),
            Some(Accepted::Replace(body)) => {
                assert_eq!((&after["stock"], &after["fullLevel"]), (&body["stock"], &body["fullLevel"]));
            }
            None => {
                assert!(stock < stock_before, "{id}, {version}: orders only take");
                taken += stock_before - stock;
                continue;
            }
        }
        named += 1;
    }
    let accepted = answers.keys().filter(|(of, _)| of == id).count();
    assert_eq!(named, accepted + 1, "{id}: each accepted change is a version");
    taken
}

#[tokio::test]
async fn a_restock_of_an_ingredient_that_every_order_takes_succeeds_under_load() {
    let orders = size(600, 6_000);
    let stack = Stack::start().await;
    ingredient(&stack, "hot", 1_000_000).await;
    dish(&stack, "dish", 1_000_000, &[("hot", 1)]).await;
    let (began, done) = (Instant::now(), AtomicBool::new(false));
    let order = async |number: usize| {
        for _ in 0..orders / 48 + usize::from(number < orders % 48) {
            ordered(&stack, &[("dish", 1)]).await;
        }
    };
    let order = async {
        join_all((0..48).map(order)).await;
        decided(&stack, orders).await;
        done.store(true, Ordering::Relaxed);
        began.elapsed()
    };
    let restock = async |client: usize| {
        let mut answers: Vec<(Duration, Answer)> = Vec::new();
        while !done.load(Ordering::Relaxed) {
            let (began, key) = (Instant::now(), format!("{client}-{}", answers.len()));
            let request = stack.request("POST", "/ingredients/hot/restock").header("idempotency-key", key);
            let answer = stack.send(request.json(&json!({"quantity": 3}))).await;
            answers.push((began.elapsed(), answer));
            tokio::time::sleep(PAUSE).await;
        }
        answers
    };
    let (lasted, answers) = tokio::join!(order, join_all((0..4).map(restock)));
    let mut answers = answers.concat();
    answers.sort_by_key(|(took, _)| *took);
    let refused = answers.iter().filter(|(_, answer)| answer.status != 200).count();
    let slowest = answers.last().unwrap().0;
    let rate = orders as f64 / lasted.as_secs_f64();
    eprintln!(
        "{rate:.0} orders a second beside {} restocks: {refused} refused, median {:?}, slowest {slowest:?}",
        answers.len(),
        answers[answers.len() / 2].0
    );
    assert_eq!(refused, 0, "{:?}", answers.iter().find(|(_, answer)| answer.status != 200));
    let expected = 1_000_000 - orders as u64 + 3 * answers.len() as u64;
    assert_eq!(amount(&stack, "/ingredients/hot").await, expected);
    stack.relayed().await;
    stack.conserved().await;
}
