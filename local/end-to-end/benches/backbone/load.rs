//! Clients that create products one after the other.

use std::time::{Duration, Instant};

use anyhow::ensure;
use end_to_end::measure::Stack;
use futures::future::try_join_all;
use serde_json::json;

/// The latencies of a round, sorted.
pub struct Round {
    elapsed: Duration,
    times: Vec<Duration>,
}

impl Round {
    /// Number of answered requests.
    pub fn count(&self) -> usize {
        self.times.len()
    }

    /// Requests per second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// A percentile of the latencies.
    pub fn milliseconds_at(&self, percent: usize) -> f64 {
        percentile(&self.times, percent)
    }
}

/// A percentile of sorted times, in milliseconds.
pub fn percentile(times: &[Duration], percent: usize) -> f64 {
    times.get(times.len() * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// Runs the requests, shared by this many clients.
pub async fn round(stack: &Stack, clients: usize, requests: usize) -> anyhow::Result<Round> {
    let start = Instant::now();
    let one = |_| async {
        let mut times = Vec::with_capacity(requests / clients);
        for _ in 0..requests / clients {
            let start = Instant::now();
            create(stack).await?;
            times.push(start.elapsed());
        }
        anyhow::Ok(times)
    };
    let mut times = try_join_all((0..clients).map(one)).await?.concat();
    let elapsed = start.elapsed();
    times.sort_unstable();
    Ok(Round { elapsed, times })
}

async fn create(stack: &Stack) -> anyhow::Result<()> {
    let body = json!({"name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": 10});
    let answer = stack.client.post(format!("{}/products", stack.addresses.http)).json(&body).send().await?;
    let status = answer.status();
    let body = answer.text().await?;
    ensure!(status == 201, "POST /products answered {status}: {body}");
    Ok(())
}
