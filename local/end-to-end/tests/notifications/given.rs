//! What people want to know, made by clients and by other producers: repeated, out of order, and among much else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use end_to_end::stack::activity::{self, Sent};
use end_to_end::stack::kafka::{ends_of, events_of};
use end_to_end::stack::orders::order;
use end_to_end::stack::receiver::Receiver;
use end_to_end::stack::tables::text;
use end_to_end::stack::{Stack, product};
use krafka::producer::Record;
use serde_json::{Value, json};

/// Pause between two rounds.
const TICK: Duration = Duration::from_millis(150);

/// The topics and the types of events that are news.
const NEWS: [(&str, &[&str]); 4] = [
    ("product-events", &["LowStockWarning"]),
    ("order-events", &["OrderConfirmed", "OrderRejected"]),
    ("notify", &["Notify"]),
    ("timer-requests", &["TimerFired", "TimerFailed"]),
];

/// What was made.
#[derive(Debug, Default)]
pub struct Given {
    rounds: u64,
}

impl Given {
    /// Makes news until `done`, and lets everything come to an end.
    pub async fn until(stack: &Stack, done: &AtomicBool) -> Given {
        let receiver = Receiver::start().await;
        let mut given = Given::default();
        while !done.load(Ordering::Relaxed) {
            given.rounds += 1;
            round(stack, &receiver, given.rounds).await;
            tokio::time::sleep(TICK).await;
        }
        given
    }
}

async fn round(stack: &Stack, receiver: &Receiver, number: u64) {
    // A product that is low at once, an ingredient that falls, an order that takes it and one that cannot be filled.
    let (dish, beef) = (format!("dish-{number}"), format!("beef-{number}"));
    let mut low = product(&dish);
    (low["id"], low["lowStockThreshold"]) = (json!(dish), json!(20));
    low["recipe"] = json!([{"ingredientId": beef, "quantity": 1, "unit": "g"}]);
    let ingredient = json!({"name": "Beef", "unit": "g", "stock": 10, "fullLevel": 10, "alertEmail": "a@example.com"});
    stack.ask("PUT", &format!("/ingredients/{beef}"), &ingredient).await.with(201);
    stack.create(&low).await;
    for quantity in [6, 100] {
        stack.ask("POST", "/orders", &order(&[(dish.as_str(), quantity)])).await.with(201);
    }
    stack.timer(&json!({"url": receiver.url("ok"), "seconds": 1})).await;
    // Users' events, one of which is a dead letter of three consumers.
    let user = format!("u-{number}");
    stack.send_events(&[Sent::new(&user, 1), Sent::new(&user, 2)]).await;
    stack.produce_many(vec![Record::new(activity::TOPIC, "poison").key(user)]).await;
    // Events of another producer, repeated at other offsets and out of order. Their key is one that no product has.
    let warning = |id: String| {
        let data =
            json!({"productId": "elsewhere", "name": "Elsewhere", "stock": 1, "lowStockThreshold": 2, "version": 1});
        let event = json!({
            "specversion": "1.0", "id": id, "source": "urn:shop", "type": "LowStockWarning", "subject": "elsewhere",
            "time": jiff::Timestamp::now().to_string(), "data": data,
        });
        Record::new("product-events", event.to_string()).key(format!("elsewhere-{}", number % 5))
    };
    let ids = [number + 1, number, number.saturating_sub(3), number];
    stack.produce_many(ids.iter().map(|id| warning(format!("w-{id}"))).collect()).await;
}

/// Waits until everything that is to be in the feed is in it, each once, with numbers without holes; returns the feed.
pub async fn exact(stack: &Stack, given: &Given) -> Vec<Value> {
    assert!(given.rounds > 1, "{given:?}");
    stack.until_timers("fired", usize::try_from(given.rounds).unwrap()).await;
    stack.relayed().await;
    stack.relayed().await;
    let feed = stack
        .eventually("the feed has each of them once", async || {
            let feed = stack.feed().await;
            let expected = expected(stack).await;
            let found = counted(&feed);
            if found == expected { Ok(feed) } else { Err(differences(&found, &expected)) }
        })
        .await;
    let numbers = feed.iter().map(|entry| entry["seq"].as_u64().unwrap());
    assert!(numbers.eq(1..=feed.len() as u64), "a number is missing, or there twice");
    let kinds: BTreeSet<&str> = feed.iter().map(|entry| entry["type"].as_str().unwrap()).collect();
    for kind in ["LowStockWarning", "Notify", "OrderConfirmed", "OrderRejected", "TimerFired", "DeadLetter"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
    assert!(feed.iter().all(|entry| !entry["title"].as_str().unwrap().is_empty()));
    feed
}

/// How often each event is in the feed; users' events by their number.
type Counted = BTreeMap<(String, String), u64>;

fn counted(feed: &[Value]) -> Counted {
    let mut counted = Counted::new();
    for entry in feed {
        let of = |name: &str| entry[name].as_str().unwrap().to_owned();
        let (key, count) = match entry["type"].as_str().unwrap() {
            "UserActivityCount" => ((of("type"), String::new()), entry["data"]["count"].as_u64().unwrap()),
            "DeadLetter" => ((of("type"), format!("{} of {}", of("eventId"), entry["data"]["consumer"])), 1),
            _ => ((of("type"), of("eventId")), 1),
        };
        *counted.entry(key).or_default() += count;
    }
    counted
}

/// What has to be in the feed, by the topics and the dead letters.
async fn expected(stack: &Stack) -> Counted {
    let mut expected = Counted::new();
    for (topic, kinds) in NEWS {
        for published in events_of(&stack.addresses.kafka, topic).await {
            if kinds.contains(&published.event.kind.as_str()) {
                expected.insert((published.event.kind, published.event.id), 1);
            }
        }
    }
    for letter in stack.items("DeadLetterTable").await {
        let which = format!("{} of {}", text(&letter, "id"), json!(text(&letter, "consumer")));
        *expected.entry(("DeadLetter".to_owned(), which)).or_default() += 1;
    }
    let activity = ends_of(&stack.addresses.kafka, activity::TOPIC).await.values().sum::<i64>().unsigned_abs();
    expected.insert(("UserActivityCount".to_owned(), String::new()), activity);
    expected
}

fn differences(found: &Counted, expected: &Counted) -> Vec<String> {
    let keys: BTreeSet<_> = found.keys().chain(expected.keys()).collect();
    let differ = keys.into_iter().filter(|key| found.get(key) != expected.get(key));
    differ.map(|key| format!("{key:?}: {:?}, not {:?}", found.get(key), expected.get(key))).take(10).collect()
}
