//! Sends a plan, and records what was acknowledged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use krafka::Kafka;
use krafka::producer::Record;
use serde_json::{Value, json};

use super::TOPIC;
use super::load::Sent;

/// Maximum number of rounds for events that were refused or not acknowledged.
const ROUNDS: usize = 100;
/// Pause between two rounds.
const PAUSE: Duration = Duration::from_millis(200);

/// A client of the API.
#[derive(Debug, Clone)]
pub struct Sender {
    http: reqwest::Client,
    api: String,
    kafka: String,
}

/// The acknowledged events.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<HashMap<String, Sent>>>);

impl Progress {
    /// How many distinct events were acknowledged.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The acknowledged events by id.
    #[must_use]
    pub fn acknowledged(&self) -> HashMap<String, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, sent: Sent) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sent.id.clone(), sent);
    }
}

impl Sender {
    /// A client of the stack with this base URL and these bootstrap servers.
    #[must_use]
    pub fn new(http: reqwest::Client, api: &str, kafka: &str) -> Self {
        Self { http, api: api.to_owned(), kafka: kafka.to_owned() }
    }

    /// Sends every batch, `at_once` concurrently, and resends what was refused until everything is acknowledged.
    /// Returns how many events had to be sent again.
    ///
    /// # Errors
    /// The API gives an invalid answer, or some events are never acknowledged.
    pub async fn send(&self, batches: &[Vec<Sent>], at_once: usize, progress: &Progress) -> anyhow::Result<usize> {
        let (mut open, mut again) = (batches.to_vec(), 0);
        for _ in 0..ROUNDS {
            let size = open.first().map_or(1, Vec::len).max(1);
            let requests = open.into_iter().map(|batch| self.one(batch, progress));
            let requests: Vec<_> = requests.collect();
            let refused: Vec<Vec<Sent>> = stream::iter(requests).buffer_unordered(at_once).try_collect().await?;
            let refused = refused.concat();
            if refused.is_empty() {
                return Ok(again);
            }
            again += refused.len();
            tokio::time::sleep(PAUSE).await;
            open = refused.chunks(size).map(<[Sent]>::to_vec).collect();
        }
        anyhow::bail!("{again} events were sent again, and some are still not acknowledged")
    }

    /// Sends a batch; returns what was not acknowledged.
    async fn one(&self, batch: Vec<Sent>, progress: &Progress) -> anyhow::Result<Vec<Sent>> {
        let body = json!({"events": batch.iter().map(Sent::body).collect::<Vec<_>>()});
        let request = self.http.post(format!("{}/events/batch", self.api)).json(&body);
        // If the connection was cut, the outcome of the events is unknown.
        let Ok(answer) = request.send().await else { return Ok(batch) };
        let status = answer.status();
        let Ok(answer) = answer.json::<Value>().await else { return Ok(batch) };
        let Some(results) = answer["results"].as_array() else {
            ensure!(status.is_server_error(), "POST /events/batch answered {status}: {answer}");
            return Ok(batch);
        };
        ensure!(results.len() == batch.len(), "{} results for {} events", results.len(), batch.len());
        let mut refused = Vec::new();
        for (sent, result) in batch.into_iter().zip(results) {
            if result["eventId"] == json!(sent.id) {
                progress.note(sent);
            } else {
                let code = result["error"]["code"].as_str().context("a result without a code")?;
                ensure!(["rate_limited", "not_acknowledged", "unavailable"].contains(&code), "{result}");
                refused.push(sent);
            }
        }
        Ok(refused)
    }

    /// Produces events directly to the topic.
    ///
    /// # Errors
    /// Kafka does not accept them.
    pub async fn produce(&self, events: &[Sent]) -> anyhow::Result<()> {
        let kafka = Kafka::builder(&self.kafka).connect().await?;
        let producer = kafka.producer().linger(Duration::from_millis(5)).build().await?;
        let now = jiff::Timestamp::now().to_string();
        let mut acknowledged = Vec::with_capacity(events.len());
        for sent in events {
            let record = Record::new(TOPIC, sent.record(&now).to_string().into_bytes()).key(sent.user.clone());
            acknowledged.push(producer.enqueue(record).await?);
        }
        try_join_all(acknowledged).await?;
        producer.close().await?;
        Ok(())
    }
}
