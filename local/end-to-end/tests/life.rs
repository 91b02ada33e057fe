//! An event's life is told right, whatever is killed while it is lived, and only grows.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::time::Duration;

use end_to_end::stack::kafka::{KEY, TOPIC};
use end_to_end::stack::orders::{dish, ingredient, order, ordered};
use end_to_end::stack::receiver::Receiver;
use end_to_end::stack::tables::text;
use end_to_end::stack::{Stack, product};
use jiff::{SignedDuration, Timestamp};
use krafka::producer::Record;
use serde_json::{Value, json};

/// Most reads for a life.
const MAX_READS: u64 = 10;
/// A fault that the test ends itself.
const UNTIL_ENDED: Duration = Duration::from_secs(600);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The life of an event, read again and again.
struct Watched<'a> {
    stack: &'a Stack,
    path: String,
    /// Every stage that was told, with its time.
    told: Vec<(String, Value)>,
}

impl<'a> Watched<'a> {
    fn new(stack: &'a Stack, id: &str) -> Self {
        Self { stack, path: format!("/event-log/{}", id.replace('#', "%23")), told: Vec::new() }
    }

    /// Reads it once; it has everything that it had before, and times in order.
    async fn read(&mut self) -> Result<Value, String> {
        let answer = self.stack.get(&self.path).await;
        if answer.status == 404 && self.told.is_empty() {
            return Err(answer.text);
        }
        let told = answer.with(200).json();
        let stages: Vec<(String, Value)> = told["life"].as_array().unwrap().iter().map(of).collect();
        for (name, at) in &self.told {
            let same = |(it, time): &&(String, Value)| it == name && (time == at || at.is_null());
            assert!(stages.iter().any(|stage| same(&stage)), "{name} at {at} is not told any more: {told:#}");
        }
        let unknown = told["life"].as_array().unwrap().iter().filter(|stage| stage["at"].is_null());
        assert!(unknown.clone().all(|stage| stage["detail"]["unknown"].is_string()), "{told:#}");
        self.told = stages;
        Ok(told)
    }

    /// Reads it until it has these stages, in this order. Other stages may be anywhere.
    async fn until(&mut self, expected: &[&str]) -> Value {
        let stack = self.stack;
        stack
            .eventually(&format!("{} has {expected:?}", self.path), async || {
                let told = self.read().await?;
                let names: Vec<&str> = self.told.iter().map(|(name, _)| name.as_str()).collect();
                let mut rest = names.iter();
                let all = expected.iter().all(|name| rest.any(|it| it == name));
                if all { Ok(told) } else { Err(format!("{names:?}")) }
            })
            .await
    }
}

fn of(stage: &Value) -> (String, Value) {
    (stage["stage"].as_str().unwrap().to_owned(), stage["at"].clone())
}

fn stages<'a>(told: &'a Value, name: &str) -> Vec<&'a Value> {
    told["life"].as_array().unwrap().iter().filter(|stage| stage["stage"] == name).collect()
}

fn names<'a>(items: &'a Value, of: &str) -> Vec<&'a str> {
    items.as_array().unwrap().iter().map(|item| item[of].as_str().unwrap()).collect()
}

/// Waits until the log has this many events for a query; returns them.
async fn logged(stack: &Stack, query: &str, count: usize) -> Value {
    stack
        .eventually(&format!("{count} events of {query}"), async || {
            let items = stack.get(&format!("/event-log?{query}")).await.with(200).json()["items"].clone();
            if items.as_array().unwrap().len() == count { Ok(items) } else { Err(items) }
        })
        .await
}

fn id_of(items: &Value, kind: &str) -> String {
    let found = items.as_array().unwrap().iter().find(|item| item["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {items:#}"))["eventId"].as_str().unwrap().to_owned()
}

/// The most reads that any life took.
fn most_reads(stack: &Stack) -> u64 {
    let logs = stack.process.logs();
    let lines = logs.iter().flat_map(|(_, text)| text.lines()).filter(|line| line.contains("a life was told"));
    let reads = lines.map(|line| {
        let digits = line.split("\"reads\":").nth(1).or_else(|| line.split("reads=").nth(1)).unwrap();
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap()
    });
    reads.max().unwrap()
}

#[tokio::test]
async fn an_order_is_followed_from_the_request_to_the_mail_while_its_consumers_are_killed() {
    let stack = Stack::start().await;
    ingredient(&stack, "beef", 100).await;
    dish(&stack, "burger", 5, &[("beef", 30)]).await;
    for function in ["stock", "event-log", "archive", "alert-mail"] {
        stack.kill(function).await;
    }
    let request = stack.request("POST", "/orders").json(&order(&[("burger", 2)]));
    let request = request.header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"));
    let id = stack.send(request).await.with(201).json()["id"].as_str().unwrap().to_owned();
    let rejected = ordered(&stack, &[("burger", 4)]).await;

    let of_order = logged(&stack, &format!("subject={id}"), 2).await;
    assert_eq!(names(&of_order, "type"), ["OrderCreated", "OrderConfirmed"], "in the order of versions");
    let created = id_of(&of_order, "OrderCreated");
    let mut watched = Watched::new(&stack, &created);
    let told = watched.until(&["accepted", "outbox", "published", "confirmed", "archived"]).await;
    assert_eq!(stages(&told, "confirmed")[0]["by"], "stock");
    let archived = stages(&told, "archived")[0]["detail"]["object"].as_str().unwrap();
    assert!(stack.objects("archive/").await.iter().any(|key| key == archived), "{archived}");
    let line = stack.archive().await.into_iter().find(|line| line.id == created).unwrap();
    assert_eq!(stages(&told, "published")[0]["detail"]["offset"], line.kafka.offset);

    // The whole request, and what it caused.
    let caused = logged(&stack, &format!("trace={TRACE}"), 4).await;
    let mut kinds = names(&caused, "type");
    kinds.sort_unstable();
    assert_eq!(kinds, ["Notify", "OrderConfirmed", "OrderCreated", "ProductUpdated"]);
    let related = watched.read().await.unwrap()["related"].clone();
    let mut kinds = names(&related, "type");
    kinds.sort_unstable();
    assert_eq!(kinds, ["Notify", "OrderConfirmed", "ProductUpdated"]);
    let notify = id_of(&caused, "Notify");
    let told = Watched::new(&stack, &notify).until(&["accepted", "published", "mailed", "archived"]).await;
    assert_eq!(
        (&stages(&told, "accepted")[0]["by"], told["event"]["source"].as_str()),
        (&json!("stock"), Some("urn:millrace:stock"))
    );

    let of_rejected = logged(&stack, &format!("subject={rejected}"), 2).await;
    let told = Watched::new(&stack, &id_of(&of_rejected, "OrderCreated")).until(&["published", "rejected"]).await;
    assert!(stages(&told, "rejected")[0]["detail"]["reason"].as_str().unwrap().contains("burger"));
    let of_product = logged(&stack, "subject=burger", 2).await;
    assert_eq!(names(&of_product, "type"), ["ProductCreated", "ProductUpdated"]);
    assert!(most_reads(&stack) <= MAX_READS, "{}", most_reads(&stack));
    stack.judged().await;
}

#[tokio::test]
async fn a_subjects_events_are_paged_in_the_order_of_their_versions() {
    const CHANGES: u64 = 12;
    let stack = Stack::start().await;
    let mut burger = product("Burger");
    (burger["id"], burger["lowStockThreshold"]) = (json!("burger"), json!(5));
    stack.create(&burger).await;
    for stock in 0..CHANGES {
        stack.ask("PATCH", "/products/burger", &json!({"stock": stock})).await.with(200);
    }
    // Five changes leave it low, each with a warning.
    logged(&stack, "subject=burger&limit=100", 1 + CHANGES as usize + 5).await;
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = stack.get(&format!("/event-log?subject=burger&limit=4{cursor}")).await.with(200).json();
        for item in page["items"].as_array().unwrap() {
            let version = item["attributes"]["aggregateversion"].as_u64().unwrap();
            read.push((version, item["type"] == "LowStockWarning"));
        }
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(read.is_sorted() && read.len() == 18, "{read:?}");
    assert_eq!(logged(&stack, "subject=nobody", 0).await, json!([]));
}

#[tokio::test]
async fn a_timers_life_has_every_attempt_with_its_answer() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let id = stack.timer(&json!({"url": receiver.url("fails-twice"), "seconds": 0})).await;
    let requested = id_of(&logged(&stack, &format!("subject={id}&limit=1"), 1).await, "TimerRequested");
    let mut watched = Watched::new(&stack, &requested);
    let attempts = |timer: &Value| timer["attempts"].as_array().unwrap().len();
    stack.until(&id, "one attempt failed", |timer| attempts(timer) == 1).await;
    watched.until(&["accepted", "outbox", "published", "processed", "due", "sent"]).await;
    stack.kill("webhook-sender").await;
    stack.hasten(&id).await;
    stack.until(&id, "two attempts failed", |timer| attempts(timer) == 2 && timer["status"] == "scheduled").await;
    watched.read().await.unwrap();
    stack.kill("timer-store").await;
    stack.hasten(&id).await;
    stack.until_status(&id, "fired").await;
    let told = watched.until(&["due", "sent", "due", "sent", "due", "sent"]).await;
    let answers: Vec<&Value> = stages(&told, "sent").iter().map(|stage| &stage["detail"]["status"]).collect();
    assert_eq!(answers, [500, 500, 200]);
    let of_timer = logged(&stack, &format!("subject={id}"), 5).await;
    assert_eq!(names(&of_timer, "type"), ["TimerRequested", "TimerDue", "TimerDue", "TimerDue", "TimerFired"]);
    let told = Watched::new(&stack, &format!("{id}.2")).until(&["due", "published", "sent"]).await;
    let sent = stages(&told, "sent");
    assert_eq!((sent.len(), &sent[0]["detail"]["attempt"], &sent[0]["detail"]["status"]), (1, &json!(2), &json!(500)));
    assert!(most_reads(&stack) <= MAX_READS);
    stack.judged().await;
}

#[tokio::test]
async fn a_timer_that_is_given_up_and_redriven_shows_the_outcome() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let id = stack.timer(&json!({"url": receiver.url("gone"), "seconds": 0})).await;
    stack.until_status(&id, "failed").await;
    let mut due = Watched::new(&stack, &format!("{id}.1"));
    due.until(&["published", "sent", "failed", "dead_letter"]).await;
    stack.send(stack.request("POST", &format!("/dlq/{id}.1/redrive"))).await.with(202);
    let again = |timer: &Value| timer["attempts"].as_array().unwrap().len() == 2 && timer["status"] == "failed";
    stack.until(&id, "it was tried once more", again).await;
    let told = due.until(&["sent", "failed", "dead_letter", "redriven", "sent"]).await;
    assert_eq!(stages(&told, "redriven")[0]["detail"]["outcome"], "failed");
    stack.judged().await;
}

#[tokio::test]
async fn a_users_events_wait_fail_and_are_redriven_while_the_processor_is_killed() {
    let stack = Stack::start().await;
    let event = |seq: u64, fail: bool| json!({"userId": "ann", "type": "click", "eventId": format!("ann-{seq}"), "payload": {"seq": seq, "fail": fail}});
    stack.ask("POST", "/events", &event(2, false)).await.with(202);
    stack.ask("POST", "/events", &event(3, true)).await.with(202);
    let mut early = Watched::new(&stack, "ann-2");
    let told = early.until(&["accepted", "published", "buffered"]).await;
    let buffered = stages(&told, "buffered")[0];
    assert_eq!((&buffered["detail"]["waitedFor"], &buffered["detail"]["waitsFor"]), (&json!(1), &json!(1)));
    stack
        .eventually("both wait, and are counted", async || {
            let overview = stack.get("/overview").await.with(200).json();
            let waits = overview["buffered"]["count"] == 2 && overview["buffered"]["oldest"].is_string();
            if waits { Ok(()) } else { Err(overview) }
        })
        .await;
    stack.kill("activity-order").await;
    stack.ask("POST", "/events", &event(1, false)).await.with(202);
    early.until(&["buffered", "processed"]).await;
    let mut failing = Watched::new(&stack, "ann-3");
    let told = failing.until(&["accepted", "published", "buffered", "failed", "dead_letter"]).await;
    assert_eq!(stages(&told, "failed")[0]["detail"]["attempts"], 4);
    assert_eq!(stages(&told, "dead_letter")[0]["detail"]["reason"], "attempts_used_up");
    let open = stack.get("/overview").await.with(200).json()["deadLetters"].clone();
    assert_eq!((&open["open"], &open["more"]), (&json!(1), &json!(false)));

    stack.send(stack.request("POST", "/dlq/ann-3/redrive")).await.with(202);
    stack.kill("activity-order").await;
    let told = failing.until(&["failed", "dead_letter", "redriven", "failed", "dead_letter"]).await;
    assert_eq!(stages(&told, "redriven")[0]["detail"]["outcome"], "failed");
    let of_user = logged(&stack, "subject=ann", 3).await;
    assert_eq!(names(&of_user, "eventId"), ["ann-1", "ann-2", "ann-3"]);
    failing.until(&["archived"]).await;
    let told = failing.until(&["logged"]).await;
    assert_eq!(names(&told["related"], "eventId").len(), 2, "the user's other events");
    let trace = of_user[2]["attributes"]["traceparent"].as_str().unwrap().split('-').nth(1).unwrap().to_owned();
    assert_eq!(names(&logged(&stack, &format!("trace={trace}"), 1).await, "eventId"), ["ann-3"]);
    assert!(most_reads(&stack) <= MAX_READS);
    stack.judged().await;
}

#[tokio::test]
async fn what_is_no_event_has_the_life_of_its_dead_letter() {
    let stack = Stack::start().await;
    stack.produce(vec![Record::new(TOPIC, b"not json".to_vec()).key(KEY)]).await;
    stack.caught_up().await;
    let letters = stack.items("DeadLetterTable").await;
    let id = letters.iter().map(|letter| text(letter, "id")).find(|id| id.starts_with("event-log:")).unwrap();
    let told = Watched::new(&stack, id).until(&["published", "dead_letter"]).await;
    assert_eq!((&told["event"]["topic"], told["event"].get("type")), (&json!(TOPIC), None));
    let dead = stages(&told, "dead_letter")[0];
    assert_eq!((&dead["by"], &dead["detail"]["reason"]), (&json!("event-log"), &json!("not_json")));
    assert_eq!(told["related"], json!([]));
    stack.judged().await;
}

#[tokio::test]
async fn an_alert_that_ses_refuses_is_redriven_and_mailed() {
    let stack = Stack::start().await;
    stack.fault("sesRejects", 1.0, UNTIL_ENDED).await;
    ingredient(&stack, "beef", 100).await;
    stack
        .ask(
            "PUT",
            "/ingredients/beef",
            &json!({"name": "beef", "unit": "g", "stock": 10, "fullLevel": 100, "alertEmail": "a@example.com"}),
        )
        .await
        .with(200);
    let id = id_of(&logged(&stack, "subject=beef", 1).await, "Notify");
    let mut watched = Watched::new(&stack, &id);
    watched.until(&["published", "dead_letter"]).await;
    stack.fault("sesRejects", 0.0, Duration::ZERO).await;
    stack.send(stack.request("POST", &format!("/dlq/{id}/redrive"))).await.with(202);
    let told = watched.until(&["dead_letter", "redriven", "mailed"]).await;
    assert_eq!(stages(&told, "redriven")[0]["detail"]["outcome"], "processed");
    let open = stack.get("/overview").await.with(200).json()["deadLetters"]["open"].clone();
    assert_eq!(open, 0);
    stack.judged().await;
}

#[tokio::test]
async fn an_event_that_waits_in_the_outbox_is_found_by_its_subject_and_counted_until_it_is_published() {
    let stack = Stack::start().await;
    stack.kafka_down(UNTIL_ENDED).await;
    let mut burger = product("Burger");
    burger["id"] = json!("burger");
    stack.create(&burger).await;
    let pending = stack.items("OutboxTable").await;
    let id = text(&pending[0], "eventId").to_owned();
    stack.get(&format!("/event-log/{id}")).await.with(404);
    let waiting = stack.get(&format!("/event-log/{id}?subject=burger")).await.with(200).json();
    assert_eq!(names(&waiting["life"], "stage"), ["accepted", "outbox"]);
    assert_eq!(
        (&waiting["life"][1]["detail"]["waits"], &waiting["event"]["type"]),
        (&json!(true), &json!("ProductCreated"))
    );
    let overview = stack.get("/overview").await.with(200).json();
    assert_eq!(
        (&overview["outbox"]["pending"], &overview["dependencies"]["kafka"]),
        (&json!(1), &json!("unavailable"))
    );
    assert_eq!(overview["outbox"]["oldest"], waiting["life"][1]["at"]);
    stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
    stack.relayed().await;
    let told = Watched::new(&stack, &id).until(&["accepted", "outbox", "published"]).await;
    assert_eq!(told["life"][0], waiting["life"][0]);
    stack
        .eventually("nothing waits", async || {
            let overview = stack.get("/overview").await.with(200).json();
            let idle = json!({"pending": 0, "more": false, "oldest": null, "oldestSeconds": null});
            let kafka = overview["dependencies"]["kafka"] == "ok";
            if kafka && overview["outbox"] == idle { Ok(()) } else { Err(overview) }
        })
        .await;
    stack.judged().await;
}

#[tokio::test]
async fn the_overview_counts_due_timers_and_more_letters_than_it_reads_and_says_what_does_not_answer() {
    let stack = Stack::start().await;
    let now = Timestamp::now();
    for seconds in [100, 200, 300] {
        stack.enter_due(&format!("nobody-{seconds}"), now - SignedDuration::from_secs(seconds)).await;
    }
    let due = stack.get("/overview").await.with(200).json()["timers"].clone();
    assert_eq!((&due["due"], &due["more"]), (&json!(3), &json!(false)));
    assert!((300..400).contains(&due["oldestSeconds"].as_i64().unwrap()) && due["oldest"].is_string(), "{due}");
    // Each record is a dead letter of both consumers.
    stack.produce((0..700).map(|number| Record::new(TOPIC, format!("x-{number}")).key(KEY)).collect()).await;
    stack.caught_up().await;
    let letters = stack.get("/overview").await.with(200).json()["deadLetters"].clone();
    assert_eq!(letters["more"], true, "{letters}");
    assert!((900..=1_024).contains(&letters["open"].as_u64().unwrap()), "{letters}");
    stack.fault("dynamodbThrottled", 1.0, UNTIL_ENDED).await;
    let overview = stack.get("/overview").await.with(200).json();
    assert_eq!(
        (&overview["dependencies"]["dynamodb"], &overview["timers"]["due"]),
        (&json!("unavailable"), &Value::Null)
    );
}
