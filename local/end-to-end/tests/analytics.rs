//! Every event is counted once, whatever is killed, repeated, reordered or delivered again, and the archive has the same
//! numbers.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use end_to_end::stack::activity::{Sent, TOPIC, muddle};
use end_to_end::stack::history::Shard;
use end_to_end::stack::orders::order;
use end_to_end::stack::tables::text;
use end_to_end::stack::{Stack, product, size};
use jiff::Timestamp;
use krafka::producer::Record;
use millrace_judge::observed::ArchiveLine;
use millrace_judge::read::Reader;
use millrace_store::analytics::{FAILED, Fact, LATE, Row, Sheet, merge};
use serde_json::{Value, json};

const FUNCTION: &str = "analytics";
/// Longer than any of these tests.
const UNTIL_ENDED: Duration = Duration::from_secs(600);
/// The day of the events of [`Sent`].
const DAY: &str = "bucket=day&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z";

/// The counters of the table, summed over the shards.
async fn counters(stack: &Stack) -> Sheet {
    let mut sheet = Sheet::new();
    for item in stack.items("AnalyticsTable").await {
        if let Some((row, mut sums)) = Row::read(&item).unwrap() {
            // The last order that was counted has given the name, whichever it was.
            sums.name = None;
            merge(&mut sheet, Sheet::from([(row, sums)]));
        }
    }
    sheet
}

/// Takes the function through each of its steps, with an event to count at each.
async fn crash_at_each_step(stack: &Stack) -> usize {
    let mut done = BTreeSet::new();
    loop {
        let steps: BTreeSet<String> = stack.steps(FUNCTION).await.into_iter().collect();
        let Some(step) = steps.difference(&done).next().cloned() else { return done.len() };
        stack.arm(FUNCTION, &step, "KILL").await;
        stack.send_events(&[Sent::without_seq("crash", &format!("crash-{}", done.len()))]).await;
        stack.until_struck(FUNCTION, &step).await;
        done.insert(step);
    }
}

/// Delivers the records of a shard again: in other cuts, in other orders, and some alone.
async fn deliver_again(stack: &Stack, random: &mut fastrand::Rng, shard: &Shard) {
    for _ in 0..20 {
        let from = random.usize(0..shard.records.len());
        let mut records = shard.records[from..random.usize(from + 1..=shard.records.len())].to_vec();
        records.truncate(500);
        records.retain(|record| record["eventName"] == "INSERT");
        if random.bool() {
            random.shuffle(&mut records);
        }
        let event = json!({
            "Records": records, "shardId": shard.id, "eventSourceARN": shard.stream, "state": {},
            "window": {"start": "2026-11-28T05:00:00Z", "end": "2026-11-28T05:15:00Z"},
            "isFinalInvokeForWindow": records.is_empty(), "isWindowTerminatedEarly": false
        });
        let path = format!("/_local/lambda/2015-03-31/functions/{FUNCTION}/invocations");
        let answer = stack.ask("POST", &path, &event).await.with(200);
        assert_eq!((answer.header("x-amz-function-error"), answer.json()), ("", json!({"state": {}})));
    }
}

/// What the archive adds up to: of each event its first record, which is the one that the log has.
fn rebuilt(mut archive: Vec<ArchiveLine>) -> Sheet {
    archive.sort_by(|a, b| a.copy.place.cmp(&b.copy.place));
    let (mut seen, mut sheet) = (BTreeSet::new(), Sheet::new());
    for ArchiveLine { timestamp, copy, .. } in &archive {
        if !copy.attributes.contains_key("redriveconsumer") && seen.insert((copy.source.clone(), copy.id.clone())) {
            let fact = Fact::Event { kind: &copy.kind, time: copy.time.unwrap_or(*timestamp), data: &copy.data };
            merge(&mut sheet, fact.sheet(Timestamp::now()));
        }
    }
    for sums in sheet.values_mut() {
        sums.name = None;
    }
    sheet
}

async fn items(stack: &Stack, query: &str) -> Vec<Value> {
    let answer = stack.get(&format!("/analytics?{query}")).await.with(200).json();
    answer["items"].as_array().unwrap().clone()
}

/// What the API tells about users' events and orders.
async fn tells(stack: &Stack, sent: &[Sent], late: u64, orders: u64) {
    let distinct: BTreeMap<&str, bool> = sent.iter().map(|event| (event.id.as_str(), event.fails)).collect();
    let failed = distinct.values().filter(|fails| **fails).count();
    let activity = json!([{
        "bucket": "2026-11-21T00:00:00Z", "type": "UserActivity", "count": distinct.len(), "failed": failed, "late": late
    }]);
    assert_eq!(json!(items(stack, &format!("{DAY}&type=UserActivity")).await), activity);
    // The test may run through midnight.
    for bucket in ["hour", "day"] {
        let confirmed = items(stack, &format!("bucket={bucket}&type=OrderConfirmed")).await;
        let sum = |pointer: &str| confirmed.iter().map(|item| item.pointer(pointer).unwrap().as_u64().unwrap()).sum();
        let (count, value): (u64, u64) = (sum("/count"), sum("/value/0/amount"));
        assert_eq!((count, value), (orders, orders * 3 * 950), "{confirmed:?}");
    }
    let yesterday = Timestamp::now().checked_sub(jiff::SignedDuration::from_hours(24)).unwrap();
    let top = stack.get(&format!("/analytics/products?from={yesterday}&limit=1")).await.with(200).json();
    let burger = json!({"productId": "burger", "name": "Burger", "pieces": 2 * orders,
        "value": [{"amount": 2 * orders * 950, "currency": "EUR"}]});
    assert_eq!(top, json!({"items": [burger], "complete": true}));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_counted_once_whatever_is_killed_repeated_reordered_or_delivered_again() {
    let stack = Stack::start().await;
    for id in ["burger", "soup"] {
        let mut new = product(if id == "burger" { "Burger" } else { "Soup" });
        (new["id"], new["stock"]) = (json!(id), json!(100_000));
        stack.create(&new).await;
    }
    let mut random = fastrand::Rng::new();
    let mut sent = muddle(&mut random, size(10, 200), size(30, 100));
    let orders = size(20, 500);
    let done = AtomicBool::new(false);
    let load = async {
        for number in 0..orders {
            let order = order(&[("burger", 2), ("soup", 1)]);
            let order = stack.request("POST", "/orders").header("idempotency-key", format!("{number}")).json(&order);
            stack.send(order).await.with(201);
        }
        for kind in ["transactionConflict", "errorAfterCommit"] {
            stack.fault(kind, 0.1, UNTIL_ENDED).await;
        }
        // Everything twice, in pieces, so that the second time is at other offsets and in other batches.
        for piece in sent.chunks(40).chain(sent.chunks(70)) {
            stack.send_events(piece).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        done.store(true, Ordering::Relaxed);
    };
    let mut victims = ["analytics", "event-log", "activity-order"].into_iter().cycle();
    let mut fork = random.fork();
    let kill = async {
        while !done.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(fork.u64(50..400))).await;
            stack.kill(victims.next().unwrap()).await;
        }
    };
    tokio::join!(load, kill);
    for kind in ["transactionConflict", "errorAfterCommit"] {
        stack.fault(kind, 0.1, Duration::ZERO).await;
    }
    stack.relayed().await;
    let steps = crash_at_each_step(&stack).await;
    assert!(steps >= 5, "read, write and answer: {steps}");
    sent.extend((0..steps).map(|step| Sent::without_seq("crash", &format!("crash-{step}"))));
    let late: Vec<Sent> = (0..3).map(|number| Sent { id: format!("late-{number}"), ..Sent::new("u-0", 1) }).collect();
    stack.send_events(&late).await;
    sent.extend(late);
    stack.relayed().await;
    stack.conserved().await;
    tells(&stack, &sent, 3, orders).await;

    let counted = counters(&stack).await;
    for table in ["EventLogTable", "AnalyticsTable"] {
        for mut shard in stack.stream(table).await {
            // Of the analytics table, the mapping passes the outcomes.
            let passes = |record: &Value| {
                table == "EventLogTable"
                    || record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().starts_with("outcome#")
            };
            shard.records.retain(passes);
            deliver_again(&stack, &mut random, &shard).await;
        }
    }
    assert_eq!(counters(&stack).await, counted, "what is delivered again is not counted again");

    let archive = Reader::new(&stack.addresses).observe().await.unwrap().archive;
    let mut rebuilt = rebuilt(archive);
    // What became of an activity is not in the archive, which has events.
    let mut events = counted;
    for sums in events.values_mut() {
        sums.by.retain(|name, _| name != FAILED && name != LATE);
    }
    let minutes =
        |row: &Row| !matches!(row, Row::Types { bucket, .. } | Row::Orders { bucket, .. } if bucket.name() == "minute");
    // A minute may expire between the one and the other.
    events.retain(|row, _| minutes(row));
    rebuilt.retain(|row, _| minutes(row));
    assert_eq!(rebuilt, events, "the archive adds up to the counters");
}

/// The write units of counting, by what is written: an item of less than 1 KB in a transaction is two.
#[tokio::test(flavor = "multi_thread")]
async fn many_events_are_few_writes() {
    let events = size(5_000, 50_000);
    let stack = Stack::start().await;
    let sent: Vec<Sent> =
        (0..events).map(|at| Sent::without_seq(&format!("u-{}", at % 500), &format!("e-{at}"))).collect();
    let now = Timestamp::now().to_string();
    let record = |event: &Sent| {
        let mut of_now = event.event();
        of_now["time"] = json!(now);
        Record::new(TOPIC, of_now.to_string()).key(event.user.clone())
    };
    stack.produce_many(sent.iter().map(record).collect()).await;
    stack.drained().await;
    let mut writes: BTreeMap<String, usize> = BTreeMap::new();
    for item in stack.history("AnalyticsTable").await {
        let kind = item["pk"]["S"].as_str().unwrap().split('#').next().unwrap().to_owned();
        *writes.entry(kind).or_default() += 1;
    }
    let all: usize = writes.values().sum();
    let units = 2.0 * all as f64 / f64::from(events);
    eprintln!("{events} events: {writes:?}, {units:.3} write units an event");
    assert!(units < 0.2, "{writes:?}");
    let watermarks = stack.items("AnalyticsTable").await;
    let watermarks = watermarks.iter().filter(|item| text(item, "pk").starts_with("counted#")).count();
    assert_eq!(watermarks, 1, "one for the shard of the log");
    stack.conserved().await;
}
