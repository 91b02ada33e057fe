//! User activity produced directly to the topic, and checks of the result.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use krafka::Kafka;
use krafka::producer::Record;
use millrace_judge::observed::Place;
use serde_json::{Value, json};

use super::Stack;
use super::tables::{Item, number, text};

pub const TOPIC: &str = "user-activity-events";
pub const CONSUMER: &str = "activity-order";
/// Events are shuffled within this window.
/// Source of the events that tests put onto the topic.
pub const SOURCE: &str = "urn:millrace:test";
pub const WINDOW: usize = 20;
/// Records that are produced concurrently.
const AT_ONCE: usize = 500;

/// An event of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub id: String,
    pub user: String,
    pub seq: Option<u64>,
    pub fails: bool,
}

impl Sent {
    pub fn new(user: impl Into<String>, seq: u64) -> Self {
        let user = user.into();
        Self { id: format!("{user}-{seq}"), user, seq: Some(seq), fails: false }
    }

    pub fn without_seq(user: &str, id: &str) -> Self {
        Self { id: id.to_owned(), user: user.to_owned(), seq: None, fails: false }
    }

    pub fn failing(mut self) -> Self {
        self.fails = true;
        self
    }

    pub fn event(&self) -> Value {
        let mut payload = json!({"page": "/cart"});
        if let Some(seq) = self.seq {
            payload["seq"] = json!(seq);
        }
        if self.fails {
            payload["fail"] = json!(true);
        }
        json!({
            "specversion": "1.0", "id": self.id, "source": SOURCE, "type": "UserActivity",
            "subject": self.user, "time": "2026-11-21T06:00:00.123Z", "datacontenttype": "application/json",
            "dataschema": "urn:millrace:schema:UserActivity:1",
            "data": {"userId": self.user, "type": format!("type-{}", self.seq.unwrap_or(0) % 3), "payload": payload}
        })
    }

    pub fn record(&self) -> Record {
        Record::new(TOPIC, self.event().to_string()).key(self.user.clone())
    }
}

/// Key of the item of an event of [`SOURCE`].
pub fn event_key(id: &str) -> (String, String) {
    (format!("event#{id}"), format!("event#{SOURCE}"))
}

/// The item of an event, of whichever source.
fn of_event<'a>(items: &'a BTreeMap<(String, String), Item>, id: &str) -> Option<&'a Item> {
    let first = (format!("event#{id}"), "event#".to_owned());
    let next = items.range(first.clone()..).next();
    next.filter(|((pk, sk), _)| *pk == first.0 && sk.starts_with(&first.1)).map(|(_, item)| item)
}

/// A user's events, shuffled so that none is further than `window` from its place.
pub fn shuffled(random: &mut fastrand::Rng, events: Vec<Sent>, window: usize) -> Vec<Sent> {
    let mut ranked: Vec<(usize, Sent)> =
        events.into_iter().enumerate().map(|(at, event)| (at + random.usize(0..window.max(1)), event)).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, event)| event).collect()
}

/// Events of several users, mixed: each user's shuffled within a window, some sent twice, some without a seq, some
/// failing.
pub fn muddle(random: &mut fastrand::Rng, users: usize, seqs: u64) -> Vec<Sent> {
    let mut by_user: Vec<std::vec::IntoIter<Sent>> = (0..users)
        .map(|user| {
            let mut events = Vec::new();
            for seq in 1..=seqs {
                let mut event = Sent::new(format!("u-{user}"), seq);
                event.fails = random.u8(0..100) < 2;
                if random.u8(0..100) < 7 {
                    events.push(event.clone());
                }
                if random.u8(0..100) < 3 {
                    events.push(Sent::without_seq(&format!("u-{user}"), &format!("u-{user}-none-{seq}")));
                }
                events.push(event);
            }
            shuffled(random, events, WINDOW).into_iter()
        })
        .collect();
    let mut sent = Vec::new();
    while !by_user.is_empty() {
        let user = random.usize(0..by_user.len());
        match by_user[user].next() {
            Some(event) => sent.push(event),
            None => drop(by_user.swap_remove(user)),
        }
    }
    sent
}

/// Peak resident memory.
pub fn peak_megabytes(pid: u64) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("VmHWM: 0 kB");
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

impl Stack {
    /// Produces records to their topic, many concurrently, in roughly their order.
    pub async fn produce_many(&self, records: Vec<Record>) {
        let kafka = Kafka::builder(&self.addresses.kafka).connect().await.unwrap();
        let producer = kafka.producer().build().await.unwrap();
        let mut records = records.into_iter().peekable();
        while records.peek().is_some() {
            let sent = records.by_ref().take(AT_ONCE).map(|record| producer.send(record));
            for stored in join_all(sent).await {
                let stored = stored.unwrap();
                let (topic, partition, offset) = (stored.topic.clone(), stored.partition, stored.offset);
                self.journal.produced(Place { topic, partition, offset }).unwrap();
            }
        }
        producer.close().await.unwrap();
    }

    pub async fn send_events(&self, events: &[Sent]) {
        self.produce_many(events.iter().map(Sent::record).collect()).await;
    }

    /// Items of the activity table by key, without the consumers' own.
    pub async fn activity(&self) -> BTreeMap<(String, String), Item> {
        let items = self.items("ActivityTable").await.into_iter();
        let items = items.filter(|item| !text(item, "pk").starts_with("partition#"));
        items.map(|item| ((text(&item, "pk").to_owned(), text(&item, "sk").to_owned()), item)).collect()
    }

    /// An event's item.
    pub async fn event_item(&self, id: &str) -> Option<Item> {
        of_event(&self.activity().await, id).cloned()
    }

    /// Runs the sweeper, as its schedule does every minute.
    pub async fn sweep(&self) {
        self.send(self.request("POST", "/_local/clock/tick?function=activity-sweeper")).await.with(202);
    }

    /// Checks that each of these events was taken once and in order, that every failing one is a dead letter, and that
    /// nothing is waiting. Returns the items.
    pub async fn taken_once_and_in_order(&self, sent: &[Sent]) -> BTreeMap<(String, String), Item> {
        let items = self.activity().await;
        let letters: BTreeMap<String, Item> = self
            .items("DeadLetterTable")
            .await
            .into_iter()
            .filter(|item| text(item, "consumer") == CONSUMER)
            .map(|item| (text(&item, "id").to_owned(), item))
            .collect();
        let mut by_user: BTreeMap<&str, BTreeSet<(u64, u64, &str)>> = BTreeMap::new();
        let mut processed: BTreeMap<&str, u64> = BTreeMap::new();
        let distinct: BTreeMap<&str, &Sent> = sent.iter().map(|event| (event.id.as_str(), event)).collect();
        for event in distinct.values() {
            let item = of_event(&items, &event.id);
            let item = item.unwrap_or_else(|| panic!("{event:?} was lost"));
            assert_eq!(text(item, "userId"), event.user);
            let (status, attempts) = (text(item, "status"), number(item, "attempts"));
            if event.fails {
                assert_eq!((status, attempts), ("failed", 4), "{event:?}");
                assert!(text(item, "error").contains("payload.fail"), "{item:?}");
                let letter = letters.get(&event.id).unwrap_or_else(|| panic!("{event:?} has no dead letter"));
                assert_eq!((text(letter, "status"), number(letter, "attempts")), ("dead", 4));
                let bytes = letter["bytes"].as_b().unwrap().clone().into_inner();
                assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), event.event());
            } else {
                assert_eq!((status, attempts), ("processed", 1), "{event:?}");
                assert!(number(item, "processedAt") > 0 && !letters.contains_key(&event.id));
                *processed.entry(&event.user).or_default() += 1;
            }
            let position = number(item, "position").cast_unsigned();
            let of_user = by_user.entry(&event.user).or_default();
            of_user.insert((position, event.seq.unwrap_or(0), &event.id));
        }
        for (user, events) in &by_user {
            let positions: Vec<u64> = events.iter().map(|(position, ..)| *position).collect();
            assert!(positions.iter().copied().eq(1..=events.len() as u64), "{user}: {positions:?}");
            let seqs: Vec<u64> = events.iter().map(|(_, seq, _)| *seq).filter(|seq| *seq > 0).collect();
            assert!(seqs.is_sorted(), "{user}: {seqs:?}");
            let cursor = &items[&(format!("order#{user}"), "cursor".to_owned())];
            assert_eq!(number(cursor, "waiting"), 0, "{user}");
            let profile = items.get(&(format!("profile#{user}"), "profile".to_owned())).unwrap();
            let counts = profile["counts"].as_m().unwrap();
            let counted: i64 = counts.keys().map(|kind| number(counts, kind)).sum();
            assert_eq!(counted.cast_unsigned(), processed.get(user).copied().unwrap_or(0), "{user}");
        }
        let waiting = items.keys().filter(|(_, sk)| sk.starts_with("seq#")).count();
        let buffered =
            items.values().filter(|item| item.get("status").is_some_and(|it| it.as_s().unwrap() == "buffered"));
        assert_eq!((waiting, buffered.count()), (0, 0), "nothing waits and nothing is in flight");
        items
    }
}
