//! Webhooks: each timer's arrives, not before its time and soon after it, signed, and again only when necessary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use end_to_end::stack::receiver::{Receiver, SECRET};
use end_to_end::stack::{PATIENCE, Stack, size};
use futures::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use millrace_domain::id::TimerId;
use millrace_domain::timer::{Status, Timer};
use millrace_store::timer::Table;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Concurrent clients.
const CLIENTS: usize = 16;
/// More concurrency than a laptop's default, as on Lambda: an invocation waits until its attempts are due, and for
/// receivers.
const ROOM: [&str; 2] = ["--concurrency", "100"];

fn attempts(timer: &Value) -> Vec<(Option<u64>, Option<&str>)> {
    let attempts = timer["attempts"].as_array().unwrap().iter();
    attempts.map(|attempt| (attempt["status"].as_u64(), attempt["error"].as_str())).collect()
}

#[tokio::test]
async fn a_receiver_that_fails_twice_is_called_a_third_time_with_the_same_id_and_verifies_each_call() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let payload = json!({"order": 7, "text": "ü \" \n"});
    let id = stack.timer(&json!({"url": receiver.url("fails-twice"), "seconds": 0, "payload": payload})).await;
    // The first wait is 5 s, the second five minutes.
    let again = stack.until(&id, "two attempts failed", |timer| timer["attempts"].as_array().unwrap().len() == 2).await;
    let calls = receiver.of(&id);
    let waited = calls[1].at.duration_since(calls[0].at);
    assert!(waited >= SignedDuration::from_secs(5), "{waited}");
    assert_eq!(again["status"], "scheduled");
    let wait = stack.due_index().await[&id] - Timestamp::now().as_millisecond();
    assert!((280_000..=331_000).contains(&wait), "{wait}");
    stack.hasten(&id).await;
    let fired = stack.until_status(&id, "fired").await;
    let failed = (Some(500), Some("500 Internal Server Error"));
    assert_eq!(attempts(&fired), [failed, failed, (Some(200), None)]);
    let calls = receiver.of(&id);
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert!(call.is_signed_by(SECRET));
        assert_eq!(serde_json::from_str::<Value>(&call.body).unwrap(), payload);
        assert_eq!((call.id(), call.headers["content-type"].to_str().unwrap()), (id.as_str(), "application/json"));
    }
    stack.judged().await;
}

#[tokio::test]
async fn a_timers_own_secrets_sign_and_its_body_is_an_empty_object_without_a_payload() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let (old, new) = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_bWlsbHJhY2UtbmV3LXNlY3JldC0zMi1ieXRlcyEhISE=");
    let both = format!("{new} {old}");
    let id = stack.timer(&json!({"url": receiver.url("large"), "seconds": 0, "secret": both})).await;
    stack.until_status(&id, "fired").await;
    let [call] = &receiver.of(&id)[..] else { panic!("one call was expected") };
    assert!(call.is_signed_by(old) && call.is_signed_by(new) && !call.is_signed_by(SECRET));
    assert_eq!(call.body, "{}");
    stack.judged().await;
    assert!(!stack.process.tail().contains("whsec_"));
}

#[tokio::test]
async fn what_a_receiver_answers_decides_what_follows() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let make = async |url: &str| stack.timer(&json!({"url": url, "seconds": 0})).await;
    let (gone, busy) = (make(&receiver.url("gone")).await, make(&receiver.url("busy")).await);
    let (moved, metadata) = (make(&receiver.url("moved")).await, make(&receiver.url("metadata")).await);
    let hangs = make(&receiver.url("hangs")).await;
    let nobody = make("http://127.0.0.1:9/").await;
    let unknown = make("http://no-such-name.invalid/").await;

    let failed = stack.until_status(&gone, "failed").await;
    assert_eq!(attempts(&failed), [(Some(410), Some("410 Gone"))]);
    assert_eq!(stack.dead_letters().await, BTreeSet::from([format!("{gone}.1")]));
    // A redrive is one more attempt.
    stack.send(stack.request("POST", &format!("/dlq/{gone}.1/redrive"))).await.with(202);
    let again = |timer: &Value| timer["attempts"].as_array().unwrap().len() == 2 && timer["status"] == "failed";
    stack.until(&gone, "it was tried once more", again).await;
    assert_eq!(stack.dead_letters().await, BTreeSet::from([format!("{gone}.1"), format!("{gone}.2")]));
    let tried = |timer: &Value| timer["status"] == "scheduled" && !timer["attempts"].as_array().unwrap().is_empty();
    stack.until(&busy, "it waits as it was asked to", tried).await;
    let wait = stack.due_index().await[&busy] - Timestamp::now().as_millisecond();
    assert!((500_000..=600_000).contains(&wait), "{wait}");
    for (id, status) in [(&moved, 307), (&metadata, 307)] {
        let timer = stack.until(id, "its redirect is a failure", tried).await;
        assert_eq!(timer["attempts"][0]["status"], status);
        assert!(timer["attempts"][0]["error"].as_str().unwrap().contains("not followed"));
    }
    for (id, error) in [(&nobody, "no connection: connection refused"), (&unknown, "the host name does not resolve")] {
        let timer = stack.until(id, "it is tried again", tried).await;
        assert_eq!(timer["attempts"][0]["error"], error);
    }
    // While the receiver holds the request, the timer cannot be cancelled; between attempts it can.
    stack.until_status(&hangs, "firing").await;
    stack.send(stack.request("DELETE", &format!("/timers/{hangs}"))).await.with(409);
    let timer = stack.until(&hangs, "it is tried again", tried).await;
    assert_eq!(attempts(&timer)[0], (None, Some("no answer within 15 s")));
    let took = timer["attempts"][0]["durationMs"].as_u64().unwrap();
    assert!(took >= 15_000, "{took}");
    for id in [&busy, &moved, &metadata, &nobody, &unknown, &hangs] {
        stack.send(stack.request("DELETE", &format!("/timers/{id}"))).await.with(204);
    }
    assert!(receiver.received().iter().all(|call| call.path != "/ok"), "a redirect was followed");
    stack.judged().await;
}

/// Answers that HTTP libraries refuse, or that have something in front, or no end.
const ODD: [&str; 6] = [
    "HTTP/1.1 200 OK\r\nx-folded: one\r\n two\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.0 202\nserver : old\nno colon\n\ntaken",
    "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;name=\"value\"\r\nok\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\nsome",
    "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
];

/// Answers each request with the one of [`ODD`] that its path names. Returns where, and which paths were called.
async fn odd_receiver() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::<Mutex<Vec<String>>>::default();
    let seen = calls.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = String::new();
            let mut bytes = [0; 4096];
            while !request.ends_with("{}") {
                let read = stream.read(&mut bytes).await.unwrap();
                request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            let path = request.split(' ').nth(1).unwrap().to_owned();
            stream.write_all(ODD[path[1..].parse::<usize>().unwrap()].as_bytes()).await.unwrap();
            seen.lock().unwrap().push(path);
        }
    });
    (base, calls)
}

#[tokio::test]
async fn what_a_receiver_has_taken_is_not_sent_again_however_odd_its_answer_is() {
    let (stack, (base, calls)) = (Stack::start().await, odd_receiver().await);
    for (number, answer) in ODD.iter().enumerate() {
        let id = stack.timer(&json!({"url": format!("{base}/{number}"), "seconds": 0})).await;
        let fired = stack.until_status(&id, "fired").await;
        let [(Some(200..=204), None)] = attempts(&fired)[..] else { panic!("{answer}: {fired}") };
    }
    stack.judged().await;
    let calls = calls.lock().unwrap().clone();
    assert_eq!(calls, ["/0", "/1", "/2", "/3", "/4", "/5"]);
}

/// Milliseconds between each timer's time and its first arrival; panics for one that came early.
fn lateness(arrivals: &BTreeMap<String, Vec<Timestamp>>, due: &BTreeMap<String, Timestamp>) -> Vec<i64> {
    let mut late: Vec<i64> = due
        .iter()
        .map(|(id, due)| {
            let late = arrivals[id][0].duration_since(*due);
            assert!(!late.is_negative(), "{id} came {late} early");
            late.as_millis() as i64
        })
        .collect();
    late.sort_unstable();
    late
}

/// Prints how late webhooks were; lateness on a busy machine is not a failure.
fn report(what: &str, late: &[i64]) {
    let at = |percent: usize| late[(late.len() * percent / 100).min(late.len() - 1)];
    let below = [25, 50, 100, 250, 500, 1_000].map(|limit| (limit, late.iter().filter(|late| **late < limit).count()));
    eprintln!("{what}: {} webhooks, late by p50 {} ms, p99 {} ms, most {} ms", late.len(), at(50), at(99), at(100));
    eprintln!("  within ms: {below:?}");
}

/// Creates timers, each due at its time; returns the times by id.
async fn make(stack: &Stack, url: &str, times: Vec<Timestamp>) -> BTreeMap<String, Timestamp> {
    let one = async |at: Timestamp| {
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap();
        (stack.timer(&json!({"url": url, "fireAt": at.to_string()})).await, at)
    };
    stream::iter(times.into_iter().map(one)).buffer_unordered(CLIENTS).collect().await
}

/// Stores future timers as `timer-store` does, directly in the table: creating that many through the API takes minutes.
async fn store_later(stack: &Stack, url: &str, count: usize) {
    let table = Table::new(stack.dynamodb.clone(), stack.table("TimersTable").to_owned(), Duration::from_secs(60));
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    let timer = |number: usize| Timer {
        id: TimerId::from(millrace_platform::clock::new_id()),
        url: url.to_owned(),
        status: Status::Scheduled,
        fire_at: now + Duration::from_secs(24 * 3_600 + number as u64),
        due_at: now + Duration::from_secs(24 * 3_600 + number as u64),
        payload: None,
        secret: None,
        attempt: 1,
        attempts: Vec::new(),
        scheduled_at: None,
        firing_until: None,
        owner: None,
        traceparent: None,
        version: 2,
        created_at: now,
        updated_at: now,
    };
    let timers: Vec<Timer> = (0..count).map(timer).collect();
    // A transaction is limited to 100 actions.
    for timers in timers.chunks(50) {
        let actions = timers.iter().flat_map(|timer| [table.insert(timer).unwrap(), table.add_due(timer).unwrap()]);
        let write = stack.dynamodb.transact_write_items().set_transact_items(Some(actions.collect()));
        write.send().await.unwrap();
    }
}

/// Times spread evenly over `over`, starting at `from`.
fn spread(count: usize, from: Timestamp, over: Duration) -> Vec<Timestamp> {
    (0..count).map(|number| from + over.mul_f64(number as f64 / count as f64)).collect()
}

/// While more timers than this are missing, none is checked individually.
const FEW: usize = 100;

/// Waits until each was received, and then until each is stored as fired. It does not read the table before that, to
/// keep the load low.
async fn until_fired(stack: &Stack, receiver: &Receiver, due: &BTreeMap<String, Timestamp>) {
    stack
        .eventually_within(size(PATIENCE, 2 * PATIENCE), "every webhook was received", async || {
            // Enough to tell what is wrong; checking each one all the time would be a load of its own.
            let few = due.len().saturating_sub(receiver.timers());
            if few > FEW {
                return Err((few, String::new()));
            }
            let missing = receiver.missing(due.keys());
            let Some(first) = missing.first() else { return Ok(()) };
            let first = stack.get(&format!("/timers/{first}")).await.text;
            Err((missing.len(), first))
        })
        .await;
    let fired = due.keys().map(|id| stack.until_status(id, "fired"));
    stream::iter(fired).buffer_unordered(CLIENTS).collect::<Vec<Value>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_arrive_once_and_in_time_whoever_hangs_and_whatever_waits() {
    let (count, hanging) = (size(1_000, 10_000), 100);
    let (stack, receiver) = (Stack::start_with(&ROOM).await, Receiver::start().await);
    store_later(&stack, &receiver.url("later"), size(5_000, 100_000)).await;
    // They are all created before the first is due.
    let from = Timestamp::now() + size(Duration::from_secs(25), Duration::from_secs(60));
    let over = size(Duration::from_secs(10), Duration::from_secs(20));
    let hang = make(&stack, &receiver.url("hangs"), spread(hanging, from, over)).await;
    let due = make(&stack, &receiver.url("ok"), spread(count, from, over)).await;
    assert!(Timestamp::now() < from, "the machine is too slow to make them in time");
    until_fired(&stack, &receiver, &due).await;
    let arrivals = receiver.arrivals();
    let late = lateness(&arrivals, &due);
    report("with 100 receivers that hang", &late);
    assert!(due.keys().all(|id| arrivals[id].len() == 1), "a webhook came twice, and nothing had failed");
    assert!(receiver.received().iter().all(|call| call.path != "/later"));
    for id in hang.keys() {
        stack.until(id, "it is tried again", |timer| !timer["attempts"].as_array().unwrap().is_empty()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_of_no_or_one_second_fires_at_once_or_after_a_second() {
    let (stack, receiver) = (Stack::start_with(&ROOM).await, Receiver::start().await);
    // The first one starts the functions.
    let first = stack.timer(&json!({"url": receiver.url("ok"), "seconds": 0})).await;
    stack.until_status(&first, "fired").await;
    for seconds in [0, 1] {
        let one = async |_| {
            let made = stack.ask("POST", "/timers", &json!({"url": receiver.url("ok"), "seconds": seconds})).await;
            let made = made.with(202).json();
            let fire_at: Timestamp = made["fireAt"].as_str().unwrap().parse().unwrap();
            (made["timerId"].as_str().unwrap().to_owned(), fire_at)
        };
        let due: BTreeMap<String, Timestamp> =
            stream::iter((0..size(200, 2_000)).map(one)).buffer_unordered(2).collect().await;
        until_fired(&stack, &receiver, &due).await;
        report(&format!("after {seconds} s"), &lateness(&receiver.arrivals(), &due));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_of_everybody_on_the_way_lose_no_webhook() {
    let count = size(300, 5_000);
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let kills = async {
        for _ in 0..size(6, 40) {
            tokio::time::sleep(Duration::from_millis(700)).await;
            for function in ["timer-store", "timer-runner", "webhook-sender"] {
                stack.kill(function).await;
            }
            // As the schedule does every minute.
            stack.tick_runner().await;
        }
    };
    let over = Duration::from_secs(size(5, 30));
    let times = spread(count, Timestamp::now() + Duration::from_secs(1), over);
    let url = receiver.url("ok");
    let (due, ()) = tokio::join!(make(&stack, &url, times), kills);
    until_fired(&stack, &receiver, &due).await;
    let arrivals = receiver.arrivals();
    let came: usize = due.keys().map(|id| arrivals[id].len()).sum();
    lateness(&arrivals, &due);
    eprintln!("{count} timers, {} webhooks came again, with the same id", came - count);
    stack.relayed().await;
    stack.conserved().await;
}
