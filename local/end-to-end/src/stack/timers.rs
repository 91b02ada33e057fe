//! Timers, and what is due.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millrace_domain::id::TimerId;
use millrace_domain::timer::TimerDue;
use millrace_judge::read::topic;
use millrace_platform::dynamo::shards::shard_of;
use millrace_store::timer::{DueEntry, keys};
use serde_json::{Value, json};

use super::Stack;
use super::tables::{Item, number, text};

/// The topic of due attempts.
pub const DUE: &str = "timer-due";
/// A URL where nothing listens.
pub const NOBODY: &str = "http://127.0.0.1:9/hook";

/// A record of a due attempt.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due {
    pub partition: i32,
    pub offset: i64,
    pub timer: String,
    pub attempt: u64,
    pub due_at: Timestamp,
}

impl Stack {
    /// Creates a timer and returns its id.
    pub async fn timer(&self, body: &Value) -> String {
        let answer = self.ask("POST", "/timers", body).await.with(202).json();
        answer["timerId"].as_str().unwrap().to_owned()
    }

    /// Timer items, by id.
    pub async fn timers(&self) -> BTreeMap<String, Item> {
        let items = self.items("TimersTable").await.into_iter();
        let timers = items.filter(|item| text(item, "sk") == keys::TIMER_SK);
        timers.map(|item| (text(&item, "id").to_owned(), item)).collect()
    }

    /// Due times in the due index by timer, in Unix milliseconds.
    pub async fn due_index(&self) -> BTreeMap<String, i64> {
        let items = self.items("TimersTable").await;
        let due = items.iter().filter(|item| text(item, "pk").starts_with("due#"));
        let read = |item: &Item| {
            assert!(number(item, "attempt") > 0);
            let (at, id) = keys::read_due(text(item, "sk")).unwrap();
            (id.to_string(), at.as_millisecond())
        };
        due.map(read).collect()
    }

    /// Waits until a timer satisfies a condition; returns it as read from the API.
    pub async fn until(&self, id: &str, claim: &str, condition: impl Fn(&Value) -> bool) -> Value {
        self.eventually(&format!("{id}: {claim}"), async || {
            let timer = self.get(&format!("/timers/{id}")).await.with(200).json();
            if condition(&timer) { Ok(timer) } else { Err(timer) }
        })
        .await
    }

    /// Waits until a timer has a status.
    pub async fn until_status(&self, id: &str, status: &str) -> Value {
        self.until(id, status, |timer| timer["status"] == status).await
    }

    /// Waits until this many timers have a status.
    pub async fn until_timers(&self, status: &str, count: usize) {
        self.eventually(&format!("{count} timers are {status}"), async || {
            let timers = self.timers().await;
            let found = timers.values().filter(|timer| text(timer, "status") == status).count();
            if found == count { Ok(()) } else { Err((found, timers.len())) }
        })
        .await;
    }

    /// Every record of a due attempt, including repeats.
    pub async fn due_records(&self) -> Vec<Due> {
        let records = topic::records(&self.addresses.kafka, DUE).await.unwrap();
        let read = |record: millrace_judge::observed::TopicRecord| {
            let event: Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
            assert_eq!(event["data"]["timerId"].as_str().unwrap().as_bytes(), record.key.unwrap());
            Due {
                partition: record.place.partition,
                offset: record.place.offset,
                timer: event["data"]["timerId"].as_str().unwrap().to_owned(),
                attempt: event["data"]["attempt"].as_u64().unwrap(),
                due_at: event["data"]["dueAt"].as_str().unwrap().parse().unwrap(),
            }
        };
        records.into_iter().map(read).collect()
    }

    /// Adds an attempt without a timer to the due index, so that nothing removes it.
    pub async fn enter_due(&self, id: &str, due_at: Timestamp) {
        let timer_id = TimerId::try_from(id.to_owned()).unwrap();
        let entry = DueEntry { due: TimerDue { timer_id, attempt: 1, due_at }, traceparent: None };
        let put = entry.put(self.table("TimersTable")).unwrap();
        self.dynamodb.transact_write_items().transact_items(put).send().await.unwrap();
    }

    /// Starts another run of the runner, as its schedule does every minute.
    pub async fn tick_runner(&self) {
        self.send(self.request("POST", "/_local/clock/tick?function=timer-runner")).await.with(202);
    }

    /// The holder of the due index's lease.
    pub async fn holder(&self) -> String {
        self.eventually("somebody holds the lease", async || {
            let items = self.items("TimersTable").await;
            let lease = items.iter().find(|item| text(item, "pk") == keys::RUNNER_PK);
            let held = lease.filter(|lease| number(lease, "until") > Timestamp::now().as_millisecond());
            held.map(|lease| text(lease, "holder").to_owned()).ok_or(items.len())
        })
        .await
    }
}

/// A timer that fires after this many seconds, to a URL where nothing listens.
pub fn after(seconds: u64) -> Value {
    json!({"url": NOBODY, "seconds": seconds})
}

/// Checks that, in each partition, the records of a shard of the due index are in order of their times.
pub fn oldest_first(records: &[Due]) {
    let mut last: BTreeMap<(i32, u8), Timestamp> = BTreeMap::new();
    for it in records {
        let before = last.insert((it.partition, shard_of(&it.timer, keys::DUE_SHARDS)), it.due_at);
        assert!(before.is_none_or(|before| before <= it.due_at), "{it:?} comes after {before:?}");
    }
}
