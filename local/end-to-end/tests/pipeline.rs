//! The activity pipeline in a small size, with the verdict of the benchmark's checker.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::time::Duration;

use end_to_end::pipeline::{Load, PROCESSOR, Plan, Progress, Sender, Stored, Verdict};
use end_to_end::stack::{Stack, size};

/// Concurrent requests.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn every_acknowledged_event_is_processed_once_and_in_order_though_the_processor_is_killed() {
    let stack = Stack::start().await;
    let plan = Plan::new(&Load::new(size(60, 1_000)));
    let progress = Progress::default();
    let sender = Sender::new(reqwest::Client::new(), &stack.addresses.http, &stack.addresses.kafka);
    let half = async {
        while progress.count() < plan.events.len() / 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stack.kill(PROCESSOR).await;
        sender.produce(&plan.on_kafka).await.unwrap();
    };
    let (again, ()) = tokio::join!(sender.send(&plan.batches, AT_ONCE, &progress), half);
    again.unwrap();
    stack.caught_up().await;
    let stored =
        async || Stored::read(&stack.dynamodb, stack.table("ActivityTable"), stack.table("DeadLetterTable")).await;
    let earlier = stored().await.unwrap();
    sender.produce(&plan.on_kafka).await.unwrap();
    stack.caught_up().await;
    let verdict = Verdict::of(&progress.acknowledged(), &stored().await.unwrap(), &earlier);
    assert!(verdict.is_clean(), "{verdict}{}", stack.process.tail());
    assert_eq!(verdict.processed + verdict.failed, plan.events.len());
}
