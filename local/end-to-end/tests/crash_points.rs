//! A function is stopped at each of its steps, and nothing is lost, doubled or out of order.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use end_to_end::stack::crash::CrashPoint;
use end_to_end::stack::kafka::TOPIC;
use end_to_end::stack::load::{Seen, load};
use end_to_end::stack::{PATIENCE, Stack, product};
use futures::future::join_all;
use krafka::producer::Record;
use serde_json::{Value, json};

const API: &str = "products-api";
const COMMITTED: &str = "dynamodb.TransactWriteItems.millrace-ProductsTable.after";
/// Pause between two rounds of what runs beside the load.
const TICK: Duration = Duration::from_millis(250);

/// Asks for everything that can be read. Any answer will do: a function may be killed while answering.
async fn read_everything(stack: &Stack) {
    // Of the first event the life needs further reads.
    let page = stack.get("/event-log?subject=taken&limit=1").await;
    let page: Value = serde_json::from_str(&page.text).unwrap_or_default();
    let life = format!("/event-log/{}", page["items"][0]["eventId"].as_str().unwrap_or("none"));
    let lists = ["/products?limit=2", "/products?lowStock=true", "/event-log?limit=2", "/notifications?limit=2"];
    let others = ["/notifications?after=1000000000", "/analytics", "/analytics/products", "/overview", "/health/ready"];
    for path in lists.into_iter().chain(others).chain([life.as_str(), "/docs", "/console"]) {
        stack.get(path).await;
    }
}

/// Runs `work` beside clients of the APIs, readers, invalid records on the topic, crashes that leave events behind, and
/// schedules that are started often.
async fn under_load<T>(stack: &Stack, work: impl Future<Output = T>) -> (Seen, T) {
    let stop = AtomicBool::new(false);
    let running = || !stop.load(Ordering::Relaxed);
    // On each topic that the relay publishes to, or it would pass a step once and never again.
    let leave_behind = async {
        for function in [API, "orders-api", "timers-api", "stock"].into_iter().cycle().take_while(|_| running()) {
            // Empty until something is committed.
            let steps = stack.steps(function).await;
            let committed =
                |step: &&String| step.starts_with("dynamodb.TransactWriteItems.") && step.ends_with("after");
            if let Some(step) = steps.iter().find(committed) {
                stack.arm(function, step, "KILL").await;
            }
            // Each gets its turn once a second, which is long enough for changes to get past it.
            tokio::time::sleep(TICK).await;
        }
    };
    // The sweeper too: a step that is passed only once a minute would stay armed for too long.
    let schedules = async {
        while running() {
            for function in ["outbox-relay", "activity-sweeper"] {
                let tick = stack.request("POST", &format!("/_local/clock/tick?function={function}"));
                stack.send(tick).await.with(202);
            }
            tokio::time::sleep(TICK).await;
        }
    };
    let order = async {
        for number in 0.. {
            if !running() {
                break;
            }
            // Each takes an ingredient below half, and may itself be interrupted.
            let (dish, beef) = (format!("dish-{number}"), format!("beef-{number}"));
            let mut product = product(&dish);
            (product["id"], product["recipe"]) =
                (json!(dish), json!([{"ingredientId": beef, "quantity": 1, "unit": "g"}]));
            let ingredient =
                json!({"name": "Beef", "unit": "g", "stock": 10, "fullLevel": 10, "alertEmail": "a@example.com"});
            stack.ask("PUT", &format!("/ingredients/{beef}"), &ingredient).await;
            stack.ask("POST", "/products", &product).await;
            let order = json!({"lines": [{"productId": dish, "quantity": 6}]});
            let order = stack.request("POST", "/orders").header("Idempotency-Key", &dish).json(&order);
            stack.send(order).await;
            stack.get("/orders?limit=1").await;
        }
    };
    let timer = async {
        for number in (0_u64..).take_while(|_| running()) {
            // Far in the future, so that none fires meanwhile.
            let timer = json!({"url": "http://localhost:9/", "seconds": 86_400});
            let timer =
                stack.request("POST", "/timers").header("Idempotency-Key", format!("timer-{number}")).json(&timer);
            let made = stack.send(timer).await;
            let id =
                if made.status == 202 { made.json()["timerId"].as_str().unwrap().to_owned() } else { "none".into() };
            for path in [format!("/timers/{id}"), "/timers?limit=2".into(), "/timers?status=scheduled&limit=2".into()] {
                stack.get(&path).await;
            }
            stack.send(stack.request("DELETE", &format!("/timers/{id}"))).await;
            tokio::time::sleep(TICK).await;
        }
    };
    let poison = async {
        while running() {
            // The second one exceeds what a dead-letter item holds.
            let poison = [b"poison".to_vec(), vec![b'x'; 300 * 1024]];
            stack.produce(poison.map(|value| Record::new(TOPIC, value)).into()).await;
            tokio::time::sleep(4 * TICK).await;
        }
    };
    let change = async {
        for number in (0_u64..).take_while(|_| running()) {
            // A change reads the pending events before it publishes, which a create need not.
            stack.ask("PATCH", "/products/taken", &json!({"stock": number})).await;
            tokio::time::sleep(TICK).await;
        }
    };
    let read = async {
        let mut taken = product("Taken");
        taken["id"] = json!("taken");
        for number in (0_u64..).take_while(|_| running()) {
            // All but the first are refused, so that their keys are released.
            let key = format!("taken-{number}");
            let again = stack.request("POST", "/products").header("Idempotency-Key", key).json(&taken);
            stack.send(again).await;
            read_everything(stack).await;
            tokio::time::sleep(TICK).await;
        }
    };
    let work = async {
        let done = work.await;
        stop.store(true, Ordering::Relaxed);
        done
    };
    let (seen, done, ..) =
        tokio::join!(load(stack, usize::MAX, &stop), work, leave_behind, schedules, order, timer, poison, change, read);
    (seen, done)
}

#[tokio::test]
async fn a_crash_at_any_step_of_any_function_loses_nothing() {
    let stack = Stack::start().await;
    let crash_everywhere = async {
        let mut done: BTreeSet<(String, String)> = BTreeSet::new();
        let mut new_until = Instant::now() + PATIENCE;
        // A step that only a crash leads to shows up on the way.
        loop {
            let passed = stack.crash_points().await;
            // A crash of the runner costs the time of its lease; the timer tests cover it. The notifier takes some steps only when
            // a process begins; its own test makes them begin.
            let mut passed =
                passed.into_iter().filter(|at| !["timer-runner", "notifier"].contains(&at.function.as_str()));
            let next = passed.find(|at| !done.contains(&(at.function.clone(), at.step.clone())));
            match next {
                Some(CrashPoint { function, step, .. }) => {
                    stack.arm(&function, &step, "KILL").await;
                    stack.until_struck(&function, &step).await;
                    done.insert((function, step));
                    new_until = Instant::now() + PATIENCE;
                }
                None if all_functions(&done) && relay_published(&done) => return done,
                None => assert!(Instant::now() < new_until, "only {done:?} were passed{}", stack.process.tail()),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (seen, done) = Box::pin(under_load(&stack, crash_everywhere)).await;
    assert!(seen.created > 0 && !seen.refused.is_empty(), "the crashes met requests");
    for (function, step) in &done {
        eprintln!("crashed {function} at {step}");
    }
    stack.nothing_is_lost().await;
}

/// Every function was stopped, except those with their own tests: CloudFormation's, users' events, those that make timers due
/// and send them, and those that write and stream the feed of notifications.
fn all_functions(done: &BTreeSet<(String, String)>) -> bool {
    let functions: BTreeSet<&str> = done.iter().map(|(function, _)| function.as_str()).collect();
    let apis = "products-api orders-api timers-api event-log-api analytics-api notifications-api operations-api";
    let others = "docs-api console stock alert-mail timer-store event-log archive analytics outbox-relay";
    apis.split(' ').chain(others.split(' ')).all(|name| functions.contains(name))
}

/// The relay was stopped when it published, and when it deleted.
fn relay_published(done: &BTreeSet<(String, String)>) -> bool {
    let steps = ["kafka.produce", "dynamodb.BatchWriteItem"];
    steps.iter().all(|part| done.iter().any(|(function, step)| function == "outbox-relay" && step.starts_with(part)))
}

#[tokio::test]
async fn a_create_with_a_key_that_crashes_at_any_step_and_is_sent_again_makes_one_product() {
    let stack = Stack::start().await;
    let create = async |key: &str| {
        let request = stack.request("POST", "/products").header("Idempotency-Key", key).json(&product(key));
        stack.send(request).await
    };
    create("undisturbed").await.with(201);
    let steps = stack.steps(API).await;
    assert!(steps.iter().any(|step| step.starts_with("dynamodb.PutItem.millrace-IdempotencyTable")), "{steps:?}");
    for step in &steps {
        stack.arm(API, step, "KILL").await;
        create(step).await.with(500);
        assert!(stack.struck(API, step).await, "{step}");
    }
    let again = join_all(steps.iter().map(async |step| {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = create(step).await;
            if answer.status == 201 {
                return answer.json();
            }
            // The claim of the dead process is free when its lease has expired.
            assert_eq!(answer.json()["code"], "idempotency_key_in_progress", "{step}");
            assert!(Instant::now() < deadline, "{step}: the key is not free again");
            tokio::time::sleep(Duration::from_secs(answer.header("retry-after").parse().unwrap())).await;
        }
    }))
    .await;
    stack.relayed().await;
    let products: Vec<Value> = stack.products("limit=100").await.concat();
    assert_eq!(products.len(), 1 + steps.len(), "one product for each key");
    for (step, answer) in steps.iter().zip(again) {
        assert_eq!(answer["name"].as_str(), Some(step.as_str()));
        assert!(products.contains(&answer), "{step}");
        assert_eq!(create(step).await.with(201).header("idempotency-replayed"), "true", "{step}");
    }
    assert_eq!(stack.conserved().await, products.len());
}

#[tokio::test]
async fn a_handler_that_stands_still_or_dies_between_commit_and_produce_does_not_change_the_order() {
    // Two processes with one request each, so that the second request meets the first.
    let stack = Stack::start_with(&["--concurrency", "1", "--instances", "2"]).await;
    let shared = stack.create(&product("Changed by two")).await;
    let path = format!("/products/{}", shared["id"].as_str().unwrap());
    let patch = async |stock: usize| stack.ask("PATCH", &path, &json!({"stock": stock})).await;
    patch(0).await.with(200);
    let steps = stack.steps(API).await;
    let from_commit = |step: &&String| {
        step.as_str() == COMMITTED || ["Query", "kafka", "BatchWrite", "answer"].iter().any(|part| step.contains(part))
    };
    let steps: Vec<&String> = steps.iter().filter(from_commit).collect();
    assert_eq!(steps.len(), 8, "commit, read, produce, delete, answer: {steps:?}");
    let mut changes = 2;
    for step in steps {
        for signal in ["STOP", "KILL"] {
            stack.arm(API, step, signal).await;
            let first = patch(changes);
            let second = async {
                stack.until_struck(API, step).await;
                // While the first has committed and is frozen or dead.
                patch(changes + 1).await.with(200);
                stack.signal(API, "CONT").await;
            };
            let (first, ()) = tokio::join!(first, second);
            first.with(if signal == "STOP" { 200 } else { 500 });
            changes += 2;
        }
    }
    stack.relayed().await;
    assert_eq!(stack.get(&path).await.json()["version"], changes);
    assert_eq!(stack.conserved().await, changes);
}
