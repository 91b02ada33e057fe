//! Each event of a user is taken once and in order, whatever is killed, repeated, missing or broken.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use end_to_end::stack::activity::{CONSUMER, Sent, TOPIC, WINDOW, event_key, muddle, peak_megabytes, shuffled};
use end_to_end::stack::tables::{number, text};
use end_to_end::stack::{PATIENCE, Stack, size};
use krafka::producer::Record;
use serde_json::{Value, json};

const SWEEPER: &str = "activity-sweeper";
/// Memory limit of the consumer.
const MEGABYTES: f64 = 64.0;

async fn under_kills(rule: &str, users: usize, seqs: u64, kills: usize) {
    let stack = Stack::start_with(&["--partial-retry", rule]).await;
    let mut random = fastrand::Rng::new();
    let sent = muddle(&mut random, users, seqs);
    let done = AtomicBool::new(false);
    let produce = async {
        // In pieces, so that there is work to kill for a while.
        for piece in sent.chunks(sent.len().div_ceil(2 * kills)) {
            stack.send_events(piece).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let kill = async {
        let mut killed = 0;
        let mut signals = ["KILL", "TERM"].into_iter().cycle();
        while killed < kills {
            tokio::time::sleep(Duration::from_millis(random.u64(20..300))).await;
            let pids = stack.signal(CONSUMER, signals.next().unwrap()).await;
            killed += usize::from(!pids.is_empty());
            if pids.is_empty() && done.load(Ordering::Relaxed) {
                // Work for the next process to kill.
                stack.send_events(&sent[..sent.len().min(50)]).await;
            }
        }
    };
    let began = Instant::now();
    tokio::join!(produce, kill);
    stack.caught_up().await;
    let took = began.elapsed();
    let items = stack.taken_once_and_in_order(&sent).await;
    // Sending everything again changes nothing.
    stack.send_events(&sent).await;
    stack.caught_up().await;
    assert_eq!(stack.taken_once_and_in_order(&sent).await, items);
    stack.conserved().await;
    eprintln!("{} events of {users} users, {kills} kills, {rule}: {took:?}", sent.len());
}

#[tokio::test]
async fn every_event_is_taken_once_and_in_order_whatever_is_killed() {
    under_kills("reported", size(20, 100), size(40, 200), size(6, 50)).await;
}

#[tokio::test]
async fn every_event_is_taken_once_and_in_order_also_when_everything_behind_a_failure_comes_again() {
    under_kills("from-first", size(10, 100), size(30, 200), size(4, 50)).await;
}

/// The benchmark's load, directly on the topic. The time is printed, not asserted.
#[tokio::test]
async fn a_thousand_users_events_with_repeats_and_failures_survive_a_kill_half_way() {
    let users = size(60, 1_000);
    let stack = Stack::start().await;
    let mut random = fastrand::Rng::new();
    let sent = muddle(&mut random, users, 50);
    let began = Instant::now();
    let (first, second) = sent.split_at(sent.len() / 2);
    stack.send_events(first).await;
    stack.signal(CONSUMER, "KILL").await;
    stack.send_events(second).await;
    let produced = began.elapsed();
    stack
        .eventually_within(Duration::from_secs(300), "the consumer has caught up", async || {
            let lag = stack.get("/_local/lag").await.with(200).json();
            let items = lag["items"].as_array().unwrap().iter().filter(|item| item["function"] == CONSUMER);
            let (end, lag) = items.fold((0, 0), |(end, lag), item| {
                (end + item["end"].as_u64().unwrap(), lag + item["lag"].as_u64().unwrap())
            });
            if lag == 0 && end == sent.len() as u64 { Ok(()) } else { Err((end, lag)) }
        })
        .await;
    let took = began.elapsed();
    stack.taken_once_and_in_order(&sent).await;
    eprintln!("{} events of {users} users: produced after {produced:?}, processed after {took:?}", sent.len());
}

/// A record with a wrong key is in another partition, so that several consumers handle the user at once.
#[tokio::test]
async fn consumers_that_have_one_user_at_once_take_each_event_once_and_in_order() {
    const PARTITIONS: i32 = 12;
    let seqs = size(150, 1_000);
    let stack = Stack::start().await;
    let mut random = fastrand::Rng::new();
    let events: Vec<Sent> = (1..=seqs).map(|seq| Sent::new("shared", seq)).collect();
    let mut sent = shuffled(&mut random, events, WINDOW);
    sent.extend(sent.clone().into_iter().step_by(3));
    let record = |event: &Sent| event.record().partition(fastrand::i32(0..PARTITIONS));
    stack.produce_many(sent.iter().map(record).collect()).await;
    stack.caught_up().await;
    stack.taken_once_and_in_order(&sent).await;
}

#[tokio::test]
async fn an_event_that_fails_is_tried_four_times_and_given_up_and_the_next_ones_go_on() {
    let stack = Stack::start().await;
    let sent = [
        Sent::new("u", 1),
        Sent::new("u", 2).failing(),
        Sent::new("u", 3),
        Sent::without_seq("u", "none").failing(),
        Sent::new("other", 1),
    ];
    let began = Instant::now();
    stack.send_events(&sent).await;
    stack.caught_up().await;
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(400), "four attempts take 400 ms, and this took {took:?}");
    let items = stack.taken_once_and_in_order(&sent).await;
    let at = |id: &str| number(&items[&event_key(id)], "processedAt");
    assert!(at("u-3") - at("u-1") >= 400, "3 waits for the end of 2");
    // After a redrive it fails again, under its own redrive id; a redrive requested twice is done once.
    let tables = (stack.table("DeadLetterTable"), stack.table("OutboxTable"));
    let redrive = async || {
        let now = jiff::Timestamp::now();
        let selected = millrace_delivery::dead_letter::Selected { id: "u-2", source: None };
        millrace_delivery::dead_letter::redrive(&stack.dynamodb, tables, selected, now, uuid::Uuid::now_v7).await
    };
    for time in 2..=3 {
        let redriven = redrive().await.unwrap();
        assert_eq!((redriven.len(), redriven[0].consumer.as_str()), (1, CONSUMER));
        assert!(redrive().await.is_err() || time == 3, "it was redriven and has not failed since");
        stack.drained().await;
        let item = stack.event_item("u-2").await.unwrap();
        assert_eq!((text(&item, "status"), number(&item, "attempts")), ("failed", 4 * time));
        let letters = stack.items("DeadLetterTable").await;
        let letter = letters.iter().find(|letter| text(letter, "id") == "u-2").unwrap();
        assert_eq!((text(letter, "status"), number(letter, "attempts")), ("dead", 4 * time));
        assert_eq!(letter["history"].as_l().unwrap().len() as i64, time - 1, "its history stays readable");
        let outcome = ("event#u-2".to_owned(), format!("redrive#{}", redriven[0].redrive_id));
        assert_eq!(text(&stack.activity().await[&outcome], "status"), "failed");
    }
    stack.conserved().await;
}

#[tokio::test]
async fn a_gap_is_stepped_over_at_its_deadline_and_what_comes_later_is_late() {
    let stack = Stack::start_with(&["--parameter", "ActivityGapSeconds=2"]).await;
    stack.send_events(&[Sent::new("u", 1), Sent::new("u", 4), Sent::new("u", 5), Sent::without_seq("u", "none")]).await;
    stack.caught_up().await;
    let status = async |id: &str| stack.event_item(id).await.map(|item| text(&item, "status").to_owned());
    stack.sweep().await;
    assert_eq!(status("none").await.as_deref(), Some("processed"), "what has no seq waits for nothing");
    assert_eq!(status("u-4").await.as_deref(), Some("buffered"), "the deadline is not over");
    stack
        .eventually("the sweeper steps over the gap", async || {
            stack.sweep().await;
            match status("u-5").await.as_deref() {
                Some("processed") => Ok(()),
                other => Err(other.map(str::to_owned)),
            }
        })
        .await;
    stack.send_events(&[Sent::new("u", 3), Sent::new("u", 6)]).await;
    stack.caught_up().await;
    let items = stack.activity().await;
    let item = |id: &str| &items[&event_key(id)];
    let order = ["u-1", "u-4", "u-5", "u-3", "u-6"].map(|id| number(item(id), "position"));
    assert!(order.is_sorted() && number(item("none"), "position") < 3, "{order:?}");
    assert!(item("u-3").contains_key("late") && !item("u-6").contains_key("late"));
    let gap = &items[&("order#u".to_owned(), format!("gap#{:019}", 2))];
    assert_eq!((number(gap, "first"), number(gap, "last")), (2, 3));
    let letters = stack.items("DeadLetterTable").await;
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!((text(letter, "id"), text(letter, "reason")), ("gap:u:2", "gap"));
    stack.conserved().await;
}

#[tokio::test]
async fn what_is_no_event_is_given_up_with_its_bytes_and_the_partition_goes_on() {
    let stack = Stack::start().await;
    let mut seq = Sent::new("u", 1).event();
    seq["data"]["payload"]["seq"] = json!(0);
    let mut user = Sent::new("u", 1).event();
    user["data"]["userId"] = json!(" ");
    let poison = [b"not json".to_vec(), b"\xff".to_vec(), seq.to_string().into(), user.to_string().into()];
    let mut records: Vec<Record> = poison.iter().map(|value| Record::new(TOPIC, value.clone()).key("u")).collect();
    records.push(Record::tombstone(TOPIC, "u"));
    records.push(Sent::new("u", 1).record());
    stack.produce(records).await;
    stack.caught_up().await;
    stack.taken_once_and_in_order(&[Sent::new("u", 1)]).await;
    let letters = stack.items("DeadLetterTable").await;
    let given_up: Vec<_> = letters.iter().filter(|letter| text(letter, "consumer") == CONSUMER).collect();
    let kept: BTreeSet<Vec<u8>> =
        given_up.iter().filter_map(|letter| Some(letter.get("bytes")?.as_b().unwrap().clone().into_inner())).collect();
    assert_eq!((given_up.len(), kept), (5, poison.into_iter().collect()));
    stack.conserved().await;
}

#[tokio::test]
async fn events_that_come_long_before_their_turn_wait_within_bounds_of_number_and_memory() {
    // More events than may wait; the consumer's memory must not grow with them.
    let (users, waiting) = (size(2, 10), size(1_000, 10_000));
    let stack = Stack::start_with(&["--parameter", "ActivityGapSeconds=3600"]).await;
    let mut random = fastrand::Rng::new();
    let mut sent: Vec<Sent> =
        (0..users).flat_map(|user| (2..2 + waiting).map(move |seq| Sent::new(format!("w-{user}"), seq))).collect();
    random.shuffle(&mut sent);
    let (first, second) = sent.split_at(sent.len() / 2);
    let mut times = Vec::new();
    for half in [first, second] {
        let began = Instant::now();
        stack.send_events(half).await;
        stack.caught_up().await;
        times.push(began.elapsed());
    }
    let items = stack.activity().await;
    let waits = items.keys().filter(|(_, sk)| sk.starts_with("seq#")).count();
    assert_eq!(waits, sent.len());
    let over: Vec<Sent> = (0..users).map(|user| Sent::new(format!("w-{user}"), waiting + 2)).collect();
    if waiting == 10_000 {
        stack.send_events(&over).await;
        stack.caught_up().await;
        for event in &over {
            let item = stack.event_item(&event.id).await.unwrap();
            assert!(text(&item, "error").starts_with("buffer_full"), "{item:?}");
        }
    }
    let missing: Vec<Sent> = (0..users).map(|user| Sent::new(format!("w-{user}"), 1)).collect();
    let began = Instant::now();
    stack.send_events(&missing).await;
    stack.caught_up().await;
    let drained = began.elapsed();
    sent.extend(missing);
    let pids = stack.signal(CONSUMER, "CONT").await;
    let peak = pids.iter().map(|pid| peak_megabytes(*pid)).fold(0.0, f64::max);
    if waiting < 10_000 {
        stack.taken_once_and_in_order(&sent).await;
    } else {
        // Now there is room, so events that were over the limit are taken when they are sent again.
        for event in &over {
            stack.ask("POST", &format!("/dlq/{}/redrive", event.id), &Value::Null).await.with(202);
        }
        stack.relayed().await;
        stack.caught_up().await;
        for event in &over {
            let read = stack.get(&format!("/events/{}", event.id)).await.with(200).json();
            assert_eq!(read["status"], "processed", "{read}");
        }
    }
    assert!(!pids.is_empty() && peak < MEGABYTES, "{peak} MB");
    eprintln!("{} events wait in {times:?} and are drained in {drained:?}; the consumer has {peak:.1} MB", sent.len());
}

#[tokio::test]
async fn a_crash_at_any_step_of_consumer_or_sweeper_loses_nothing_and_doubles_nothing() {
    let stack = Stack::start_with(&["--parameter", "ActivityGapSeconds=1"]).await;
    let (mut sent, mut done) = (Vec::new(), BTreeSet::new());
    let mut quiet = 0;
    stack
        .eventually("the sweeper has run", async || {
            stack.sweep().await;
            let steps = stack.steps(SWEEPER).await;
            if steps.is_empty() { Err(steps) } else { Ok(()) }
        })
        .await;
    // Each round covers everything a user can cause: events in order, early, failing, repeated, and a gap.
    for round in 0.. {
        let points = stack.crash_points().await.into_iter();
        let ours = points.filter(|point| [CONSUMER, SWEEPER].contains(&point.function.as_str()));
        let next = ours.into_iter().find(|point| !done.contains(&(point.function.clone(), point.step.clone())));
        if let Some(point) = &next {
            stack.arm(&point.function, &point.step, "KILL").await;
        }
        let user = format!("c-{round}");
        let mut events: Vec<Sent> = [2, 1, 3, 5, 4, 8, 2].into_iter().map(|seq| Sent::new(user.clone(), seq)).collect();
        events[2].fails = true;
        events.push(Sent::without_seq(&user, &format!("{user}-none")));
        // 6 and 7 are missing; 8 waits for them until the sweeper runs.
        stack.send_events(&events).await;
        stack.produce(vec![Record::new(TOPIC, "poison").key(user.clone())]).await;
        if let Some(point) = next {
            stack
                .eventually("the step is passed", async || {
                    stack.sweep().await;
                    let struck = stack.struck(&point.function, &point.step).await;
                    if struck { Ok(()) } else { Err(point.clone()) }
                })
                .await;
            done.insert((point.function, point.step));
            quiet = 0;
        } else {
            stack.caught_up().await;
            stack.sweep().await;
            quiet += 1;
        }
        sent.extend(events);
        // A step that only a crash leads to shows up on the way.
        if quiet == 3 {
            break;
        }
    }
    let deadline = Instant::now() + 2 * PATIENCE;
    for number in 0.. {
        stack.sweep().await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let items = stack.activity().await.into_keys();
        let waiting: Vec<String> = items.filter(|(_, sk)| sk.starts_with("seq#")).map(|(pk, _)| pk).collect();
        if waiting.is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "{waiting:?}{}", stack.process.tail());
        // A consumer that was behind blocks the sweeper for 90 s, unless it reports that it has caught up.
        for (of_user, pk) in waiting.iter().enumerate() {
            let user = pk.trim_start_matches("order#");
            let event = Sent::without_seq(user, &format!("{user}-again-{number}-{of_user}"));
            stack.send_events(std::slice::from_ref(&event)).await;
            sent.push(event);
        }
    }
    stack.caught_up().await;
    stack.taken_once_and_in_order(&sent).await;
    let functions: BTreeSet<&str> = done.iter().map(|(function, _)| function.as_str()).collect();
    assert_eq!(functions, [CONSUMER, SWEEPER].into());
    for (function, step) in &done {
        eprintln!("crashed {function} at {step}");
    }
    stack.conserved().await;
}
