//! Low stock reaches a person: one e-mail for each fall below half, whatever crashes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeMap;
use std::time::Duration;

use end_to_end::stack::Stack;
use end_to_end::stack::kafka::events_of;
use end_to_end::stack::tables::text;
use krafka::producer::Record;
use millrace_judge::read::topic;
use serde_json::{Value, json};

const FUNCTION: &str = "alert-mail";
/// The lease of a mail whose sender died, and its next delivery.
const AFTER_THE_LEASE: Duration = Duration::from_secs(90);

/// A fault that the test ends itself.
const UNTIL_ENDED: Duration = Duration::from_secs(600);

/// An ingredient that falls below half of its full level.
async fn falls(stack: &Stack, id: &str, email: Option<&str>) {
    let path = format!("/ingredients/{id}");
    let mut ingredient = json!({"name": format!("Fresh {id}"), "unit": "g", "stock": 100, "fullLevel": 101});
    if let Some(email) = email {
        ingredient["alertEmail"] = json!(email);
    }
    stack.ask("PUT", &path, &ingredient).await.with(201);
    ingredient["stock"] = json!(50);
    stack.ask("PUT", &path, &ingredient).await.with(200);
}

async fn mails(stack: &Stack) -> Vec<Value> {
    stack.get("/_local/mail").await.with(200).json()["items"].as_array().unwrap().clone()
}

/// The number of mails per event.
async fn by_event(stack: &Stack) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for mail in mails(stack).await {
        *counts.entry(mail["tags"]["event-id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test]
async fn a_fall_below_half_is_one_mail_that_names_what_runs_low_however_often_its_event_comes() {
    let stack = Stack::start().await;
    falls(&stack, "beef", Some("cook@example.com")).await;
    falls(&stack, "onion", None).await;
    let sent = stack
        .eventually("both are told", async || {
            let mails = mails(&stack).await;
            if mails.len() == 2 { Ok(mails) } else { Err(mails) }
        })
        .await;
    let events = events_of(&stack.addresses.kafka, "notify").await;
    assert_eq!(events.len(), 2);
    for published in &events {
        let mail = sent.iter().find(|mail| mail["tags"]["event-id"] == published.event.id).unwrap();
        let to = if published.key == "beef" { "cook@example.com" } else { "kitchen@example.com" };
        assert_eq!(mail["to"], json!([to]));
        for part in [&format!("Fresh {}", published.key), "50 g", "51 g, half of 101 g", "UTC"] {
            for body in ["text", "html"] {
                assert!(mail[body].as_str().unwrap().contains(part), "{part}: {mail}");
            }
        }
    }
    // The same events again, as a producer's retry would write them.
    let records = topic::records(&stack.addresses.kafka, "notify").await.unwrap();
    let again = records.into_iter().map(|it| Record::new("notify", it.value.unwrap()).key(it.key.unwrap()));
    stack.produce(again.collect()).await;
    stack.caught_up().await;
    assert_eq!(mails(&stack).await.len(), 2);
    assert!(stack.items("DeadLetterTable").await.is_empty());
}

#[tokio::test]
async fn a_crash_at_any_step_loses_no_mail_and_repeats_at_most_one() {
    let stack = Stack::start().await;
    falls(&stack, "undisturbed", None).await;
    stack
        .eventually("it is told", async || {
            let steps = stack.steps(FUNCTION).await;
            if steps.iter().any(|step| step.starts_with("answer")) { Ok(()) } else { Err(steps) }
        })
        .await;
    let steps = stack.steps(FUNCTION).await;
    assert!(steps.iter().any(|step| step == "ses.post.after") && steps.len() >= 7, "{steps:?}");
    for (number, step) in steps.iter().enumerate() {
        stack.arm(FUNCTION, step, "KILL").await;
        falls(&stack, &format!("i-{number}"), None).await;
        stack.until_struck(FUNCTION, step).await;
    }
    let told = stack
        .eventually_within(AFTER_THE_LEASE, "every fall is told", async || {
            let told = by_event(&stack).await;
            let lag = stack.get("/_local/lag").await.json();
            let behind =
                lag["items"].as_array().unwrap().iter().any(|item| item["function"] == FUNCTION && item["lag"] != 0);
            if told.len() == steps.len() + 1 && !behind { Ok(told) } else { Err(told) }
        })
        .await;
    let repeats: usize = told.values().map(|mails| mails - 1).sum();
    assert!(repeats <= steps.len(), "{repeats} repeats after {} crashes: {told:?}", steps.len());
    assert!(stack.items("DeadLetterTable").await.is_empty());
}

/// Makes an ingredient of [`falls`] fall once more; its events are in the same partition.
async fn falls_again(stack: &Stack, id: &str) {
    stack.ask("POST", &format!("/ingredients/{id}/restock"), &json!({"quantity": 10})).await.with(200);
    let low = json!({"name": format!("Fresh {id}"), "unit": "g", "stock": 50, "fullLevel": 101});
    stack.ask("PUT", &format!("/ingredients/{id}"), &low).await.with(200);
}

#[tokio::test]
async fn mails_that_ses_throttles_arrive_in_the_end_each_once() {
    const FALLS: usize = 30;
    let stack = Stack::start().await;
    stack.fault("sesThrottled", 1.0, UNTIL_ENDED).await;
    for number in 0..FALLS {
        falls(&stack, &format!("i-{number}"), None).await;
    }
    assert_eq!(mails(&stack).await.len(), 0);
    stack.fault("sesThrottled", 0.7, UNTIL_ENDED).await;
    stack
        .eventually("every fall is told", async || {
            let told = by_event(&stack).await.len();
            if told == FALLS { Ok(()) } else { Err(told) }
        })
        .await;
    stack.fault("sesThrottled", 0.0, Duration::ZERO).await;
    stack.caught_up().await;
    assert_eq!(mails(&stack).await.len(), FALLS, "each once");
    assert!(stack.items("DeadLetterTable").await.is_empty());
    stack.conserved().await;
}

#[tokio::test]
async fn a_mail_that_ses_refuses_for_good_is_a_dead_letter_with_the_reason_and_the_partition_goes_on() {
    let stack = Stack::start().await;
    stack.fault("sesRejects", 1.0, UNTIL_ENDED).await;
    falls(&stack, "beef", Some("gone@example.com")).await;
    let letters = stack
        .eventually("it is given up", async || {
            let letters = stack.items("DeadLetterTable").await;
            if letters.len() == 1 { Ok(letters) } else { Err(letters.len()) }
        })
        .await;
    let refused = events_of(&stack.addresses.kafka, "notify").await.remove(0);
    let told = ["consumer", "id", "reason"].map(|name| text(&letters[0], name));
    assert_eq!(told, [FUNCTION, refused.event.id.as_str(), "mail_refused"]);
    assert!(text(&letters[0], "detail").contains("MessageRejected: Email address is not verified"), "{letters:?}");

    stack.fault("sesRejects", 0.0, Duration::ZERO).await;
    falls_again(&stack, "beef").await;
    stack.drained().await;
    let events = events_of(&stack.addresses.kafka, "notify").await;
    assert_eq!((events.len(), events[1].partition), (2, refused.partition));
    let told: Vec<String> = by_event(&stack).await.into_keys().collect();
    assert_eq!(told, [events[1].event.id.as_str()]);
    assert_eq!(stack.items("DeadLetterTable").await.len(), 1);
    stack.conserved().await;
}

#[tokio::test]
async fn a_mail_whose_answer_is_lost_is_sent_once_more_when_its_lease_is_over() {
    let stack = Stack::start().await;
    stack.fault("sesErrorAfterSend", 1.0, UNTIL_ENDED).await;
    falls(&stack, "beef", None).await;
    stack
        .eventually("it is sent", async || {
            let mails = mails(&stack).await.len();
            if mails > 0 { Ok(()) } else { Err(mails) }
        })
        .await;
    stack.fault("sesErrorAfterSend", 0.0, Duration::ZERO).await;
    let told = stack
        .eventually_within(AFTER_THE_LEASE, "it is marked as sent", async || {
            let marks = stack.items("MailTable").await;
            if marks.iter().any(|mark| mark.contains_key("sentAt")) { Ok(by_event(&stack).await) } else { Err(marks) }
        })
        .await;
    assert_eq!(told.into_values().collect::<Vec<_>>(), [2], "a receiver tells the repeat by its tag");
    stack.caught_up().await;
    stack.conserved().await;
}
