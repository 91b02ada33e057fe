//! How an attempt changes a timer. Pure.

use std::time::Duration;

use crate::schedule::{self, Answer, MAX_ATTEMPTS, NextStep};
use jiff::{SignedDuration, Timestamp};
use millrace_domain::timer::{Attempt, Status, Timer};

use crate::attempt::{Due, Outcome};

/// How long a claim lasts: enough for the request and its overhead. Shorter than the time after which the runner
/// produces an attempt again.
pub const CLAIM: Duration = Duration::from_secs(20);

/// Most attempts that a timer lists: those of the schedule, and some redriven ones.
const MAX_SHOWN: usize = 2 * MAX_ATTEMPTS as usize;

/// Result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The receiver accepted it, with this HTTP status.
    Delivered(u16),
    /// It is retried when the timer is due again.
    Again,
    /// No attempts are left, and why.
    GivenUp(String),
}

/// The timer with this attempt claimed; `None` if the attempt must not be made: it was made before, another sender has
/// claimed it, or the timer was cancelled.
///
/// A redriven timer has failed, and gets one more attempt, with the next number; so a redrive that is delivered twice
/// causes one attempt.
pub fn claim(timer: &Timer, due: &Due, now: Timestamp) -> Option<Timer> {
    let redriven = due.redriven && timer.status == Status::Failed;
    let free = match timer.status {
        Status::Scheduled => true,
        Status::Firing => timer.firing_until.is_none_or(|until| until <= now),
        Status::Failed => redriven,
        Status::Pending | Status::Fired | Status::Cancelled => false,
    };
    if timer.attempt != due.due.attempt || !free {
        return None;
    }
    Some(Timer {
        status: Status::Firing,
        attempt: if redriven { timer.attempt.saturating_add(1) } else { timer.attempt },
        due_at: if redriven { now } else { timer.due_at },
        firing_until: now.checked_add(CLAIM).ok(),
        version: timer.version.saturating_add(1),
        updated_at: now,
        ..timer.clone()
    })
}

/// The next state of a claimed timer whose attempt began at `begun` and has just ended. `random` is in [0, 1).
pub fn settle(claimed: &Timer, outcome: &Outcome, begun: Timestamp, now: Timestamp, random: f64) -> (Timer, Ending) {
    let answer = outcome.status.map_or(Answer::Nothing, |status| Answer::Status {
        status,
        retry_after: outcome.retry_after.as_deref().and_then(|header| schedule::retry_after(header, now)),
    });
    let duration_ms = now.duration_since(begun).max(SignedDuration::ZERO).as_millis();
    let mut timer =
        Timer { firing_until: None, version: claimed.version.saturating_add(1), updated_at: now, ..claimed.clone() };
    timer.attempts.push(Attempt {
        at: begun,
        status: outcome.status,
        duration_ms: u64::try_from(duration_ms).unwrap_or_default(),
        error: outcome.error.clone(),
    });
    let hidden = timer.attempts.len().saturating_sub(MAX_SHOWN);
    timer.attempts.drain(..hidden);
    let ending = match schedule::next_step(claimed.attempt, answer, now, random) {
        NextStep::Delivered => {
            timer.status = Status::Fired;
            Ending::Delivered(outcome.status.unwrap_or_default())
        }
        NextStep::Again(at) => {
            timer.status = Status::Scheduled;
            timer.attempt = claimed.attempt.saturating_add(1);
            timer.due_at = at;
            Ending::Again
        }
        NextStep::GivenUp => {
            timer.status = Status::Failed;
            Ending::GivenUp(outcome.error.clone().unwrap_or_default())
        }
    };
    (timer, ending)
}

#[cfg(test)]
mod tests {
    use millrace_domain::id::TimerId;
    use millrace_domain::timer::TimerDue;
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn timer() -> Timer {
        Timer {
            id: TimerId::try_from("t".to_owned()).unwrap(),
            url: "https://example.com/".to_owned(),
            status: Status::Scheduled,
            fire_at: START,
            due_at: START,
            payload: None,
            secret: None,
            attempt: 1,
            attempts: Vec::new(),
            scheduled_at: None,
            firing_until: None,
            owner: None,
            traceparent: None,
            version: 2,
            created_at: START,
            updated_at: START,
        }
    }

    fn due(timer: &Timer, redriven: bool) -> Due {
        let due = TimerDue { timer_id: timer.id.clone(), attempt: timer.attempt, due_at: timer.due_at };
        Due { due, redriven, partition: 0, offset: 0 }
    }

    fn answered(status: u16) -> Outcome {
        Outcome { status: Some(status), retry_after: None, error: None }
    }

    fn after(time: Timestamp, seconds: i64) -> Timestamp {
        time + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn an_attempt_has_one_sender_until_its_claim_is_over() {
        let timer = timer();
        let first = claim(&timer, &due(&timer, false), START).unwrap();
        assert_eq!((first.status, first.attempt, first.version), (Status::Firing, 1, 3));
        assert_eq!(claim(&first, &due(&first, false), after(START, 19)), None);
        assert!(claim(&first, &due(&first, false), after(START, 20)).is_some());
        for status in [Status::Pending, Status::Fired, Status::Failed, Status::Cancelled] {
            let timer = Timer { status, ..timer.clone() };
            assert_eq!(claim(&timer, &due(&timer, false), START), None, "{status:?}");
        }
        let next = Timer { attempt: 2, ..timer.clone() };
        assert_eq!(claim(&next, &due(&timer, false), START), None, "an attempt that was made");
    }

    #[test]
    fn a_redriven_timer_gets_one_more_attempt_however_often_its_redrive_is_delivered() {
        let failed = Timer { status: Status::Failed, attempt: 10, ..timer() };
        let redrive = due(&failed, true);
        let claimed = claim(&failed, &redrive, after(START, 9)).unwrap();
        assert_eq!((claimed.attempt, claimed.due_at), (11, after(START, 9)));
        let (again, ending) = settle(&claimed, &answered(500), after(START, 9), after(START, 10), 0.0);
        assert_eq!((again.status, ending), (Status::Failed, Ending::GivenUp(String::new())));
        assert_eq!(claim(&again, &redrive, after(START, 99)), None);
        let cancelled = Timer { status: Status::Cancelled, ..failed };
        assert_eq!(claim(&cancelled, &redrive, START), None);
    }

    #[test]
    fn gone_is_final_at_once_and_retry_after_is_heeded() {
        let claimed = claim(&timer(), &due(&timer(), false), START).unwrap();
        let (gone, ending) = settle(&claimed, &answered(410), START, START, 0.0);
        assert_eq!((gone.status, gone.attempt, ending), (Status::Failed, 1, Ending::GivenUp(String::new())));
        let busy = Outcome { retry_after: Some("600".to_owned()), ..answered(503) };
        let (busy, _) = settle(&claimed, &busy, START, after(START, 1), 0.0);
        assert_eq!((busy.status, busy.attempt, busy.due_at), (Status::Scheduled, 2, after(START, 601)));
        assert_eq!((busy.attempts[0].at, busy.attempts[0].duration_ms), (START, 1_000));
    }

    /// The fate of a simulated attempt.
    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Answered(u16),
        Silence,
        /// The sender dies after its claim, before or after the request.
        Dies,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![
            6 => prop::sample::select(vec![301, 404, 429, 500, 503]).prop_map(Fate::Answered),
            2 => Just(Fate::Silence),
            2 => Just(Fate::Dies),
            1 => prop::sample::select(vec![200, 204, 410]).prop_map(Fate::Answered),
        ]
    }

    proptest! {
        /// Simulates days of the engine: the runner produces due attempts again and again, including completed ones.
        #[test]
        fn every_timer_ends_with_each_attempt_noted_once_and_none_early(
            fates in prop::collection::vec(fate(), 60), randoms in prop::collection::vec(0.0..1.0, 60)
        ) {
            let (mut stored, mut now) = (timer(), START);
            let mut produced = Vec::new();
            for (fate, random) in fates.into_iter().zip(randoms) {
                if stored.status.is_final() {
                    break;
                }
                // Claimed ahead of its time, as the sender does.
                let ahead = SignedDuration::from_millis((random * 300.0) as i64);
                now = now.max(stored.due_at - ahead).max(stored.firing_until.unwrap_or(START));
                produced.push(due(&stored, false));
                let claimed = claim(&stored, &due(&stored, false), now).unwrap();
                prop_assert!(produced.iter().all(|due| claim(&claimed, due, now).is_none()), "two senders at once");
                let begun = now.max(claimed.due_at);
                now = after(begun, 1);
                let outcome = match fate {
                    Fate::Dies => {
                        stored = claimed;
                        continue;
                    }
                    Fate::Silence => Outcome { status: None, retry_after: None, error: Some("silence".to_owned()) },
                    Fate::Answered(status) => answered(status),
                };
                let (settled, _) = settle(&claimed, &outcome, begun, now, random);
                prop_assert!(settled.version > claimed.version && settled.attempts.last().unwrap().at >= claimed.due_at);
                prop_assert!(claimed.firing_until.unwrap() > now, "somebody else could have it during the request");
                prop_assert_eq!(settled.attempts.len() as u32, claimed.attempt);
                let made = produced.iter().filter(|due| due.due.attempt == claimed.attempt);
                prop_assert!(made.clone().all(|due| claim(&settled, due, after(now, 100_000)).is_none()));
                stored = settled;
            }
            let last = stored.attempts.last().and_then(|attempt| attempt.status);
            let expected = match last {
                Some(200 | 204) => Some(Status::Fired),
                Some(410) => Some(Status::Failed),
                _ if stored.attempts.len() as u32 == MAX_ATTEMPTS => Some(Status::Failed),
                _ => None,
            };
            prop_assert_eq!(expected.is_some(), stored.status.is_final());
            prop_assert!(expected.is_none_or(|status| status == stored.status));
        }
    }
}
