//! Makes due attempts: waits until they are due, claims them, sends the webhooks and stores the outcomes.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use millrace_delivery::consumer::Consumer;
use millrace_domain::id::TimerId;
use millrace_domain::timer::{Secret, Timer};
use millrace_platform::clock;
use millrace_platform::crash_points;
use millrace_platform::dynamo::StoreError;
use millrace_platform::metrics::{self, Metric};
use millrace_platform::telemetry;
use tracing::Instrument;

use crate::attempt::{Due, Outcome};
use crate::change::{CLAIM, Ending, claim, settle};
use crate::handoff::Handoff;
use crate::send::{Message, Sender};
use crate::store::Store;

/// How long an invocation waits until an attempt is due. The runner produces attempts less far ahead; one that is due
/// later is left in the due index and produced again.
const MAX_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// How long before it is due an attempt is claimed, at least, in milliseconds. So no write comes between the due time
/// and the request, if the attempt is received in time. Short, because a claimed timer can no longer be cancelled.
const CLAIM_AHEAD: i64 = 200;

/// Attempts are claimed at multiples of this time, in milliseconds, at least [`CLAIM_AHEAD`] early, so that many claims
/// share one write.
const CLAIM_EVERY: i64 = 100;

/// Time limit of a request, from resolving the name to the head of the response.
const REQUEST: Duration = Duration::from_secs(15);

/// Time of a claim that is reserved for storing the outcome.
const NOTE: Duration = Duration::from_secs(2);

/// Most reads of a timer that other writers keep changing.
const READS: usize = 3;

/// Pause before storing the outcome is retried.
const NOTE_PAUSE: Duration = Duration::from_millis(200);

/// Step name of the request, for crash points.
const STEP: &str = "webhook.request";

/// Makes the attempts of this invocation.
pub struct Deliveries {
    pub store: Store,
    pub sender: Sender,
    /// Signs the webhooks of timers without a secret of their own.
    pub secret: Option<Secret>,
}

/// A completed attempt.
struct Made {
    ending: Ending,
    /// How late it began.
    late: Duration,
}

impl Deliveries {
    /// Makes these attempts, all concurrently. An attempt that fails here is still in the due index, and is produced
    /// again.
    pub async fn make(&self, due: Vec<Due>, deadline: Instant) {
        let asked = due.len();
        let horizon = clock::now() + MAX_WAIT;
        // The record of an attempt may have been delivered twice.
        let mut seen = HashSet::new();
        let due: Vec<Due> = due
            .into_iter()
            .filter(|due| due.due.due_at <= horizon && seen.insert((due.due.timer_id.clone(), due.due.attempt)))
            .collect();
        // Read before the claim, whose condition detects later changes.
        let timers = self.read(&due).await;
        let attempts = due.iter().map(|due| {
            let span = telemetry::event_span(due.due.timer_id.as_str(), None);
            let timer = timers.get(&due.due.timer_id);
            async move {
                let made = self.attempt(due, timer, deadline).await;
                made.unwrap_or_else(|error| {
                    tracing::warn!(%error, attempt = due.due.attempt, "the attempt comes again");
                    None
                })
            }
            .instrument(span)
        });
        let made: Vec<Made> = join_all(attempts).await.into_iter().flatten().collect();
        let count = |wanted: fn(&Ending) -> bool| made.iter().filter(|made| wanted(&made.ending)).count();
        let counts = [
            Metric::count("WebhookAttempts", made.len()),
            Metric::count("WebhooksDelivered", count(|ending| matches!(ending, Ending::Delivered(_)))),
            Metric::count("WebhooksToRepeat", count(|ending| *ending == Ending::Again)),
            Metric::count("WebhooksGivenUp", count(|ending| matches!(ending, Ending::GivenUp(_)))),
            Metric::milliseconds("WebhookLateness", made.iter().map(|made| made.late).max().unwrap_or_default()),
        ];
        tracing::info!(asked, made = made.len(), "attempts");
        if !made.is_empty() {
            metrics::emit(&[("Function", Handoff::NAME)], &counts, &[]);
        }
    }

    /// Reads the timers of these attempts together.
    async fn read(&self, due: &[Due]) -> BTreeMap<TimerId, Timer> {
        let ids = due.iter().map(|due| &due.due.timer_id).collect();
        self.store.timers.get_all(&ids).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the timers are read one by one");
            BTreeMap::new()
        })
    }

    /// Makes one attempt, unless the claim shows that it must not be made.
    async fn attempt(&self, due: &Due, timer: Option<&Timer>, deadline: Instant) -> Result<Option<Made>, StoreError> {
        wait_until(claim_time(due.due.due_at)).await;
        let Some(claimed) = self.claim(due, timer.cloned()).await? else { return Ok(None) };
        wait_until(due.due.due_at).await;
        let begun = clock::now();
        // A slow claim leaves less time for the request. If none is left, the attempt is produced again.
        let spent = begun.duration_since(claimed.updated_at).unsigned_abs();
        let limit = REQUEST.min(CLAIM.saturating_sub(NOTE).saturating_sub(spent));
        if limit.is_zero() {
            return Ok(None);
        }
        let outcome = self.request(&claimed, begun, limit).await;
        let (settled, ending) = settle(&claimed, &outcome, begun, clock::now(), clock::fraction());
        tracing::info!(attempt = claimed.attempt, status = outcome.status, error = outcome.error, "webhook");
        self.note(&claimed, &settled, &ending, due, deadline).await?;
        let late = begun.duration_since(claimed.due_at).unsigned_abs();
        Ok(Some(Made { ending, late }))
    }

    /// Claims an attempt; returns `None` if it must not be made. A timer that was not read with the others, or has
    /// changed since, is read here. If the response of the write is lost for good, the attempt may be claimed
    /// nevertheless; it is then produced again.
    async fn claim(&self, due: &Due, mut timer: Option<Timer>) -> Result<Option<Timer>, StoreError> {
        for _ in 0..READS {
            if timer.is_none() {
                timer = self.store.timers.get(&due.due.timer_id).await?;
            }
            let Some(claimed) = timer.take().and_then(|timer| claim(&timer, due, clock::now())) else {
                return Ok(None);
            };
            if self.store.begin(&claimed, due).await? {
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }

    async fn request(&self, timer: &Timer, begun: Timestamp, limit: Duration) -> Outcome {
        let message = Message {
            url: &timer.url,
            id: timer.id.as_str(),
            body: Bytes::from(timer.payload.clone().unwrap_or_else(|| "{}".to_owned())),
            secret: timer.secret.as_ref().or(self.secret.as_ref()),
        };
        crash_points::before(STEP);
        let outcome = self.sender.send(message, begun, limit).await;
        crash_points::after(STEP);
        outcome
    }

    /// Stores the outcome of an attempt. This is retried while there is time, because otherwise the completed attempt
    /// would be repeated.
    async fn note(
        &self,
        claimed: &Timer,
        settled: &Timer,
        ending: &Ending,
        due: &Due,
        deadline: Instant,
    ) -> Result<(), StoreError> {
        let id = clock::new_id();
        loop {
            match self.store.finish(claimed, settled, ending, due, id).await {
                Ok(true) => return Ok(()),
                Ok(false) => {
                    // Or the response of an earlier try was lost.
                    tracing::warn!("the claim was over before its outcome was noted");
                    return Ok(());
                }
                Err(error) if Instant::now() + NOTE_PAUSE > deadline => return Err(error),
                Err(error) => tracing::warn!(%error, "not noted, tried again"),
            }
            tokio::time::sleep(NOTE_PAUSE).await;
        }
    }
}

/// When to claim an attempt that is due at this time.
fn claim_time(due_at: Timestamp) -> Timestamp {
    let latest = due_at.as_millisecond() - CLAIM_AHEAD;
    Timestamp::from_millisecond(latest - latest.rem_euclid(CLAIM_EVERY)).unwrap_or(due_at)
}

/// Waits until the clock shows this time or a later one.
async fn wait_until(time: Timestamp) {
    loop {
        let left = time.duration_since(clock::now());
        if left <= SignedDuration::ZERO {
            return;
        }
        tokio::time::sleep(left.unsigned_abs()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_claimed_a_fifth_of_a_second_before_their_time_and_those_of_a_tenth_at_once() {
        let at = |ms: i64| Timestamp::from_millisecond(1_000_000 + ms).unwrap();
        let claimed = |ms: i64| claim_time(at(ms)).duration_since(at(0)).as_millis();
        assert_eq!([200, 201, 299, 300].map(claimed), [0, 0, 0, 100]);
        assert_eq!(claim_time(Timestamp::MIN), Timestamp::MIN, "no panic");
    }
}
