//! activity-api is killed at each of its steps, and loses nothing that it acknowledged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;
use std::time::Instant;

use end_to_end::stack::activity::{Sent, TOPIC};
use end_to_end::stack::{PATIENCE, Stack};
use futures::future::join_all;
use millrace_judge::judge;
use millrace_judge::read::Reader;
use serde_json::{Value, json};

const API: &str = "activity-api";

/// The requests of a client: each has events with their own ids, so that it may be resent.
struct Requests {
    sent: Vec<Sent>,
    failing: String,
    /// A dead letter of the previous client.
    dead: Option<String>,
}

impl Requests {
    fn of(client: usize) -> Self {
        let sent = [3, 1, 2, 5, 4].map(|seq| Sent::new(format!("c-{client}"), seq)).into();
        Self {
            sent,
            failing: format!("failing-{client}"),
            dead: client.checked_sub(1).map(|it| format!("failing-{it}")),
        }
    }

    /// Sends everything until it is acknowledged, and reads every list.
    async fn send(&self, stack: &Stack) {
        let body = |sent: &Sent| {
            let mut body = sent.event()["data"].clone();
            body["eventId"] = json!(sent.id);
            body
        };
        let mut failing = body(&Sent::without_seq("failing", &self.failing));
        failing["payload"]["fail"] = json!(true);
        let (batched, single) = self.sent.split_at(3);
        let mut all: Vec<Value> = batched.iter().map(body).collect();
        all.push(failing);
        until_accepted(stack, "/events/batch", &json!({"events": all})).await;
        for sent in single {
            until_accepted(stack, "/events", &body(sent)).await;
        }
        let of_user = format!("/users/{}/events", self.sent[0].user);
        for path in ["/events/processed?limit=2", "/dlq?limit=2", &of_user, "/events/c-0-1"] {
            // Any answer will do: the function may be killed while answering.
            stack.get(path).await;
        }
        if let Some(dead) = &self.dead {
            let redriven = async || {
                let answer = stack.ask("POST", &format!("/dlq/{dead}/redrive"), &Value::Null).await;
                // A redrive whose answer was cut off is already under way.
                if [202, 409].contains(&answer.status) { Ok(()) } else { Err(answer.text) }
            };
            stack.eventually("the dead letter is sent again", redriven).await;
        }
    }
}

async fn until_accepted(stack: &Stack, path: &str, body: &Value) {
    stack
        .eventually("all events are accepted", async || {
            let answer = stack.ask("POST", path, body).await;
            let results = if answer.status == 202 { answer.json()["results"].clone() } else { Value::Null };
            let all = results.as_array().into_iter().flatten().all(|result| result["status"] == "accepted");
            if answer.status == 202 && all { Ok(()) } else { Err(answer.text) }
        })
        .await;
}

#[tokio::test]
async fn a_crash_at_any_step_takes_back_nothing_that_was_acknowledged() {
    let stack = Stack::start().await;
    let (mut clients, mut done) = (Vec::new(), BTreeSet::new());
    let mut quiet = 0;
    // Two rounds without a new step: a step that only a crash leads to shows up on the way.
    while quiet < 2 {
        let next = stack.steps(API).await.into_iter().find(|step| !done.contains(step));
        let Some(step) = next else {
            // Concurrently, as under load.
            let first = clients.len();
            let several: Vec<Requests> = (first..first + 4).map(Requests::of).collect();
            join_all(several.iter().map(|requests| requests.send(&stack))).await;
            clients.extend(several);
            quiet += 1;
            continue;
        };
        stack.arm(API, &step, "KILL").await;
        let deadline = Instant::now() + PATIENCE;
        while !stack.struck(API, &step).await {
            assert!(Instant::now() < deadline, "{step} is not passed{}", stack.process.tail());
            let requests = Requests::of(clients.len());
            requests.send(&stack).await;
            clients.push(requests);
        }
        eprintln!("crashed {API} at {step}");
        done.insert(step);
        quiet = 0;
    }
    for part in ["answer", "kafka.produce", "UpdateItem", "byTime", "byUser", "TransactWriteItems", "Query"] {
        assert!(done.iter().any(|step| step.contains(part)), "{part} is a step: {done:?}");
    }
    stack.relayed().await;
    stack.caught_up().await;
    let sent: Vec<Sent> = clients.iter().flat_map(|requests| requests.sent.clone()).collect();
    // The failing events' user is judged by the dead letters.
    for requests in &clients {
        let item = stack.event_item(&requests.failing).await.unwrap_or_else(|| panic!("{} is lost", requests.failing));
        assert_eq!(end_to_end::stack::tables::text(&item, "status"), "failed", "{item:?}");
    }
    stack.taken_once_and_in_order(&sent).await;
    stack.conserved().await;
    every_broken_rule_is_seen(&stack, &clients[0].sent[0].id).await;
}

/// Breaks each rule about user activity once, on real output of the stack, and checks that the judge sees it.
async fn every_broken_rule_is_seen(stack: &Stack, id: &str) {
    type Break = fn(&mut Value);
    let breaks: [(&str, Break); 3] = [
        ("acknowledged-missing", |event| event["id"] = json!("another")),
        ("acknowledged-differs", |event| event["data"]["payload"]["page"] = json!("/other")),
        ("invented", |event| event["data"]["payload"]["page"] = json!("/other")),
    ];
    let observed = Reader::new(&stack.addresses).observe().await.unwrap();
    for (code, broken) in breaks {
        let mut observed = observed.clone();
        for record in observed.records.iter_mut().filter(|record| record.place.topic == TOPIC) {
            let mut event: Value = serde_json::from_slice(record.value.as_ref().unwrap()).unwrap();
            if event["id"] == id {
                broken(&mut event);
                record.value = Some(event.to_string().into_bytes());
            }
        }
        let found = judge(&stack.journal.journal(), &observed);
        assert!(found.iter().any(|violation| violation.code == code), "{code} is not seen: {found:?}");
    }
}
