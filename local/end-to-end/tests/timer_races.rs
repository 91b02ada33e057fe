//! Timers that fire while they are being cancelled, and timers that become due during an outage.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use end_to_end::stack::receiver::Receiver;
use end_to_end::stack::tables::text;
use end_to_end::stack::timers::oldest_first;
use end_to_end::stack::{PATIENCE, Stack, size};
use futures::future::join_all;
use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use serde_json::json;

/// Concurrent clients.
const CLIENTS: usize = 16;
/// More concurrency than a laptop's default, as on Lambda: an invocation waits until its attempts are due.
const ROOM: [&str; 2] = ["--concurrency", "100"];
/// After an outage, everything that became due meanwhile has fired within this time; asserted only in full size, which
/// has the machine to itself.
const BACK: Duration = Duration::from_secs(10);

/// Creates timers that fire at these times; returns the times by id.
async fn make(stack: &Stack, url: &str, times: Vec<Timestamp>) -> BTreeMap<String, Timestamp> {
    let bodies: Vec<_> = times.iter().map(|at| json!({"url": url, "fireAt": at.to_string()})).collect();
    let ids: Vec<String> = stream::iter(bodies.iter().map(|body| stack.timer(body))).buffered(CLIENTS).collect().await;
    ids.into_iter().zip(times).collect()
}

fn now() -> Timestamp {
    Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap()
}

async fn sleep_until(time: Timestamp) {
    let left = time.duration_since(Timestamp::now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
}

async fn until_fired(stack: &Stack, within: Duration, count: usize) {
    stack
        .eventually_within(within, "each has fired", async || {
            let timers = stack.timers().await;
            let fired = timers.values().filter(|timer| text(timer, "status") == "fired").count();
            if fired == count { Ok(()) } else { Err(fired) }
        })
        .await;
}

#[tokio::test]
async fn a_timer_that_is_cancelled_while_it_fires_is_either_cancelled_and_never_sent_or_sent_and_not_cancelled() {
    let count = size(100, 1_000);
    let (stack, receiver) = (Stack::start_with(&ROOM).await, Receiver::start().await);
    let first = now() + Duration::from_secs(10 + count as u64 / 50);
    let times = (0..count).map(|number| first + Duration::from_millis(10 * number as u64)).collect();
    let timers = make(&stack, &receiver.url("ok"), times).await;
    stack.until_timers("scheduled", count).await;
    assert!(Timestamp::now() + Duration::from_millis(400) < first, "the machine is too slow for this test");
    let mut random = fastrand::Rng::new();
    let cancel = timers.iter().map(|(id, fire_at)| {
        // Around the moment of the claim, which comes 0.2 to 0.3 s before the time.
        let at = *fire_at - Duration::from_millis(random.u64(100..400));
        let stack = &stack;
        async move {
            sleep_until(at).await;
            let answer = stack.send(stack.request("DELETE", &format!("/timers/{id}"))).await;
            let code =
                if answer.status == 409 { answer.json()["code"].as_str().unwrap().to_owned() } else { String::new() };
            assert!(["", "timer_firing", "timer_fired"].contains(&code.as_str()), "{}", answer.text);
            (id, answer.with(if code.is_empty() { 204 } else { 409 }).status)
        }
    });
    let answers = join_all(cancel).await;
    let cancelled = answers.iter().filter(|(_, status)| *status == 204).count();
    until_fired(&stack, PATIENCE, count - cancelled).await;
    stack.relayed().await;
    let (stored, arrivals) = (stack.timers().await, receiver.arrivals());
    for (id, status) in &answers {
        let found = (text(&stored[*id], "status"), arrivals.get(*id).map_or(0, Vec::len));
        assert_eq!(found, if *status == 204 { ("cancelled", 0) } else { ("fired", 1) }, "{id}");
    }
    stack.conserved().await;
    eprintln!("{cancelled} of {count} were cancelled, the others were sent");
    assert!(cancelled > 0 && cancelled < count, "{cancelled} of {count}");
}

#[tokio::test]
async fn what_was_due_while_the_whole_stack_was_dead_fires_when_it_is_back_oldest_first() {
    const TIMERS: usize = 500;
    let (data, journal, receiver) = (tempfile::tempdir().unwrap(), Arc::default(), Receiver::start().await);
    let args = ["--data", data.path().to_str().unwrap(), ROOM[0], ROOM[1]];
    let stack = Stack::start_after(&args, Arc::clone(&journal)).await;
    let first = now() + Duration::from_secs(25);
    let times: Vec<Timestamp> = (0..TIMERS).map(|number| first + Duration::from_millis(4 * number as u64)).collect();
    let last = times[TIMERS - 1];
    let timers = make(&stack, &receiver.url("ok"), times).await;
    stack.until_timers("scheduled", TIMERS).await;
    // What is due within a second may already be under way.
    assert!(Timestamp::now() + Duration::from_secs(2) < first, "the machine is too slow for this test");
    stack.process.signal("KILL");
    stack.process.ended(PATIENCE).await;
    sleep_until(last).await;
    assert_eq!(receiver.received().len(), 0);

    let stack = Stack::start_after(&args, journal).await;
    let began = Instant::now();
    until_fired(&stack, size(PATIENCE, BACK), TIMERS).await;
    eprintln!("{TIMERS} timers have fired {:?} after the return", began.elapsed());
    let arrivals = receiver.arrivals();
    assert!(timers.keys().all(|id| arrivals[id].len() == 1), "{arrivals:?}");
    let mut seen = std::collections::BTreeSet::new();
    let records: Vec<_> = stack.due_records().await.into_iter().filter(|it| seen.insert(it.timer.clone())).collect();
    assert_eq!(records.len(), TIMERS);
    oldest_first(&records);
    stack.relayed().await;
    stack.conserved().await;
}
