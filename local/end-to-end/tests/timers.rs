//! Timers: they exist once they were acknowledged, become due in time and again until somebody has taken them, and no
//! crash loses one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use end_to_end::stack::kafka::events_of;
use end_to_end::stack::tables::text;
use end_to_end::stack::timers::{DUE, Due, NOBODY, after, oldest_first};
use end_to_end::stack::{PATIENCE, Stack, size};
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Concurrent clients.
const CLIENTS: usize = 16;
/// A timer too far in the future to fire, in seconds.
const LATER: u64 = 3_600;
/// How long before its time an attempt is produced, and after which time again.
const AHEAD: Duration = Duration::from_secs(1);
const REPEAT: Duration = Duration::from_secs(30);
/// The lease of a killed runner expires, and the next runner reads.
const TAKEOVER: Duration = Duration::from_secs(8);

/// Creates timers, some concurrently; returns their ids.
async fn make(stack: &Stack, count: usize, body: impl Fn(usize) -> Value) -> Vec<String> {
    let bodies: Vec<Value> = (0..count).map(body).collect();
    stream::iter(bodies.iter().map(|body| stack.timer(body))).buffered(CLIENTS).collect().await
}

#[tokio::test]
async fn a_timer_is_found_from_its_answer_on_and_is_soon_in_the_due_index_once() {
    let count = size(300, 10_000);
    let stack = Stack::start().await;
    let one = async |number: usize| {
        let body = json!({"url": NOBODY, "hours": 1, "payload": {"number": number}});
        let made = stack.ask("POST", "/timers", &body).await.with(202);
        let path = made.header("location").to_owned();
        let read = stack.get(&path).await.with(200).json();
        assert_eq!((&read["timerId"], &read["fireAt"]), (&made.json()["timerId"], &made.json()["fireAt"]));
        assert!(["pending", "scheduled"].contains(&read["status"].as_str().unwrap()), "{read}");
        assert!((3_590..=3_600).contains(&read["secondsLeft"].as_u64().unwrap()), "{read}");
        assert_eq!(read["attempts"], json!([]));
        assert!(read.get("payload").is_none() && read.get("secret").is_none());
    };
    stream::iter(0..count).map(one).buffer_unordered(CLIENTS).collect::<Vec<()>>().await;
    stack.until_timers("scheduled", count).await;
    assert_eq!(stack.due_index().await.len(), count);
    stack.drained().await;
    assert_eq!(stack.conserved().await, count);
    let events = events_of(&stack.addresses.kafka, "timer-requests").await;
    assert!(events.iter().all(|it| it.event.kind == "TimerRequested" && it.event.traceparent.is_some()));
}

#[tokio::test]
async fn what_is_no_timer_is_refused_by_field_and_makes_none() {
    let stack = Stack::start().await;
    let with = |field: &str, value: Value| {
        let mut body = after(1);
        body[field] = value;
        body
    };
    let (past, far) =
        (Timestamp::now() - Duration::from_secs(60), Timestamp::now() + Duration::from_secs(367 * 86_400));
    let at = |time: Timestamp| json!({"url": NOBODY, "fireAt": time.to_string()});
    let refused = [
        (json!({"seconds": 1}), 400, "/url"),
        (json!({"url": NOBODY}), 400, "/fireAt"),
        (with("seconds", json!(-1)), 400, "/seconds"),
        (with("seconds", json!(1.5)), 400, "/seconds"),
        (with("fireAt", json!("2036-01-01T00:00:00Z")), 400, "/fireAt"),
        (at(past), 400, "/fireAt"),
        (at(far), 400, "/fireAt"),
        (with("secret", json!("whsec_short")), 400, "/secret"),
        (with("userAgent", json!("x")), 400, "/userAgent"),
        (with("url", json!("not a url")), 400, "/url"),
        (with("url", json!("ftp://example.com/")), 422, "/url"),
        (with("url", json!("http://169.254.169.254/latest/")), 422, "/url"),
        (with("url", json!("http://10.0.0.1/")), 422, "/url"),
        (with("url", json!("http://user:secret@127.0.0.1/")), 422, "/url"),
        (with("payload", json!("x".repeat(20 * 1024))), 413, ""),
    ];
    for (body, status, field) in refused {
        let answer = stack.ask("POST", "/timers", &body).await.with(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        let named = problem["errors"].as_array().into_iter().flatten().any(|error| error["field"] == field);
        assert!(named || field.is_empty(), "{field}: {problem}");
    }
    stack.send(stack.request("POST", "/timers").body("{")).await.with(400);
    for path in ["/timers/none", "/timers/no%20id"] {
        stack.get(path).await.with(404);
        stack.send(stack.request("DELETE", path)).await.with(404);
    }
    stack.send(stack.request("PUT", "/timers/none")).await.with(405);
    assert_eq!(stack.timers().await.len(), 0);
    // A moment ago counts as now: clocks differ.
    stack.timer(&at(Timestamp::now() - Duration::from_secs(2))).await;
    let keyed = || stack.request("POST", "/timers").header("idempotency-key", "dinner").json(&after(LATER));
    let first = stack.send(keyed()).await.with(202);
    let again = stack.send(keyed()).await.with(202);
    assert_eq!((first.text, again.header("idempotency-replayed")), (again.text.clone(), "true"));
    assert_eq!(stack.timers().await.len(), 2);
}

#[tokio::test]
async fn timers_are_listed_by_status_newest_first_page_by_page() {
    let stack = Stack::start().await;
    // One after the other, so that their order is known.
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(stack.timer(&json!({"url": NOBODY, "hours": 1, "secret": secret(), "payload": "private"})).await);
    }
    ids.reverse();
    stack.until_timers("scheduled", ids.len()).await;
    let (cancelled, scheduled): (Vec<_>, Vec<_>) = ids.iter().cloned().enumerate().partition(|(at, _)| at % 5 == 0);
    for (_, id) in &cancelled {
        stack.send(stack.request("DELETE", &format!("/timers/{id}"))).await.with(204);
    }
    let second = |timers: Vec<(usize, String)>| timers.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    for (query, expected) in
        [("", ids.clone()), ("status=scheduled&", second(scheduled)), ("status=cancelled&", second(cancelled))]
    {
        assert_eq!(listed(&stack, query, 7).await, expected, "{query}");
    }
    assert_eq!(listed(&stack, "status=failed&", 7).await, Vec::<String>::new());
    for query in ["status=gone", "limit=0", "cursor=x", "status=fired&status=failed"] {
        stack.get(&format!("/timers?{query}")).await.with(400);
    }
    stack.drained().await;
    stack.conserved().await;
}

fn secret() -> &'static str {
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
}

/// Ids of all pages.
async fn listed(stack: &Stack, query: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = stack.get(&format!("/timers?{query}limit={limit}{cursor}")).await.with(200);
        assert!(!page.text.contains("private") && !page.text.contains("whsec_"), "{}", page.text);
        let page = page.json();
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|timer| timer["timerId"].as_str().unwrap().to_owned()));
        let Some(next) = page["nextCursor"].as_str() else { return ids };
        assert_eq!(items.len(), limit);
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_timer_is_cancelled_before_and_after_it_is_in_the_due_index_and_then_is_never_due() {
    let stack = Stack::start().await;
    let scheduled = stack.timer(&after(LATER)).await;
    stack.until_timers("scheduled", 1).await;
    stack.kafka_down(PATIENCE).await;
    let pending = stack.timer(&after(1)).await;
    for id in [&scheduled, &pending] {
        let path = format!("/timers/{id}");
        stack.send(stack.request("DELETE", &path)).await.with(204);
        stack.send(stack.request("DELETE", &path)).await.with(204);
        let read = stack.get(&path).await.with(200).json();
        assert_eq!((&read["status"], &read["secondsLeft"]), (&json!("cancelled"), &json!(0)));
    }
    stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
    stack.relayed().await;
    stack.until_timers("cancelled", 2).await;
    assert!(stack.due_index().await.is_empty());
    assert!(stack.timers().await.values().all(|timer| timer.contains_key("expiresAt")));
    stack.conserved().await;
    assert_eq!(stack.due_records().await, Vec::<Due>::new());
}

#[tokio::test]
async fn a_timer_whose_request_comes_after_its_time_is_due_at_once() {
    let stack = Stack::start().await;
    stack.holder().await;
    stack.kafka_down(PATIENCE).await;
    let id = stack.timer(&after(2)).await;
    let fire_at: Timestamp =
        stack.get(&format!("/timers/{id}")).await.json()["fireAt"].as_str().unwrap().parse().unwrap();
    stack.eventually("its time has passed", async || if Timestamp::now() > fire_at { Ok(()) } else { Err(()) }).await;
    assert_eq!(text(&stack.timers().await[&id], "status"), "pending");
    stack.fault("kafkaDown", 1.0, Duration::ZERO).await;
    stack.relayed().await;
    stack
        .eventually("it is due", async || {
            let due = stack.due_records().await;
            if due.iter().any(|due| due.timer == id && due.due_at == fire_at) { Ok(()) } else { Err(due) }
        })
        .await;
}

/// Adds entries without timers to the due index, so that no sender removes them: `count` that are due in a few seconds,
/// and more that are due later.
async fn enter(stack: &Stack, count: usize, later: usize) -> BTreeMap<String, Timestamp> {
    // By this time all are added: one added too late is not produced in order. 500 a second is a low rate.
    let soon = 4_000 + (count + later) as i64 * 2;
    let soon = Timestamp::from_millisecond(Timestamp::now().as_millisecond() + soon).unwrap();
    let at = |number: usize| match number.checked_sub(count) {
        None => soon + Duration::from_millis(number as u64),
        Some(number) => soon + Duration::from_secs(LATER + number as u64),
    };
    let due: BTreeMap<String, Timestamp> =
        (0..count + later).map(|number| (format!("timer-{number}"), at(number))).collect();
    let put = due.iter().map(|(id, at)| stack.enter_due(id, *at));
    stream::iter(put).buffer_unordered(CLIENTS).collect::<Vec<()>>().await;
    due.into_iter().filter(|(_, at)| *at < soon + Duration::from_secs(LATER)).collect()
}

#[tokio::test]
async fn what_is_due_is_produced_once_in_each_period_in_order_and_not_earlier_than_it_should() {
    let stack = Stack::start().await;
    // All within one run of the runner, because the next run remembers nothing.
    let due = enter(&stack, 400, size(2_000, 20_000)).await;
    // Overlapping runs, of which one holds the lease.
    let holder = stack.holder().await;
    for _ in 0..3 {
        stack.tick_runner().await;
    }
    let produced = async |times: usize| {
        stack
            .eventually(&format!("each is produced {times} times"), async || {
                let records = stack.due_records().await;
                if records.len() >= times * due.len() { Ok(records) } else { Err(records.len()) }
            })
            .await
    };
    let first = produced(1).await;
    let ids: BTreeSet<&str> = first.iter().map(|due| due.timer.as_str()).collect();
    assert_eq!((first.len(), ids.len()), (due.len(), due.len()));
    assert!(first.iter().all(|it| due[&it.timer] == it.due_at && it.attempt == 1));
    assert_eq!(stack.holder().await, holder);
    oldest_first(&first);
    stack.drained().await;
    let mut lateness = Vec::new();
    for line in stack.archive().await.iter().filter(|line| line.kafka.topic == DUE) {
        let timer = line.id.split('.').next().unwrap();
        let at: Timestamp = line.kafka.timestamp.parse().unwrap();
        let early = due[timer].duration_since(at);
        assert!(early.as_millis() <= AHEAD.as_millis() as i128, "{timer} was produced {early:?} before its time");
        lateness.push(-early.as_millis());
    }
    lateness.sort_unstable();
    let p99 = lateness[lateness.len() * 99 / 100];
    let again = produced(2).await;
    assert_eq!(stack.holder().await, holder);
    stack.drained().await;
    let mut at: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for line in stack.archive().await.into_iter().filter(|line| line.kafka.topic == DUE) {
        at.entry(line.id).or_default().push(line.kafka.timestamp.parse().unwrap());
    }
    for times in at.values_mut() {
        times.sort_unstable();
        assert!(times[1].duration_since(times[0]).unsigned_abs() >= REPEAT, "{times:?}");
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for due in &again {
        *times.entry(due.timer.as_str()).or_default() += 1;
    }
    assert!(times.values().all(|times| *times == 2), "{times:?}");
    eprintln!("{} attempts, produced {:?} ms after their time (p50, p99)", due.len(), (lateness[due.len() / 2], p99));
}

#[tokio::test]
async fn when_the_holder_is_killed_a_run_that_waits_takes_over() {
    // One run per process.
    let stack = Stack::start_with(&["--concurrency", "1"]).await;
    let holder = stack.holder().await;
    let pids = |stack: Value| {
        let functions = stack["items"].as_array().unwrap().clone();
        let runner = functions.into_iter().find(|function| function["name"] == "timer-runner").unwrap();
        runner["pids"].as_array().unwrap().iter().map(|pid| pid.as_u64().unwrap()).collect::<Vec<_>>()
    };
    let running = async || pids(stack.get("/_local/functions").await.with(200).json());
    let [first] = running().await[..] else { panic!("one run was expected") };
    stack.tick_runner().await;
    stack.eventually("another run waits", async || if running().await.len() == 2 { Ok(()) } else { Err(()) }).await;
    let kill = std::process::Command::new("/bin/sh").args(["-c", &format!("kill -9 {first}")]).status().unwrap();
    assert!(kill.success());
    let killed = Instant::now();
    stack.enter_due("late", Timestamp::now()).await;
    stack
        .eventually_within(TAKEOVER, "another run produces what is due", async || {
            let due = stack.due_records().await;
            if due.iter().any(|due| due.timer == "late") { Ok(()) } else { Err(due) }
        })
        .await;
    assert_ne!(stack.holder().await, holder);
    eprintln!("taken over after {:?}", killed.elapsed());
}

#[tokio::test]
async fn timers_survive_kills_of_whoever_enters_and_produces_them() {
    let count = size(200, 5_000);
    let stack = Stack::start().await;
    stack.holder().await;
    let kills = async {
        for _ in 0..size(4, 40) {
            tokio::time::sleep(Duration::from_millis(400)).await;
            for function in ["timer-store", "timer-runner"] {
                stack.kill(function).await;
            }
            // As the schedule does every minute.
            stack.tick_runner().await;
        }
    };
    let (ids, ()) = tokio::join!(make(&stack, count, |number| after(number as u64 % 5)), kills);
    stack
        .eventually("each was due", async || {
            let due = stack.due_records().await;
            let due: BTreeSet<&str> = due.iter().map(|due| due.timer.as_str()).collect();
            let missing: Vec<_> = ids.iter().filter(|id| !due.contains(id.as_str())).collect();
            if missing.is_empty() { Ok(()) } else { Err(missing.len()) }
        })
        .await;
    stack.relayed().await;
}
