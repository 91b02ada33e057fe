//! Shared by the end-to-end tests: the real stack on free ports, and ways to query it.

pub mod activity;
pub mod crash;
pub mod feed;
pub mod history;
pub mod kafka;
pub mod load;
pub mod orders;
pub mod receiver;
pub mod tables;
pub mod timers;
pub mod webhooks;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderMap;
use local_aws_client::Access;
use millrace_judge::check::Verdict;
use millrace_judge::idle::{behind, wait_until_idle};
use millrace_judge::journal::{self, Sent};
use millrace_judge::read::Reader;
use millrace_judge::{Addresses, Recorder};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::contract::contract;
use crate::process::{self, Process};

/// Maximum wait for a stack to be ready.
const START: Duration = Duration::from_secs(30);
/// Maximum wait for a condition without its own deadline. Generous, because a test machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Polling interval of a condition.
const POLL: Duration = Duration::from_millis(50);
/// Timeout of an HTTP API request: API Gateway gives up after 30 s.
const REQUEST: Duration = Duration::from_secs(35);

/// A running stack; it is killed on drop.
pub struct Stack {
    pub addresses: Addresses,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub s3: aws_sdk_s3::Client,
    pub process: Process,
    /// Requests to `/products`, `/orders`, `/ingredients` and `/timers` and records produced by the test, for
    /// [`Stack::conserved`].
    pub journal: Arc<Recorder>,
    http: reqwest::Client,
    /// Whether it runs the template of this repository, whose API the contract describes.
    described: bool,
}

/// An answer of the HTTP API.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Stack {
    /// A stack that keeps everything in memory.
    pub async fn start() -> Stack {
        Stack::start_with(&[]).await
    }

    /// A stack with additional flags.
    pub async fn start_with(args: &[&str]) -> Stack {
        Stack::start_after(args, Arc::default()).await
    }

    /// A stack that continues where another one ended, with that one's journal.
    pub async fn start_after(args: &[&str], journal: Arc<Recorder>) -> Stack {
        let mut process = Process::spawn(&process::binary(), args);
        let line = process.ready(START).await.unwrap_or_else(|why| panic!("{why}"));
        let addresses: Addresses = serde_json::from_str(&line).unwrap();
        let access = Access::external(&addresses.aws, |_| None);
        let http = reqwest::Client::builder().no_proxy().timeout(REQUEST).build().unwrap();
        let described = !args.contains(&"--template");
        Stack { addresses, dynamodb: access.dynamodb(), s3: access.s3(), process, journal, http, described }
    }

    /// The physical name of a table.
    pub fn table(&self, logical_id: &str) -> &str {
        &self.addresses.tables[logical_id]
    }

    /// A request to the HTTP API.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.http.request(method.parse().unwrap(), format!("{}{path}", self.addresses.http))
    }

    /// Sends a request; an error is a connection error. A request that may change something is noted in the journal,
    /// even if its caller stops waiting for the answer. Request and answer have to be as the contract says; a request that
    /// is refused may be anything.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build()?;
        let kept = request.try_clone().filter(|_| self.described && !request.url().path().starts_with("/_local"));
        let noted = sent(&request).map(|sent| self.journal.sent(sent).unwrap());
        let response = self.http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, text: response.text().await? };
        if let Some(noted) = noted {
            let etag = Some(answer.header("etag").to_owned()).filter(|tag| !tag.is_empty());
            self.journal.answered(noted, journal::Answer { status, etag, body: answer.text.clone() }).unwrap();
        }
        if let Some(Err(why)) = kept.map(|request| contract().check(&request, &answer)) {
            panic!("{why}");
        }
        Ok(answer)
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("{error:?}{}", self.process.tail()))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(self.request(method, path).json(body)).await
    }

    /// Creates a product and returns the answer.
    pub async fn create(&self, product: &Value) -> Value {
        self.ask("POST", "/products", product).await.with(201).json()
    }

    /// Starts a fault; see `POST /_local/faults`.
    pub async fn fault(&self, kind: &str, probability: f64, lasts: Duration) {
        let fault = json!({"kind": kind, "probability": probability, "durationMs": lasts.as_millis() as u64});
        self.ask("POST", "/_local/faults", &fault).await.with(200);
    }

    /// Takes Kafka down, and waits until open connections are cut.
    pub async fn kafka_down(&self, lasts: Duration) {
        let mut open = TcpStream::connect(&self.addresses.kafka).await.unwrap();
        self.fault("kafkaDown", 1.0, lasts).await;
        let cut = tokio::time::timeout(PATIENCE, open.read(&mut [0; 1])).await;
        assert!(matches!(cut, Ok(Ok(0) | Err(_))), "Kafka is not down: {cut:?}");
    }

    /// Kills all processes of a function at once; returns their ids.
    pub async fn kill(&self, function: &str) -> Vec<u64> {
        let path = format!("/_local/functions/{function}/kill?signal=KILL");
        let answer = self.send(self.request("POST", &path)).await.with(200).json();
        answer["pids"].as_array().unwrap().iter().map(|pid| pid.as_u64().unwrap()).collect()
    }

    /// Waits until a condition holds. An `Err` says what was found instead.
    pub async fn eventually<T, E: Debug>(&self, claim: &str, condition: impl AsyncFnMut() -> Result<T, E>) -> T {
        // Full sizes take longer.
        self.eventually_within(size(PATIENCE, 5 * PATIENCE), claim, condition).await
    }

    /// Like [`Stack::eventually`], with its own deadline.
    pub async fn eventually_within<T, E: Debug>(
        &self,
        limit: Duration,
        claim: &str,
        mut condition: impl AsyncFnMut() -> Result<T, E>,
    ) -> T {
        let deadline = Instant::now() + limit;
        loop {
            let found = match condition().await {
                Ok(value) => return value,
                Err(found) => found,
            };
            let late = Instant::now() >= deadline;
            assert!(!late, "not within {limit:?}: {claim}. Last seen: {found:?}{}", self.process.tail());
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until every event is published and every mapping has processed everything.
    pub async fn drained(&self) {
        self.drained_within(PATIENCE).await;
    }

    /// Like [`Stack::drained`], with another deadline.
    pub async fn drained_within(&self, limit: Duration) {
        self.wait_until_idle(false, limit).await;
    }

    /// Like [`Stack::drained`], but also starts the relay for events that were left behind, as its schedule does every
    /// minute.
    pub async fn relayed(&self) {
        self.wait_until_idle(true, size(PATIENCE, 5 * PATIENCE)).await;
    }

    async fn wait_until_idle(&self, relay: bool, limit: Duration) {
        let under_way = wait_until_idle(&Reader::new(&self.addresses), &self.http, relay, limit).await.unwrap();
        assert_eq!(under_way, None, "still under way after {limit:?}{}", self.process.tail());
    }

    /// Waits until every mapping has processed what is on the topics now.
    pub async fn caught_up(&self) {
        let reader = Reader::new(&self.addresses);
        self.eventually("every mapping has caught up", async || {
            behind(&reader, &self.http).await.unwrap().map_or(Ok(()), Err)
        })
        .await;
    }

    /// Waits until everything that the log has is counted.
    pub async fn counted(&self) {
        let reader = Reader::new(&self.addresses);
        let uncounted = async || reader.uncounted().await.unwrap().map_or(Ok(()), Err);
        self.eventually("everything is counted", uncounted).await;
    }

    /// Checks, on a drained stack, that nothing acknowledged is missing and nothing is invented. Returns the number of
    /// distinct events.
    pub async fn conserved(&self) -> usize {
        self.counted().await;
        let observed = Reader::new(&self.addresses).observe().await.unwrap();
        let verdict = Verdict::of(&self.journal.journal(), &observed);
        assert!(verdict.violations.is_empty(), "{verdict}{}", self.process.tail());
        verdict.events
    }
}

impl Answer {
    /// Checks the status.
    #[track_caller]
    pub fn with(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The journal entry of a request that may change something and whose effect the checker knows.
fn sent(request: &reqwest::Request) -> Option<Sent> {
    let path = request.url().path();
    let kept = ["/products", "/order", "/ingredients", "/events", "/timers"].iter().any(|kept| path.starts_with(kept));
    if request.method().is_safe() || !kept {
        return None;
    }
    let header = |name| Some(request.headers().get(name)?.to_str().unwrap().to_owned());
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    Some(Sent {
        method: request.method().to_string(),
        path: path.to_owned(),
        body: String::from_utf8_lossy(body).into_owned(),
        idempotency_key: header("idempotency-key"),
        if_match: header("if-match"),
    })
}

/// Whether the failure tests run in full size (`make soak`).
pub fn soak() -> bool {
    std::env::var_os("MILLRACE_SOAK").is_some()
}

/// The usual size, or the full one under `make soak`.
pub fn size<T>(usual: T, full: T) -> T {
    if soak() { full } else { usual }
}

/// A product as a client sends it.
pub fn product(name: &str) -> Value {
    json!({"name": name, "price": {"amount": 950, "currency": "EUR"}, "stock": 10})
}
