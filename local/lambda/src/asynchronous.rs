//! How an asynchronous invocation is retried (LDG/invocation-async-error-handling). Schedules also invoke
//! asynchronously.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::invoke::{Invoke, Outcome};
use crate::stop::Stop;

/// Delays before the two retries of a failed invocation, where AWS waits 1 and 2 minutes.
pub const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// When an invocation is retried, and when it is given up.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// What is invoked, for the log: "a scheduled run".
    pub what: &'static str,
    /// Retries after a function error, at most two.
    pub retries: usize,
    /// Delays before the retries.
    pub delays: [Duration; 2],
    /// Delay before a throttled invocation is tried again.
    pub throttle_delay: Duration,
    /// How long a throttled invocation is retried.
    pub throttle_limit: Duration,
    /// Age beyond which it is not retried, whatever its outcome.
    pub max_age: Duration,
}

/// Invokes a function until it succeeds, is given up, or the stack stops. What is given up is logged and dropped.
pub async fn run<I: Invoke>(invoke: &I, mut stop: Stop, function: &str, payload: Bytes, rules: Rules) {
    let what = rules.what;
    let taken = Instant::now();
    let mut delays = rules.delays.into_iter().take(rules.retries);
    loop {
        let outcome = tokio::select! {
            biased;
            outcome = invoke.invoke(function, payload.clone()) => outcome,
            () = stop.grace_is_over() => return,
        };
        let wait = match outcome {
            Outcome::Success(_) => return,
            Outcome::Throttled if taken.elapsed() < rules.throttle_limit => rules.throttle_delay,
            Outcome::Throttled => {
                tracing::error!(function, "{what} never found an instance");
                return;
            }
            Outcome::FunctionError(error) => {
                let error = String::from_utf8_lossy(&error).into_owned();
                let Some(delay) = delays.next() else {
                    tracing::error!(function, error, "{what} failed for good");
                    return;
                };
                tracing::warn!(function, error, "{what} failed; it is retried");
                delay
            }
        };
        if taken.elapsed() + wait > rules.max_age {
            tracing::error!(function, "{what} became too old");
            return;
        }
        if !stop.sleep(wait).await {
            return;
        }
    }
}
