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

/// How long before its time an attempt is claimed, so that no write is left between the time and the request of one that is
/// found in time. Since a claimed timer cannot be cancelled any more, it is short.
const CLAIM_AHEAD: SignedDuration = SignedDuration::from_millis(200);

/// Attempts whose times are no further apart than this are claimed together, at the time of the first.
const CLAIM_TOGETHER: SignedDuration = SignedDuration::from_millis(100);

/// Most attempts that are claimed together. A transaction takes 100 actions and 4 MB, and a claim is two actions and 27 KB at
/// most; but one timer that was changed meanwhile refuses all.
const MAX_TOGETHER: usize = 25;

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
        let horizon = clock::now() + MAX_WAIT;
        let due: Vec<Due> = due.into_iter().filter(|due| due.due.due_at <= horizon).collect();
        // Before the claim, which sees what changes meanwhile.
        let timers = self.read(&due).await;
        let groups = together(due).into_iter().map(|group| self.group(group, &timers, deadline));
        let made: Vec<Made> = join_all(groups).await.into_iter().flatten().collect();
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

    /// Makes the attempts of a group.
    async fn group(&self, group: Vec<Due>, timers: &BTreeMap<TimerId, Timer>, deadline: Instant) -> Vec<Made> {
        let claimed = self.claim_together(&group, timers).await;
        let made = join_all(group.iter().zip(claimed).map(|(due, claimed)| {
            let span = telemetry::event_span(due.due.timer_id.as_str(), None);
            async move {
                let made = self.attempt(due, timers.get(&due.due.timer_id), claimed, deadline).await;
                made.unwrap_or_else(|error| {
                    tracing::warn!(%error, attempt = due.due.attempt, "the attempt comes again");
                    None
                })
            }
            .instrument(span)
        }));
        made.await.into_iter().flatten().collect()
    }

    /// Makes one attempt, or none where it is not to be made. What was not claimed with others is claimed here.
    async fn attempt(
        &self,
        due: &Due,
        timer: Option<&Timer>,
        claimed: Option<Timer>,
        deadline: Instant,
    ) -> Result<Option<Made>, StoreError> {
        let claimed = match claimed {
            Some(claimed) => claimed,
            None => match self.claim_alone(due, timer).await? {
                Some(claimed) => claimed,
                None => return Ok(None),
            },
        };
        wait_until(due.due.due_at, SignedDuration::ZERO).await;
        let begun = clock::now();
        // A claim that took long leaves less time. Without any, the attempt comes again.
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

    /// Claims attempts by one write, when it is time for the first of them; none of them where one was changed meanwhile.
    /// Where the answer of the write is lost for good, it may have claimed all: then they come again when the runner produces
    /// them again.
    async fn claim_together(&self, group: &[Due], timers: &BTreeMap<TimerId, Timer>) -> Vec<Option<Timer>> {
        let nothing = vec![None; group.len()];
        let [first, _, ..] = group else { return nothing };
        wait_until(first.due.due_at, CLAIM_AHEAD).await;
        let now = clock::now();
        let of = |due: &Due| claim(timers.get(&due.due.timer_id)?, due, now);
        let claimed: Vec<Option<Timer>> = group.iter().map(of).collect();
        let claims: Vec<(&Timer, &Due)> =
            claimed.iter().zip(group).filter_map(|(timer, due)| Some((timer.as_ref()?, due))).collect();
        if claims.is_empty() {
            return nothing;
        }
        match self.store.begin(&claims).await {
            Ok(true) => claimed,
            Ok(false) => nothing,
            Err(error) => {
                tracing::warn!(%error, "the attempts are claimed one by one");
                nothing
            }
        }
    }

    /// Claims one attempt when it is time for it. A timer that was not read with the others is read here.
    async fn claim_alone(&self, due: &Due, timer: Option<&Timer>) -> Result<Option<Timer>, StoreError> {
        wait_until(due.due.due_at, CLAIM_AHEAD).await;
        let mut timer = timer.cloned();
        for _ in 0..READS {
            if timer.is_none() {
                timer = self.store.timers.get(&due.due.timer_id).await?;
            }
            let Some(claimed) = timer.take().and_then(|timer| claim(&timer, due, clock::now())) else {
                return Ok(None);
            };
            if self.store.begin(&[(&claimed, due)]).await? {
                return Ok(Some(claimed));
            }
        }
        Ok(None)
    }

    async fn request(&self, timer: &Timer, begun: Timestamp, limit: Duration) -> crate::send::Outcome {
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

/// Groups of attempts that are claimed together. A transaction takes one action per item, so a timer is in a group once.
fn together(mut due: Vec<Due>) -> Vec<Vec<Due>> {
    due.sort_by_key(|due| due.due.due_at);
    let mut groups: Vec<Vec<Due>> = Vec::new();
    for due in due {
        match groups.last_mut() {
            Some(group) if fits(group, &due) => group.push(due),
            _ => groups.push(vec![due]),
        }
    }
    groups
}

fn fits(group: &[Due], due: &Due) -> bool {
    let first = group.first().map_or(due.due.due_at, |first| first.due.due_at);
    group.len() < MAX_TOGETHER
        && due.due.due_at.duration_since(first) <= CLAIM_TOGETHER
        && group.iter().all(|other| other.due.timer_id != due.due.timer_id)
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

#[cfg(test)]
mod tests {
    use millrace::timer::TimerDue;

    use super::*;

    #[test]
    fn attempts_are_claimed_with_those_that_are_due_soon_after_and_never_more_at_once_than_a_transaction_takes() {
        let at = |ms: i64| Timestamp::from_millisecond(1_000_000 + ms).unwrap();
        let due = |ms: i64| Due {
            due: TimerDue { timer_id: TimerId::try_from(format!("t-{ms}")).unwrap(), attempt: 1, due_at: at(ms) },
            redriven: false,
            partition: 0,
            offset: 0,
        };
        let groups = |times: Vec<i64>| -> Vec<Vec<i64>> {
            let since = |due: &Due| due.due.due_at.duration_since(at(0)).as_millis() as i64;
            let groups = together(times.into_iter().map(due).collect());
            groups.iter().map(|group| group.iter().map(since).collect()).collect()
        };
        assert_eq!(groups(vec![350, 0, 101, 100, 201]), [vec![0, 100], vec![101, 201], vec![350]]);
        assert_eq!(groups(vec![7, 7, 8]), [vec![7], vec![7, 8]], "a timer whose record came twice");
        let full: Vec<usize> = groups((0..60).collect()).iter().map(Vec::len).collect();
        assert_eq!(full, [25, 25, 10]);
        assert!(groups(Vec::new()).is_empty());
    }
}
