//! The feed of notifications: whatever is killed or cut, each reader sees each entry once and in order.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod access;
mod given;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use end_to_end::stack::feed::Reader;
use end_to_end::stack::{Stack, size};
use futures::future::join_all;

use self::given::{Given, exact};

/// Readers at once.
const READERS: usize = 20;

/// What makes the entries.
const NOTIFIER: &str = "notifier";
/// What streams them.
const STREAM: &str = "notifications";

#[tokio::test(flavor = "multi_thread")]
async fn each_of_20_readers_sees_each_entry_once_and_in_order_whatever_is_cut_and_killed() {
    let stack = Stack::start().await;
    let cuts = size(10, 50);
    let (done, total) = (AtomicBool::new(false), AtomicUsize::new(0));
    let read = async {
        let readers = join_all((0..READERS).map(|number| {
            let (stack, total) = (&stack, &total);
            async move {
                let mut random = fastrand::Rng::with_seed(number as u64);
                let mut reader = Reader::new(stack, "after=0");
                for _ in 0..cuts {
                    reader.read_for(Duration::from_millis(random.u64(5..600))).await;
                    total.fetch_add(1, Ordering::Relaxed);
                }
                reader
            }
        }))
        .await;
        done.store(true, Ordering::Relaxed);
        readers
    };
    let kill = async {
        let mut random = fastrand::Rng::with_seed(7);
        let mut kills = 0;
        while !done.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(random.u64(150..700))).await;
            for function in [NOTIFIER, STREAM] {
                kills += stack.kill(function).await.len();
            }
        }
        kills
    };
    let (mut readers, kills, given) = tokio::join!(read, kill, Given::until(&stack, &done));
    eprintln!("{} cuts, {kills} processes killed, {given:?}", total.load(Ordering::Relaxed));
    assert!(kills > 2 && total.load(Ordering::Relaxed) == READERS * cuts);
    let feed = exact(&stack, &given).await;
    join_all(readers.iter_mut().map(|reader| reader.read_until(feed.len() as u64))).await;
    for reader in &readers {
        assert!(reader.seen == feed, "a reader has seen another feed than it is");
        assert_eq!(reader.others, [], "nothing has expired, and no stream has ended by itself");
    }
    let mut newcomer = Reader::new(&stack, "after=0");
    newcomer.read_until(feed.len() as u64).await;
    assert!(newcomer.seen == feed, "a new reader sees the same");
    let mut chosen = Reader::new(&stack, "type=OrderConfirmed&type=DeadLetter");
    let wanted: Vec<_> =
        feed.iter().filter(|it| it["type"] == "OrderConfirmed" || it["type"] == "DeadLetter").collect();
    chosen.read_until(wanted.last().unwrap()["seq"].as_u64().unwrap()).await;
    assert_eq!(chosen.seen.iter().collect::<Vec<_>>(), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_of_the_notifier_and_of_the_stream_loses_nothing() {
    let stack = Stack::start().await;
    let done = AtomicBool::new(false);
    let crash = async {
        let mut reader = Reader::new(&stack, "after=0");
        let mut struck = Vec::new();
        // A step that only a crash leads to shows up on the way.
        for _ in 0..3 {
            reader.read_for(Duration::from_secs(2)).await;
            for function in [NOTIFIER, STREAM] {
                for step in stack.steps(function).await {
                    if struck.contains(&(function, step.clone())) {
                        continue;
                    }
                    stack.arm(function, &step, "KILL").await;
                    // A process takes some steps only at its beginning.
                    stack.kill(function).await;
                    stack
                        .eventually(&format!("{function} passes {step}"), async || {
                            reader.read_for(Duration::from_millis(300)).await;
                            reader.stray().await;
                            if stack.struck(function, &step).await { Ok(()) } else { Err(()) }
                        })
                        .await;
                    struck.push((function, step));
                }
            }
        }
        done.store(true, Ordering::Relaxed);
        (reader, struck)
    };
    let ((mut reader, struck), given) = tokio::join!(crash, Given::until(&stack, &done));
    for (function, step) in &struck {
        eprintln!("crashed {function} at {step}");
    }
    for (function, part) in
        [(NOTIFIER, "TransactWriteItems"), (NOTIFIER, "GetItem"), (STREAM, "dynamodb.Query"), (STREAM, "answer")]
    {
        assert!(
            struck.iter().any(|(of, step)| *of == function && step.contains(part)),
            "{function} {part}: {struck:?}"
        );
    }
    let feed = exact(&stack, &given).await;
    reader.read_until(feed.len() as u64).await;
    assert!(reader.seen == feed, "the reader has seen another feed than it is");
}
