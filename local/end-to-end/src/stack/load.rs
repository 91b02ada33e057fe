//! Clients of the products API that retry as real clients do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Answer, Stack, product};

/// Clients that send one request after the other.
pub const CLIENTS: usize = 8;
/// Pause of a client after each product, so that a fast machine does not make the test long.
const PAUSE: Duration = Duration::from_millis(20);

/// What the clients observed.
#[derive(Debug, Default)]
pub struct Seen {
    /// Products whose creation was acknowledged.
    pub created: usize,
    /// Statuses other than success.
    pub refused: Vec<u16>,
    /// How long each request took.
    pub times: Vec<Duration>,
}

impl Seen {
    /// The slowest request.
    pub fn slowest(&self) -> Duration {
        self.times.iter().copied().max().unwrap_or_default()
    }

    /// The 99th percentile of the request times.
    pub fn p99(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get(times.len() * 99 / 100).copied().unwrap_or_default()
    }

    pub fn extend(&mut self, other: Seen) {
        self.created += other.created;
        self.refused.extend(other.refused);
        self.times.extend(other.times);
    }

    async fn send(&mut self, stack: &Stack, method: &str, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut request = stack.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let began = Instant::now();
        let answer = stack.send(request).await;
        self.times.push(began.elapsed());
        if answer.status >= 300 {
            self.refused.push(answer.status);
        }
        answer
    }
}

/// Clients that create, change and sometimes delete products until `stop` is set, or each has created `most`.
pub async fn load(stack: &Stack, most: usize, stop: &AtomicBool) -> Seen {
    let client = async |client: usize| {
        let mut seen = Seen::default();
        for number in 0..most {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            one(stack, &mut seen, client, number).await;
            tokio::time::sleep(PAUSE).await;
        }
        seen
    };
    let mut all = Seen::default();
    for seen in join_all((0..CLIENTS).map(client)).await {
        all.extend(seen);
    }
    all
}

/// One product: created, lowered in stock (which makes two events), and sometimes deleted.
async fn one(stack: &Stack, seen: &mut Seen, client: usize, number: usize) {
    let mut new = product(&format!("Product {number} of client {client}"));
    new["lowStockThreshold"] = json!(5);
    // Every other client sends a key, so that it may repeat a request whose outcome it does not know.
    let key = client.is_multiple_of(2).then(|| format!("create-{client}-{number}"));
    let mut answer = seen.send(stack, "POST", "/products", key.as_deref(), &new).await;
    if key.is_some() && answer.status >= 500 {
        answer = seen.send(stack, "POST", "/products", key.as_deref(), &new).await;
    }
    if answer.status != 201 {
        return;
    }
    let path = format!("/products/{}", answer.json()["id"].as_str().unwrap());
    seen.created += 1;
    seen.send(stack, "PATCH", &path, None, &json!({"stock": 4})).await;
    if number % 5 == 4 {
        seen.send(stack, "DELETE", &path, None, &Value::Null).await;
    }
}

impl Stack {
    /// Checks that nothing acknowledged is missing, nothing is invented, and the stack works as before. Returns the
    /// number of events, without that of the final probe.
    pub async fn nothing_is_lost(&self) -> usize {
        // A second time, for what the consumers produced from the events of the first.
        self.relayed().await;
        self.relayed().await;
        let events = self.conserved().await;
        self.create(&product("After")).await;
        self.drained().await;
        assert_eq!(self.conserved().await, events + 1);
        events
    }
}
