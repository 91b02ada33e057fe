//! Accepts events: as many per user as the rate limit allows are produced, and Kafka acknowledges them before the
//! response.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::join_all;
use http::StatusCode;
use jiff::Timestamp;
use millrace_api::Problem;
use millrace_domain::activity::UserActivity;
use millrace_domain::event::identity::source_of_user;
use millrace_domain::event::{Context, Event, EventType, MAX_EVENT_BYTES};
use millrace_platform::clock;
use millrace_platform::kafka::{PublishError, Record};
use millrace_platform::limiter::{Grant, Request, seconds};
use millrace_platform::telemetry::TraceContext;

use crate::api::Api;
use crate::outcome::Outcome;

/// Name of this function, in the source of its events. Each user has a source, because an `eventId` belongs to its user.
pub const SOURCE: &str = "activity-api";

/// Most accepted events per user in any one-second window.
const EVENTS_PER_SECOND: usize = 100;

/// Most time for Kafka's acknowledgement, including all attempts of the producer.
const PRODUCE: Duration = Duration::from_secs(2);

/// A valid event that fits on the topic.
struct Ready {
    event_id: String,
    user: String,
    record: Record,
}

impl Api {
    /// Accepts events, and returns the outcome of each in the same order. Those that are refused already do not count
    /// against their user's limit.
    pub async fn accept(
        &self,
        items: Vec<Result<UserActivity, Outcome>>,
        now: Timestamp,
        trace: &TraceContext,
    ) -> Vec<Outcome> {
        let ready = |activity| ready(activity, now, trace).map_err(Outcome::Invalid);
        let items: Vec<Result<Ready, Outcome>> = items.into_iter().map(|item| item.and_then(ready)).collect();
        let mut grants = self.grants(&items).await;
        let outcomes = items.into_iter().map(|item| {
            let refusal = item.as_ref().ok().and_then(|ready| grants.get_mut(&ready.user)).map(Room::refusal);
            async move {
                match (item, refusal) {
                    (Err(refused), _) => refused,
                    (Ok(ready), Some(None)) => self.produce(ready).await,
                    (Ok(_), Some(Some(refused))) => refused,
                    (Ok(_), None) => Outcome::Unavailable,
                }
            }
        });
        join_all(outcomes).await
    }

    /// The rate limiter's decision for each user of the batch.
    async fn grants(&self, items: &[Result<Ready, Outcome>]) -> HashMap<String, Room> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for ready in items.iter().flatten() {
            *counts.entry(&ready.user).or_default() += 1;
        }
        let want = |(subject, count)| Request { subject, limit: EVENTS_PER_SECOND, count };
        let wants: Vec<Request<'_>> = counts.into_iter().map(want).collect();
        let grants = self.limiter.acquire(&wants).await;
        let room = |(want, grant): (Request<'_>, Result<Grant, _>)| {
            let grant = grant.inspect_err(|error| tracing::error!(%error, "rate limit")).ok();
            (want.subject.to_owned(), Room::new(grant))
        };
        wants.into_iter().zip(grants).map(room).collect()
    }

    async fn produce(&self, ready: Ready) -> Outcome {
        let Ready { event_id, record, .. } = ready;
        match self.publisher.publish(record, PRODUCE).await {
            Ok(_) => Outcome::Accepted { event_id },
            Err(error @ PublishError::Unavailable { .. }) => {
                tracing::error!(%error, event_id, "not acknowledged");
                Outcome::Unknown { event_id }
            }
            Err(error @ PublishError::Rejected { .. }) => {
                tracing::error!(%error, event_id, "refused by Kafka");
                Outcome::Unavailable
            }
        }
    }
}

/// The remaining part of a user's grant, used up item by item.
struct Room {
    /// `None` if the limiter did not answer.
    accepted: Option<usize>,
    retry_after: std::vec::IntoIter<Duration>,
}

impl Room {
    fn new(grant: Option<Grant>) -> Self {
        let accepted = grant.as_ref().map(|grant| grant.accepted);
        Self { accepted, retry_after: grant.unwrap_or_default().retry_after.into_iter() }
    }

    /// Takes the next place of the grant; returns the outcome if there is none left.
    fn refusal(&mut self) -> Option<Outcome> {
        match &mut self.accepted {
            None => Some(Outcome::Unavailable),
            Some(0) => Some(Outcome::RateLimited { retry_after: seconds(self.retry_after.next().unwrap_or_default()) }),
            Some(left) => {
                *left -= 1;
                None
            }
        }
    }
}

/// The Kafka record of an event, unless the event is too large for the topic.
fn ready(activity: UserActivity, now: Timestamp, trace: &TraceContext) -> Result<Ready, Problem> {
    let traceparent = trace.to_string();
    let user = activity.user_id.to_string();
    let chosen = activity.event_id.as_ref().map(|id| id.as_str().to_owned());
    let context = Context { now, source: SOURCE, traceparent: Some(traceparent.clone()) };
    let mut event = Event::of(EventType::UserActivity, clock::new_id(), &context, activity);
    event.source = source_of_user(SOURCE, &event.data.user_id);
    event.id = chosen.unwrap_or(event.id);
    let value = serde_json::to_vec(&event).map_err(|error| too_large(&error))?;
    if value.len() > MAX_EVENT_BYTES {
        return Err(too_large(&format!("the event has {} bytes, more than {MAX_EVENT_BYTES}", value.len())));
    }
    let record = Record::event(EventType::UserActivity.topic().name(), user.clone(), value, Some(traceparent));
    Ok(Ready { event_id: event.id, user, record })
}

fn too_large(detail: &impl ToString) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "event_too_large", detail.to_string())
}
