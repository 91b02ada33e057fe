//! The retry schedule of webhooks. Pure.

use std::time::Duration;

use jiff::Timestamp;

/// Backoff between consecutive attempts: the schedule of the specification. The last attempt is 75 hours and 35 minutes
/// after the first one.
pub const WAITS: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
    Duration::from_secs(14 * 60 * 60),
    Duration::from_secs(20 * 60 * 60),
    Duration::from_secs(24 * 60 * 60),
];

/// Attempts to deliver a webhook, the first included.
pub const MAX_ATTEMPTS: u32 = WAITS.len() as u32 + 1;

/// Each backoff is extended by a random fraction of up to this, so that the retries for a receiver that failed many
/// webhooks at once are spread out.
pub const JITTER: f64 = 0.1;

/// Longest `Retry-After` that is honoured.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The receiver's response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A status, and when the receiver wants to be called again, if it says so.
    Status {
        /// HTTP status.
        status: u16,
        /// `Retry-After`, converted to a time.
        retry_after: Option<Timestamp>,
    },
    /// No valid response: refused, unreachable, too slow, cut off.
    Nothing,
}

/// The consequence of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// It was delivered.
    Delivered,
    /// The next attempt is due at this time.
    Again(Timestamp),
    /// There are no further attempts.
    GivenUp,
}

/// The consequence of attempt `attempt` (from 1), which ended at `now`. `random` is in [0, 1).
///
/// 2xx is a success. 410 means that the receiver wants no more webhooks. Everything else is retried, including
/// redirects, which are not followed. 429 and 503 may request a longer wait than the schedule's, but never a shorter
/// one.
#[must_use]
pub fn next_step(attempt: u32, answer: Answer, now: Timestamp, random: f64) -> NextStep {
    let retry_after = match answer {
        Answer::Status { status: 200..=299, .. } => return NextStep::Delivered,
        Answer::Status { status: 410, .. } => return NextStep::GivenUp,
        Answer::Status { status: 429 | 503, retry_after } => retry_after,
        Answer::Status { .. } | Answer::Nothing => None,
    };
    let position = usize::try_from(attempt).unwrap_or(usize::MAX).saturating_sub(1);
    let Some(wait) = WAITS.get(position) else { return NextStep::GivenUp };
    let scheduled = later(now, wait.mul_f64(1.0 + JITTER * random.clamp(0.0, 1.0)));
    let asked = retry_after.map_or(scheduled, |asked| asked.min(later(now, MAX_RETRY_AFTER)));
    NextStep::Again(scheduled.max(asked))
}

/// The time that a `Retry-After` header specifies: seconds from `now`, or a date (RFC 9110, section 10.2.3).
#[must_use]
pub fn retry_after(header: &str, now: Timestamp) -> Option<Timestamp> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows is treated as the longest possible wait.
        return Some(later(now, Duration::from_secs(header.parse().unwrap_or(u64::MAX)).min(MAX_RETRY_AFTER)));
    }
    jiff::fmt::rfc2822::parse(header).ok().map(|date| date.timestamp())
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    now.saturating_add(jiff::SignedDuration::try_from(wait).unwrap_or(jiff::SignedDuration::MAX)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::constant(1_795_000_000, 0);

    fn status(status: u16) -> Answer {
        Answer::Status { status, retry_after: None }
    }

    #[test]
    fn a_receiver_that_always_fails_is_tried_ten_times_over_three_days() {
        let (mut now, mut attempts) = (START, 1);
        while let NextStep::Again(next) = next_step(attempts, status(500), now, 0.0) {
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!(attempts, MAX_ATTEMPTS);
        assert_eq!(now.duration_since(START), jiff::SignedDuration::new(75 * 3_600 + 35 * 60 + 5, 0));
    }

    #[test]
    fn each_status_means_what_the_specification_says() {
        for good in [200, 201, 204, 299] {
            assert_eq!(next_step(1, status(good), START, 0.5), NextStep::Delivered);
        }
        assert_eq!(next_step(1, status(410), START, 0.5), NextStep::GivenUp);
        for repeated in [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 408, 429, 500, 502, 503, 504] {
            assert!(matches!(next_step(1, status(repeated), START, 0.5), NextStep::Again(_)), "{repeated}");
        }
        assert!(matches!(next_step(9, Answer::Nothing, START, 0.5), NextStep::Again(_)));
        assert_eq!(next_step(10, Answer::Nothing, START, 0.5), NextStep::GivenUp);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let in_seconds = |seconds| Some(START + jiff::SignedDuration::from_secs(seconds));
        assert_eq!(retry_after("120", START), in_seconds(120));
        assert_eq!(retry_after(" 0 ", START), in_seconds(0));
        assert_eq!(retry_after("99999999999999999999999", START), in_seconds(24 * 60 * 60));
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&START).unwrap();
        assert_eq!(retry_after(&date, START), Some(START));
        for none in ["", "-1", "1.5", "soon", "1 hour"] {
            assert_eq!(retry_after(none, START), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn a_repeat_is_never_early_and_never_later_than_a_day_and_its_jitter(
            attempt in 1_u32..=9, code in 400_u16..600, asked in proptest::option::of(-1_000_000_i64..10_000_000), random in 0.0..1.0
        ) {
            prop_assume!(code != 410);
            let retry_after = asked.map(|seconds| START + jiff::SignedDuration::from_secs(seconds));
            let next = next_step(attempt, Answer::Status { status: code, retry_after }, START, random);
            let NextStep::Again(next) = next else { panic!("{next:?}") };
            let wait = next.duration_since(START).unsigned_abs();
            let scheduled = WAITS[attempt as usize - 1];
            prop_assert!(next > START && wait >= scheduled);
            let asked = asked.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
            let heeded = asked.filter(|_| code == 429 || code == 503).unwrap_or_default().min(MAX_RETRY_AFTER);
            prop_assert!(wait >= heeded && wait <= scheduled.mul_f64(1.0 + JITTER).max(heeded));
        }
    }
}
