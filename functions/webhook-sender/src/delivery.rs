//! Makes due attempts: waits for the time, claims, sends, notes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use millrace::clock;
use millrace::consumer::Consumer;
use millrace::crash_points;
use millrace::dynamo::StoreError;
use millrace::id::TimerId;
use millrace::metrics::{self, Metric};
use millrace::telemetry;
use millrace::timer::{Secret, Timer};
use tracing::Instrument;

use crate::change::{CLAIM, Ending, claim, settle};
use crate::handoff::{Due, Handoff};
use crate::send::{Message, Sender};
use crate::store::Store;

/// How long an invocation waits for the time of an attempt. The runner is ahead of it by less; what is due later comes
/// again.
const MAX_WAIT: SignedDuration = SignedDuration::from_secs(5);

/// How long before its time an attempt is claimed, so that no write is left between the time and the request. Since a
/// claimed timer cannot be cancelled any more, it is short.
const CLAIM_AHEAD: SignedDuration = SignedDuration::from_millis(200);

/// Longest request, from the look-up of the name to the head of the answer.
const REQUEST: Duration = Duration::from_secs(15);

/// Left of a claim for the note of the outcome.
const NOTE: Duration = Duration::from_secs(2);

/// Times that a timer is read again because somebody changed it meanwhile.
const READS: usize = 3;

/// Pause before the outcome is noted once more.
const NOTE_PAUSE: Duration = Duration::from_millis(200);

/// The step's name of the request.
const STEP: &str = "webhook.request";

/// Makes attempts.
pub struct Deliveries {
    pub store: Store,
    pub sender: Sender,
    /// Signs for timers that have no secret of their own.
    pub secret: Option<Secret>,
}

/// An attempt that was made.
struct Made {
    ending: Ending,
    /// How long after its time it began.
    late: Duration,
}

impl Deliveries {
    /// Makes these attempts, all at once. What fails here is still in the due index, and comes again.
    pub async fn make(&self, due: Vec<Due>, deadline: Instant) {
        let asked = due.len();
        // Long before their time; what changes meanwhile is seen by the claim.
        let mut timers = self.read(&due).await;
        let made = join_all(due.into_iter().map(|due| {
            let span = telemetry::event_span(due.due.timer_id.as_str(), None);
            let timer = timers.remove(&due.due.timer_id);
            async move {
                let made = self.attempt(&due, timer, deadline).await;
                made.unwrap_or_else(|error| {
                    tracing::warn!(%error, attempt = due.due.attempt, "the attempt comes again");
                    None
                })
            }
            .instrument(span)
        }));
        let made: Vec<Made> = made.await.into_iter().flatten().collect();
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

    /// The timers of these attempts, all at once.
    async fn read(&self, due: &[Due]) -> BTreeMap<TimerId, Timer> {
        let ids = due.iter().map(|due| &due.due.timer_id).collect();
        self.store.timers.get_all(&ids).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the timers are read one by one");
            BTreeMap::new()
        })
    }

    /// Makes one attempt, or none where it is not to be made. A timer that was not read with the others is read here.
    async fn attempt(&self, due: &Due, timer: Option<Timer>, deadline: Instant) -> Result<Option<Made>, StoreError> {
        if due.due.due_at.duration_since(clock::now()) > MAX_WAIT {
            return Ok(None);
        }
        let timer = match timer {
            Some(timer) => Some(timer),
            None => self.store.timers.get(&due.due.timer_id).await?,
        };
        let Some(timer) = timer else { return Ok(None) };
        wait_until(due.due.due_at, CLAIM_AHEAD).await;
        let Some(claimed) = self.claim(timer, due).await? else { return Ok(None) };
        wait_until(due.due.due_at, SignedDuration::ZERO).await;
        let begun = clock::now();
        let outcome = self.request(&claimed, begun).await;
        let (settled, ending) = settle(&claimed, &outcome, begun, clock::now(), clock::fraction());
        tracing::info!(attempt = claimed.attempt, status = outcome.status, error = outcome.error, "webhook");
        self.note(&claimed, &settled, &ending, due, deadline).await?;
        let late = begun.duration_since(claimed.due_at).unsigned_abs();
        Ok(Some(Made { ending, late }))
    }

    async fn claim(&self, mut timer: Timer, due: &Due) -> Result<Option<Timer>, StoreError> {
        for _ in 0..READS {
            let Some(claimed) = claim(&timer, due, clock::now()) else { return Ok(None) };
            if self.store.begin(&claimed, due).await? {
                return Ok(Some(claimed));
            }
            let Some(read) = self.store.timers.get(&timer.id).await? else { return Ok(None) };
            timer = read;
        }
        Ok(None)
    }

    async fn request(&self, timer: &Timer, begun: Timestamp) -> crate::send::Outcome {
        // A claim that took long leaves less time.
        let spent = begun.duration_since(timer.updated_at).unsigned_abs();
        let limit = REQUEST.min(CLAIM.saturating_sub(NOTE).saturating_sub(spent));
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

    /// Notes how an attempt ended. It was made, so this is tried while there is time: otherwise it is made again.
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
                    // Or the answer of an earlier try was lost.
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

/// Waits until the clock shows this time or a later one, less `ahead`.
async fn wait_until(time: Timestamp, ahead: SignedDuration) {
    loop {
        let left = time.duration_since(clock::now()) - ahead;
        if left <= SignedDuration::ZERO {
            return;
        }
        tokio::time::sleep(left.unsigned_abs()).await;
    }
}
