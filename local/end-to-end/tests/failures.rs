//! Failures lose nothing, double nothing and block nobody for long.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use end_to_end::stack::kafka::{self, KEY, TOPIC};
use end_to_end::stack::load::{Seen, load};
use end_to_end::stack::tables::text;
use end_to_end::stack::{Stack, product, size, soak};
use krafka::producer::Record;
use serde_json::json;

/// A fault that the test ends itself.
const UNTIL_ENDED: Duration = Duration::from_secs(600);
/// Every client gets an answer within this time, whatever hangs: the function's timeout.
const LONGEST: Duration = Duration::from_secs(10);
/// Limit for the first create after Kafka went down: a request spends 2 s on Kafka.
const FIRST: Duration = Duration::from_secs(3);
/// Covers the relay's schedule and its work.
const ALL_BACK: Duration = Duration::from_secs(90);
/// DynamoDB faults.
const FAULTS: [&str; 3] = ["dynamodbThrottled", "transactionConflict", "errorAfterCommit"];
const API: &str = "products-api";

/// Load for some time.
async fn load_for(stack: &Stack, lasts: Duration) -> Seen {
    let stop = AtomicBool::new(false);
    let end = async {
        tokio::time::sleep(lasts).await;
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(load(stack, usize::MAX, &stop), end).0
}

/// Steps of a create between its write and its answer.
fn is_behind_commit(step: &str) -> bool {
    let behind =
        ["dynamodb.Query.millrace-OutboxTable", "kafka.", "dynamodb.BatchWriteItem.millrace-OutboxTable", "answer"];
    step == "dynamodb.TransactWriteItems.millrace-ProductsTable.after"
        || behind.iter().any(|part| step.starts_with(part))
}

#[tokio::test]
async fn while_kafka_is_down_creates_are_answered_and_their_events_come_when_it_is_back() {
    let down = size(Duration::from_secs(8), Duration::from_secs(30));
    let stack = Stack::start().await;
    let before = stack.create(&product("Before")).await["id"].as_str().unwrap().to_owned();
    stack.drained().await;
    stack.kafka_down(UNTIL_ENDED).await;
    let began = Instant::now();
    stack.create(&product("First")).await;
    let first = began.elapsed();
    assert!(first < FIRST, "the first was answered after {first:?}");
    let seen = load_for(&stack, down).await;
    assert_eq!(seen.refused, Vec::<u16>::new());
    for stock in 0..3 {
        stack.ask("PATCH", &format!("/products/{before}"), &json!({"stock": stock})).await.with(200);
    }
    let pending = stack.items("OutboxTable").await.len();
    assert!(pending > 3 * seen.created, "{pending} events wait for Kafka");
    stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
    let back = Instant::now();
    if soak() {
        // By the relay's own schedule.
        stack.drained_within(ALL_BACK).await;
    } else {
        stack.relayed().await;
    }
    let published = back.elapsed();
    stack.nothing_is_lost().await;
    eprintln!(
        "Kafka down for {down:?}: the first create took {first:?}; then {} requests, p99 {:?}, slowest {:?}; all {pending} \
         events published and logged {published:?} after its return",
        seen.times.len(),
        seen.p99(),
        seen.slowest()
    );
}

#[tokio::test]
async fn a_killed_api_leaves_no_product_without_its_event_and_no_event_without_its_product() {
    let kills = size(30, 200);
    let stack = Stack::start().await;
    // A create and a change, so that every step is known.
    let known = stack.create(&product("Known")).await["id"].as_str().unwrap().to_owned();
    stack.ask("PATCH", &format!("/products/{known}"), &json!({"stock": 4})).await.with(200);
    stack.drained().await;
    let steps: Vec<String> = stack.steps(API).await.into_iter().filter(|step| is_behind_commit(step)).collect();
    assert!(steps.len() >= 8, "{steps:?}");
    let (stop, mut random) = (AtomicBool::new(false), fastrand::Rng::new());
    let crashes = async {
        for _ in 0..kills {
            let step = random.choice(&steps).unwrap();
            stack.arm(API, step, "KILL").await;
            stack.until_struck(API, step).await;
        }
        for _ in 0..kills / 4 {
            let at = invocations(&stack, API).await + random.u64(1..20);
            stack.eventually("the API is at work", async || busier(&stack, API, at).await).await;
            assert!(!stack.kill(API).await.is_empty());
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(load(&stack, usize::MAX, &stop), crashes);
    assert!(seen.created > 0 && !seen.refused.is_empty(), "the kills met requests");
    let events = stack.nothing_is_lost().await;
    eprintln!(
        "{kills} kills of the API between write and answer, {} at any moment: {} requests, {} cut off, {events} events",
        kills / 4,
        seen.times.len(),
        seen.refused.len()
    );
}

#[tokio::test]
async fn functions_that_stand_still_for_a_while_lose_nothing() {
    let stops = size(6, 40);
    let stack = Stack::start().await;
    let stop = AtomicBool::new(false);
    let mut random = fastrand::Rng::new();
    let pauses = async {
        for _ in 0..stops {
            let function = random.choice([API, "event-log", "archive"]).unwrap();
            let at = invocations(&stack, function).await + random.u64(1..5);
            stack.eventually("it is at work", async || busier(&stack, function, at).await).await;
            stack.signal(function, "STOP").await;
            tokio::time::sleep(Duration::from_millis(random.u64(1..1500))).await;
            stack.signal(function, "CONT").await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(load(&stack, usize::MAX, &stop), pauses);
    assert!(seen.created > 0);
    stack.nothing_is_lost().await;
}

#[tokio::test]
async fn killed_consumers_miss_nothing_and_log_nothing_twice() {
    let events = size(2_000, 20_000);
    let stack = Stack::start().await;
    let records = (0..events).map(|number| {
        let mut event = kafka::event(&format!("e-{number}"));
        let key = format!("p-{}", number % 50);
        (event["subject"], event["data"]["id"]) = (json!(key), json!(key));
        Record::new(TOPIC, event.to_string()).key(key)
    });
    let done = AtomicBool::new(false);
    let produced = async {
        stack.produce(records.collect()).await;
        stack.caught_up().await;
        done.store(true, Ordering::Relaxed);
    };
    let kills = async {
        let mut killed = 0;
        while !done.load(Ordering::Relaxed) {
            for consumer in ["event-log", "archive"] {
                killed += stack.kill(consumer).await.len();
            }
            // A consumer that is killed continuously would make no progress.
            tokio::time::sleep(Duration::from_millis(fastrand::u64(50..500))).await;
        }
        killed
    };
    let ((), killed) = tokio::join!(produced, kills);
    assert!(killed > 4, "{killed} kills");
    let logged: BTreeSet<String> =
        stack.items("EventLogTable").await.iter().map(|item| text(item, "eventId").into()).collect();
    assert_eq!(logged, (0..events).map(|number| format!("e-{number}")).collect());
    stack.nothing_is_lost().await;
    assert!(stack.items("DeadLetterTable").await.is_empty(), "a killed consumer gives nothing up");
    eprintln!("{killed} consumers killed during {events} events");
}

#[tokio::test]
async fn faults_of_dynamodb_hold_nobody_for_long_and_leave_state_and_events_in_agreement() {
    let lasts = size(Duration::from_secs(10), Duration::from_secs(60));
    let stack = Stack::start().await;
    for kind in FAULTS {
        stack.fault(kind, 0.2, UNTIL_ENDED).await;
    }
    let seen = load_for(&stack, lasts).await;
    for kind in FAULTS {
        stack.fault(kind, 0.2, Duration::ZERO).await;
    }
    assert!(seen.slowest() < LONGEST, "a request took {:?}", seen.slowest());
    assert!(seen.created > 0, "nothing came through");
    assert!(seen.refused.iter().all(|status| [409, 503].contains(status)), "{:?}", seen.refused);
    let events = stack.nothing_is_lost().await;
    assert!(stack.items("DeadLetterTable").await.is_empty(), "a fault of DynamoDB gives nothing up");
    eprintln!(
        "DynamoDB failed for {lasts:?}: {} requests, {} refused, slowest {:?}, {events} events",
        seen.times.len(),
        seen.refused.len(),
        seen.slowest()
    );
}

#[tokio::test]
async fn a_consumer_that_cannot_store_an_event_tries_again_until_it_can() {
    const EVENTS: usize = 100;
    let stack = Stack::start().await;
    stack.fault("dynamodbThrottled", 1.0, UNTIL_ENDED).await;
    let event = |number: usize| Record::new(TOPIC, kafka::event(&format!("e-{number}")).to_string()).key(KEY);
    stack.produce((0..EVENTS).map(event).collect()).await;
    stack.eventually("the log tried more than once", async || busier(&stack, "event-log", 2).await).await;
    stack.fault("dynamodbThrottled", 1.0, Duration::ZERO).await;
    stack.caught_up().await;
    let logged: BTreeSet<String> = stack.event_log("").await.into_iter().map(|entry| entry.event_id).collect();
    assert_eq!(logged, (0..EVENTS).map(|number| format!("e-{number}")).collect());
    assert_eq!(stack.conserved().await, EVENTS);
    assert!(stack.items("DeadLetterTable").await.is_empty(), "a fault of DynamoDB gives nothing up");
}

/// Number of invocations of a function so far.
async fn invocations(stack: &Stack, function: &str) -> u64 {
    let functions = stack.get("/_local/functions").await.with(200).json();
    let status = functions["items"].as_array().unwrap().iter().find(|status| status["name"] == function);
    status.unwrap()["invocations"].as_u64().unwrap()
}

async fn busier(stack: &Stack, function: &str, than: u64) -> Result<(), u64> {
    let now = invocations(stack, function).await;
    if now >= than { Ok(()) } else { Err(now) }
}
