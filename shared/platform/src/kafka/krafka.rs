//! The krafka publisher: it connects in the background and replaces a producer that has failed for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt as _};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::link::{Failure, Link};
use super::settings::{KafkaSettings, SettingsError};
use super::{Ack, MAX_RECORD_BYTES, PublishError, Publisher, Record, Rejection};
use crate::crash_points;

/// Backoff after the first failed start of a producer; it doubles up to [`MAX_RESTART_BACKOFF`].
const RESTART_BACKOFF: Duration = Duration::from_millis(100);
/// Longest backoff between two starts of a producer. Well below the 2 s that a request may spend on Kafka, so that the
/// first request after an outage still includes a start.
const MAX_RESTART_BACKOFF: Duration = Duration::from_millis(500);
/// Time limit for flushing a producer that was replaced.
const REPLACED_CLOSE: Duration = Duration::from_millis(500);

/// The process's Kafka producer. Clones share it.
#[derive(Clone)]
pub struct Kafka {
    settings: Arc<KafkaSettings>,
    state: watch::Sender<State>,
}

#[derive(Clone)]
enum State {
    /// Not connected. No new start before `retry_at`.
    Down {
        retry_at: Instant,
        failures: u32,
        last: Option<PublishError>,
    },
    /// A task is starting a producer.
    Starting,
    Up(Arc<Link>),
    Closed,
}

impl Kafka {
    /// A publisher configured by `KAFKA_BOOTSTRAP_SERVERS`, `KAFKA_AUTH` and the variables of that mode, with the secrets
    /// that these name.
    ///
    /// # Errors
    /// [`SettingsError`] names the variable that is missing or invalid, or whose secret is.
    pub async fn from_env() -> Result<Self, SettingsError> {
        Ok(Self::new(KafkaSettings::from_env().await?))
    }

    /// A publisher with these settings. Inside a Tokio runtime it starts to connect in the background, otherwise at first
    /// use. An unreachable broker is not an error.
    pub fn new(settings: KafkaSettings) -> Self {
        let down = State::Down { retry_at: Instant::now(), failures: 0, last: None };
        let kafka = Self { settings: Arc::new(settings), state: watch::Sender::new(down) };
        if tokio::runtime::Handle::try_current().is_ok() {
            kafka.start_if_due();
        }
        kafka
    }

    /// Starts a producer in a task of its own, so that the start goes on when its caller stops waiting.
    fn start_if_due(&self) {
        let mut next_failures = 0;
        let start = self.state.send_if_modified(|state| match state {
            State::Down { retry_at, failures, .. } if *retry_at <= Instant::now() => {
                next_failures = failures.saturating_add(1);
                *state = State::Starting;
                true
            }
            _ => false,
        });
        if !start {
            return;
        }
        let (settings, sender) = (Arc::clone(&self.settings), self.state.clone());
        let id = NEXT_LINK.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            let started = Link::start(&settings, id).await;
            match &started {
                Err(error) if next_failures == 1 => tracing::warn!(%error, "cannot start the Kafka producer"),
                // Every caller gets the error, but the log needs it only once.
                Err(error) => tracing::debug!(%error, next_failures, "cannot start the Kafka producer"),
                Ok(_) => {}
            }
            let mut unused = None;
            sender.send_if_modified(|state| match (started, &state) {
                (Ok(link), State::Starting) => {
                    *state = State::Up(Arc::new(link));
                    true
                }
                (Err(error), State::Starting) => {
                    let retry_at = Instant::now() + backoff(next_failures);
                    *state = State::Down { retry_at, failures: next_failures, last: Some(error) };
                    true
                }
                (Ok(link), _) => {
                    unused = Some(link);
                    false
                }
                (Err(_), _) => false,
            });
            if let Some(link) = unused {
                let _ = link.close(REPLACED_CLOSE).await;
            }
        });
    }

    /// The live producer. If there is none, keeps trying to start one until `deadline`.
    async fn link(&self, deadline: Instant) -> Result<Arc<Link>, PublishError> {
        let mut receiver = self.state.subscribe();
        let mut reason = PublishError::unavailable("connecting takes longer than the caller waits");
        loop {
            self.start_if_due();
            let state = receiver.borrow_and_update().clone();
            let wake_at = match state {
                State::Up(link) => return Ok(link),
                State::Closed => return Err(PublishError::unavailable("the producer is closed")),
                State::Starting => deadline,
                State::Down { retry_at, last, .. } => {
                    reason = last.unwrap_or(reason);
                    // Wrong credentials do not become valid within a request.
                    if !reason.is_retryable() {
                        return Err(reason);
                    }
                    retry_at.min(deadline)
                }
            };
            let _ = timeout_at(wake_at, receiver.changed()).await;
            if Instant::now() >= deadline {
                return Err(reason);
            }
        }
    }

    fn replace(&self, link: &Arc<Link>, error: &PublishError) {
        let replaced = self.state.send_if_modified(|state| match state {
            State::Up(current) if current.id == link.id => {
                *state = State::Down { retry_at: Instant::now() + RESTART_BACKOFF, failures: 1, last: None };
                true
            }
            _ => false,
        });
        if replaced {
            tracing::warn!(%error, "replacing the Kafka producer");
            let link = Arc::clone(link);
            tokio::spawn(async move { link.close(REPLACED_CLOSE).await });
        }
    }

    async fn publish_by(&self, record: Record, deadline: Instant) -> Result<Ack, PublishError> {
        let size = record.size();
        if size > MAX_RECORD_BYTES {
            let detail = format!("{size} bytes, at most {MAX_RECORD_BYTES}");
            return Err(PublishError::rejected(Rejection::RecordTooLarge, detail));
        }
        self.with_link(deadline, |link| {
            let record = record.clone();
            async move { link.delivered(link.enqueue(record).await?).await }
        })
        .await
    }

    async fn ready_by(&self, deadline: Instant) -> Result<(), PublishError> {
        self.with_link(deadline, |link| async move { link.round_trip().await }).await
    }

    /// Runs `call` on the live producer until `deadline`. A producer that has failed for good is replaced, and `call`
    /// runs once more.
    async fn with_link<T, F>(&self, deadline: Instant, call: impl Fn(Arc<Link>) -> F) -> Result<T, PublishError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut replaced = false;
        loop {
            let link = self.link(deadline).await?;
            let result = timeout_at(deadline, call(Arc::clone(&link))).await;
            let Failure { error, replace } = match result {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(failure)) => failure,
                Err(_) => link.timed_out(),
            };
            if replace {
                self.replace(&link, &error);
            }
            if !replace || replaced || !error.is_retryable() || Instant::now() >= deadline {
                return Err(error);
            }
            replaced = true;
        }
    }
}

/// Distinguishes the successive producers of this process.
static NEXT_LINK: AtomicU64 = AtomicU64::new(0);

fn backoff(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(8);
    RESTART_BACKOFF.saturating_mul(1 << doublings).min(MAX_RESTART_BACKOFF)
}

impl Publisher for Kafka {
    fn publish(&self, record: Record, within: Duration) -> BoxFuture<'_, Result<Ack, PublishError>> {
        async move {
            let step = format!("kafka.produce.{}", record.topic);
            crash_points::before(&step);
            let ack = self.publish_by(record, Instant::now() + within).await?;
            crash_points::after(&step);
            Ok(ack)
        }
        .boxed()
    }

    fn ready(&self, within: Duration) -> BoxFuture<'_, Result<(), PublishError>> {
        self.ready_by(Instant::now() + within).boxed()
    }

    fn close(&self, within: Duration) -> BoxFuture<'_, Result<(), PublishError>> {
        async move {
            match self.state.send_replace(State::Closed) {
                State::Up(link) => link.close(within).await,
                _ => Ok(()),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Auth;

    fn unreachable() -> Kafka {
        // Port 1 on loopback refuses connections.
        Kafka::new(KafkaSettings {
            bootstrap_servers: "127.0.0.1:1".to_owned(),
            auth: Auth::Plaintext,
            ca: None,
            client_id: "test".to_owned(),
        })
    }

    fn record(bytes: usize) -> Record {
        Record { topic: "t".to_owned(), key: "k".to_owned(), value: vec![0; bytes].into(), headers: Vec::new() }
    }

    #[tokio::test]
    async fn an_unreachable_broker_is_unavailable_within_the_callers_time() {
        let kafka = unreachable();
        let started = Instant::now();
        let result = kafka.publish(record(1), Duration::from_millis(300)).await;
        assert!(matches!(&result, Err(error) if error.is_retryable()), "{result:?}");
        assert!(started.elapsed() < Duration::from_millis(600), "{:?}", started.elapsed());
        assert!(kafka.ready(Duration::from_millis(50)).await.is_err());
        assert_eq!(kafka.close(Duration::from_millis(50)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_record_over_the_limit_is_refused_without_a_broker() {
        let result = unreachable().publish(record(MAX_RECORD_BYTES), Duration::from_millis(50)).await;
        assert!(matches!(&result, Err(error) if error.blames_record()), "{result:?}");
    }

    #[test]
    fn the_wait_between_starts_grows_up_to_its_limit() {
        let waits: Vec<u128> = [1, 2, 3, 5, 6, 1000].map(|n| backoff(n).as_millis()).to_vec();
        assert_eq!(waits, [100, 200, 400, 500, 500, 500]);
    }
}
