//! Webhooks arrive although the functions that make them due and send them die at any step.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::time::Duration;

use end_to_end::stack::Stack;
use end_to_end::stack::receiver::Receiver;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Timers due at the same moment, per crash of the sender.
const GROUP: usize = 5;

/// The step before an invocation is answered.
const BEFORE_ANSWER: &str = "answer.before";

/// A stack where one timer has fired, and the body for another such timer.
async fn one_has_fired() -> (Stack, Receiver, Value) {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let body = json!({"url": receiver.url("ok"), "seconds": 0});
    let undisturbed = stack.timer(&body).await;
    stack.until_status(&undisturbed, "fired").await;
    assert_eq!(receiver.of(&undisturbed).len(), 1);
    (stack, receiver, body)
}

/// Waits until a function has passed these steps; returns all that it has passed.
async fn passed(stack: &Stack, function: &str, expected: &[&str]) -> Vec<String> {
    stack
        .eventually(&format!("{function} has passed {expected:?}"), async || {
            let steps = stack.steps(function).await;
            let passed = |step: &&str| steps.iter().any(|passed| passed == step);
            if expected.iter().all(passed) { Ok(steps) } else { Err(steps) }
        })
        .await
}

#[tokio::test]
async fn a_crash_at_any_step_of_the_sender_repeats_at_most_what_was_sent_and_not_noted() {
    let (stack, receiver, body) = one_has_fired().await;
    let expected = ["lambda.post.before", "webhook.request.before", "webhook.request.after", BEFORE_ANSWER];
    let steps = passed(&stack, "webhook-sender", &expected).await;
    // An attempt that died is repeated after half a minute, so all of them die concurrently.
    let mut ids = Vec::new();
    for step in &steps {
        stack.arm("webhook-sender", step, "KILL").await;
        // Due at the same moment, so that claims and results share transactions.
        let at = Timestamp::now() + Duration::from_secs(1);
        let body = json!({"url": body["url"], "fireAt": format!("{at:.3}")});
        for _ in 0..GROUP {
            ids.push(stack.timer(&body).await);
        }
        stack.until_struck("webhook-sender", step).await;
    }
    for id in &ids {
        stack.until_status(id, "fired").await;
    }
    // A crash may also interrupt another timer's request in the same process, for example that of an earlier crash
    // which is being repeated.
    let calls: Vec<usize> = ids.iter().map(|id| receiver.of(id).len()).collect();
    let repeats = calls.iter().sum::<usize>() - ids.len();
    // At the other steps nothing of theirs was sent.
    let risky =
        |step: &&String| ["TransactWriteItems", "webhook.request", "answer"].iter().any(|part| step.contains(part));
    let most = GROUP * steps.iter().filter(risky).count();
    assert!(!calls.contains(&0) && repeats <= most, "{calls:?} at {steps:?}");
    eprintln!("{} crashes, {repeats} repeats, each with its timer's id", steps.len());
    stack.relayed().await;
    stack.conserved().await;
}

#[tokio::test]
async fn a_crash_at_any_step_of_the_runner_delays_timers_and_neither_loses_nor_repeats_one() {
    let (stack, receiver, body) = one_has_fired().await;
    // A run takes minutes; this ends it at once, and then it answers.
    let end = async || stack.signal("timer-runner", "TERM").await;
    end().await;
    let expected = ["kafka.produce.timer-due.after", BEFORE_ANSWER];
    let mut steps = passed(&stack, "timer-runner", &expected).await;
    // First, while no killed process holds the lease: there has to be a run to end.
    steps.sort_by_key(|step| step != BEFORE_ANSWER);
    stack.tick_runner().await;
    let mut ids = Vec::new();
    for step in &steps {
        stack.arm("timer-runner", step, "KILL").await;
        ids.push(stack.timer(&body).await);
        if step == BEFORE_ANSWER {
            stack.holder().await;
            end().await;
        }
        stack.until_struck("timer-runner", step).await;
        // As the schedule does every minute. It waits for the lease of the dead one.
        stack.tick_runner().await;
    }
    for id in &ids {
        stack.until_status(id, "fired").await;
        assert_eq!(receiver.of(id).len(), 1, "{id}");
    }
    eprintln!("{} crashes: {steps:?}", steps.len());
    stack.relayed().await;
    stack.conserved().await;
}
