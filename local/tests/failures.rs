//! What fails loses nothing, doubles nothing and holds nobody for long.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod stack;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use krafka::producer::Record;
use serde_json::json;

use self::stack::kafka::{self, KEY, TOPIC};
use self::stack::load::{CLIENTS, Seen, load};
use self::stack::{PATIENCE, Stack, product};

/// A fault that a test ends by itself.
const UNTIL_ENDED: Duration = Duration::from_secs(600);
/// A client is answered within this time, whatever hangs.
const LONGEST: Duration = Duration::from_secs(10);

#[tokio::test]
async fn while_kafka_is_down_creates_are_answered_and_their_events_come_when_it_is_back() {
    const PRODUCTS: usize = 40;
    let stack = Stack::start().await;
    let before = stack.create(&product("Before")).await["id"].as_str().unwrap().to_owned();
    stack.drained().await;
    stack.kafka_down(UNTIL_ENDED).await;
    let began = Instant::now();
    stack.create(&product("First")).await;
    let first = began.elapsed();
    assert!(first < Duration::from_secs(3), "the first was answered after {first:?}");
    let seen = load(&stack, PRODUCTS / CLIENTS, &AtomicBool::new(false)).await;
    assert_eq!((seen.acknowledged.len(), seen.refused.len()), (PRODUCTS, 0));
    for stock in 0..3 {
        stack.ask("PATCH", &format!("/products/{before}"), &json!({"stock": stock})).await.with(200);
    }
    assert_eq!(stack.items("OutboxTable").await.len(), 1 + 3 * PRODUCTS + 3);
    stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
    let events = stack.nothing_is_lost(&seen).await;
    assert_eq!(events, 1 + 1 + 3 * PRODUCTS + 3);
}

#[tokio::test]
async fn a_killed_api_leaves_no_product_without_its_event_and_no_event_without_its_product() {
    let stack = Stack::start().await;
    let (stop, mut killed) = (AtomicBool::new(false), BTreeSet::new());
    let kills = async {
        while killed.len() < 4 {
            // Each time when the processes are at work.
            let at = invocations(&stack, "products-api").await;
            stack.eventually("the API is at work", async || busier(&stack, "products-api", at + 40).await).await;
            killed.extend(stack.kill("products-api").await);
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(load(&stack, usize::MAX, &stop), kills);
    assert!(!seen.acknowledged.is_empty() && !seen.refused.is_empty(), "the kills met requests");
    stack.nothing_is_lost(&seen).await;
}

#[tokio::test]
async fn killed_consumers_miss_nothing_and_log_nothing_twice() {
    let stack = Stack::start().await;
    let stop = AtomicBool::new(false);
    let kills = async {
        for _ in 0..3 {
            for consumer in ["event-log", "archive"] {
                let at = invocations(&stack, consumer).await;
                stack.eventually("the consumer is at work", async || busier(&stack, consumer, at + 3).await).await;
                assert!(!stack.kill(consumer).await.is_empty());
            }
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (seen, ()) = tokio::join!(load(&stack, usize::MAX, &stop), kills);
    assert_eq!(seen.refused, Vec::<u16>::new(), "the API does not depend on consumers");
    stack.nothing_is_lost(&seen).await;
    assert!(stack.items("DeadLetterTable").await.is_empty(), "a killed consumer gives nothing up");
}

#[tokio::test]
async fn faults_of_dynamodb_hold_nobody_for_long_and_leave_state_and_events_in_agreement() {
    let stack = Stack::start().await;
    let mut all = Seen::default();
    for kind in ["dynamodbThrottled", "transactionConflict", "errorAfterCommit"] {
        stack.fault(kind, 0.2, UNTIL_ENDED).await;
        let seen = tokio::time::timeout(PATIENCE, load(&stack, 12, &AtomicBool::new(false))).await.unwrap();
        assert!(seen.slowest() < LONGEST, "{kind}: a request took {:?}", seen.slowest());
        assert!(!seen.acknowledged.is_empty(), "{kind}: nothing came through");
        let honest = |status: &u16| [409, 503].contains(status);
        assert!(seen.refused.iter().all(honest), "{kind}: {:?}", seen.refused);
        stack.fault(kind, 0.2, Duration::ZERO).await;
        all.extend(seen);
    }
    stack.nothing_is_lost(&all).await;
    assert!(stack.items("DeadLetterTable").await.is_empty(), "a fault of DynamoDB gives nothing up");
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

/// Invocations of a function so far.
async fn invocations(stack: &Stack, function: &str) -> u64 {
    let functions = stack.get("/_local/functions").await.with(200).json();
    let status = functions["items"].as_array().unwrap().iter().find(|status| status["name"] == function);
    status.unwrap()["invocations"].as_u64().unwrap()
}

async fn busier(stack: &Stack, function: &str, than: u64) -> Result<(), u64> {
    let now = invocations(stack, function).await;
    if now >= than { Ok(()) } else { Err(now) }
}
