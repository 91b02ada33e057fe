//! Waits until nothing is in progress any more.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;

use super::read::{Reader, topic};

/// Polling interval.
const POLL: Duration = Duration::from_millis(100);

/// Time between two runs of the relay.
const RELAY: Duration = Duration::from_millis(500);

/// The function that publishes what was left behind.
const RELAY_FUNCTION: &str = "outbox-relay";

/// The functions that read the topic.
const CONSUMERS: [&str; 2] = ["event-log", "archive"];

#[derive(Debug, Deserialize)]
struct Lag {
    items: Vec<Standing>,
}

/// A mapping's progress in a partition.
#[derive(Debug, Deserialize)]
struct Standing {
    function: String,
    topic: String,
    partition: i32,
    end: i64,
    lag: i64,
}

/// Waits until the outbox is empty, no consumer lags and everything is counted, at most `patience`; returns `Some` with what is still in
/// progress then.
///
/// A local stack reports its lag and lets the relay run at once. On other stacks, only the outbox is waited for.
///
/// # Errors
/// A service does not answer.
pub async fn wait_until_idle(
    reader: &Reader,
    http: &reqwest::Client,
    relay: bool,
    patience: Duration,
) -> anyhow::Result<Option<String>> {
    let deadline = Instant::now() + patience;
    let mut relay_at = Instant::now();
    loop {
        let pending = reader.pending().await?;
        let under_way = match pending.first() {
            Some(first) => Some(format!("{} entries in the outbox, such as {first}", pending.len())),
            None => match behind(reader, http).await? {
                Some(behind) => Some(behind),
                None => reader.uncounted().await?,
            },
        };
        if under_way.is_none() || Instant::now() >= deadline {
            return Ok(under_way);
        }
        if relay && !pending.is_empty() && Instant::now() >= relay_at {
            start_relay(&reader.addresses().http, http).await?;
            relay_at = Instant::now() + RELAY;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Starts a run of the relay, unless one is in progress: overlapping runs would publish the same events concurrently.
async fn start_relay(url: &str, http: &reqwest::Client) -> anyhow::Result<()> {
    let functions: Value = http.get(format!("{url}/_local/functions")).send().await?.json().await?;
    let mut items = functions["items"].as_array().into_iter().flatten();
    if items.any(|function| function["name"] == RELAY_FUNCTION && function["inFlight"] != 0) {
        return Ok(());
    }
    let tick = format!("{url}/_local/clock/tick?function={RELAY_FUNCTION}");
    http.post(tick).send().await.context("the HTTP API does not answer")?;
    Ok(())
}

/// A mapping that has not yet processed what is on the topics now, if any.
///
/// # Errors
/// A service does not answer.
pub async fn behind(reader: &Reader, http: &reqwest::Client) -> anyhow::Result<Option<String>> {
    let addresses = reader.addresses();
    let answer = http.get(format!("{}/_local/lag", addresses.http)).send().await;
    let answer = answer.context("the HTTP API does not answer")?;
    if !answer.status().is_success() {
        return Ok(None);
    }
    let Lag { items } = answer.json().await.context("the lag cannot be read")?;
    for name in &addresses.topics {
        let ends = topic::ends(&addresses.kafka, name).await?;
        let of_topic: Vec<&Standing> = items.iter().filter(|item| item.topic == *name).collect();
        // The reported lag may be from before a fault, so it must also match the topic's current ends.
        let late = |item: &&&Standing| item.lag > 0 || ends.get(&item.partition).is_some_and(|end| item.end < *end);
        if let Some(late) = of_topic.iter().find(late) {
            return Ok(Some(format!("{late:?}, and the topic ends at {:?}", ends.get(&late.partition))));
        }
        let functions: BTreeSet<&str> = of_topic.iter().map(|item| item.function.as_str()).collect();
        if let Some(absent) = CONSUMERS.iter().find(|name| !functions.contains(**name)) {
            return Ok(Some(format!("{absent} does not tell its lag")));
        }
    }
    Ok(None)
}
