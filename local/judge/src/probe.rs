//! A fresh event: the final proof that everything works after the faults.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::idle::wait_until_idle;
use super::journal::{Answer, Recorder, Sent};
use super::read::Reader;

/// Polling interval.
const POLL: Duration = Duration::from_millis(100);

/// Creates a product and waits until its event is in the log and in the archive, at most `patience`.
///
/// # Errors
/// It was not created or did not arrive; the message says which.
pub async fn probe(
    reader: &Reader,
    http: &reqwest::Client,
    journal: &Recorder,
    relay: bool,
    patience: Duration,
) -> anyhow::Result<()> {
    let body = json!({"name": "Fresh", "price": {"amount": 1, "currency": "EUR"}, "stock": 1}).to_string();
    let sent = Sent { method: "POST".to_owned(), path: "/products".to_owned(), body: body.clone(), ..Sent::default() };
    let noted = journal.sent(sent)?;
    let answer = http.post(format!("{}/products", reader.addresses().http)).body(body).send().await;
    let answer = answer.context("the HTTP API does not answer")?;
    let status = answer.status().as_u16();
    let etag = answer.headers().get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned);
    let body = answer.text().await.context("the HTTP API does not answer whole")?;
    journal.answered(noted, Answer { status, etag, body: body.clone() })?;
    if status != 201 {
        bail!("a fresh product was answered with {status}: {body}");
    }
    let product: Value = serde_json::from_str(&body).context("the fresh product cannot be read")?;
    let id = product.get("id").and_then(Value::as_str).context("the fresh product has no id")?;
    let carries = |data: &str| data.contains(id);
    let deadline = Instant::now() + patience;
    loop {
        // For some seconds after a fault, the process may avoid Kafka and leave the event to the relay.
        wait_until_idle(reader, http, relay, deadline.saturating_duration_since(Instant::now())).await?;
        let observed = reader.observe().await?;
        let logged = observed.log.iter().any(|copy| carries(&copy.data));
        let archived = observed.archive.iter().any(|line| carries(&line.copy.data));
        if logged && archived {
            return Ok(());
        }
        if Instant::now() >= deadline {
            bail!("the event of {id} is not in the log ({logged}) or not in the archive ({archived})");
        }
        tokio::time::sleep(POLL).await;
    }
}
