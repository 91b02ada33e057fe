//! Schedules, as EventBridge Scheduler and Lambda's asynchronous invocation run them.
//!
//! Every schedule starts its function when the stack starts, and then at its rate: after a stack was down, work is
//! waiting, while on AWS schedules never stop. Runs may overlap, as on AWS. A function error is retried like that of an
//! asynchronous invocation. A throttled run is retried for [`THROTTLE_LIMIT`], where AWS retries for 6 hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use local_template::model::Schedule;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::asynchronous::{self, RETRY_DELAYS, Rules};
use crate::invoke::Invoke;
use crate::stop::Stop;

/// Delay before a throttled run is tried again.
pub const THROTTLE_DELAY: Duration = Duration::from_millis(500);
/// How long a throttled run is retried.
pub const THROTTLE_LIMIT: Duration = Duration::from_secs(60);
/// Maximum number of runs of one schedule in progress; further starts are skipped, with a warning.
pub const MAX_RUNS: usize = 32;

/// The running schedules.
pub struct Schedules {
    timers: JoinSet<()>,
    starts: Vec<Start>,
    stop: Stop,
}

/// Starts one schedule's function now.
struct Start {
    function: String,
    run: Arc<dyn Fn() + Send + Sync>,
}

/// One schedule and what it invokes.
struct Runner<I> {
    schedule: Schedule,
    invoke: Arc<I>,
    stop: Stop,
    under_way: AtomicUsize,
    delays: [Duration; 2],
}

impl Schedules {
    /// Starts the schedules. They stop when `stop` becomes true or its sender is gone.
    pub fn start<I: Invoke>(schedules: &[Schedule], invoke: &Arc<I>, stop: watch::Receiver<bool>) -> Self {
        Self::start_with(schedules, invoke, stop, RETRY_DELAYS)
    }

    fn start_with<I: Invoke>(
        schedules: &[Schedule],
        invoke: &Arc<I>,
        stop: watch::Receiver<bool>,
        delays: [Duration; 2],
    ) -> Self {
        let stop = Stop::new(stop);
        let mut timers = JoinSet::new();
        let mut starts = Vec::new();
        for schedule in schedules {
            let runner = Arc::new(Runner {
                schedule: schedule.clone(),
                invoke: Arc::clone(invoke),
                stop: stop.clone(),
                under_way: AtomicUsize::new(0),
                delays,
            });
            timers.spawn(Arc::clone(&runner).keep_time());
            starts.push(Start { function: schedule.function.clone(), run: Arc::new(move || runner.spawn_run()) });
        }
        Self { timers, starts, stop }
    }

    /// Starts every schedule now, or those of one function, without waiting for them. Returns how many were started.
    pub fn tick(&self, function: Option<&str>) -> usize {
        if self.stop.is_requested() {
            return 0;
        }
        let wanted = self.starts.iter().filter(|start| function.is_none_or(|name| name == start.function));
        wanted.map(|start| (start.run)()).count()
    }

    /// Waits until the timers have stopped. Runs in progress end with the functions.
    pub async fn stopped(mut self) {
        while self.timers.join_next().await.is_some() {}
    }
}

impl<I: Invoke> Runner<I> {
    async fn keep_time(self: Arc<Self>) {
        let every = self.schedule.every.max(Duration::from_millis(1));
        let mut ticks = tokio::time::interval(every);
        // After a laptop slept, one run is enough.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.requested() => return,
                _ = ticks.tick() => self.spawn_run(),
            }
        }
    }

    fn spawn_run(self: &Arc<Self>) {
        if self.under_way.fetch_add(1, Ordering::Relaxed) >= MAX_RUNS {
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            tracing::warn!(function = %self.schedule.function, runs = MAX_RUNS, "a scheduled run is left out");
            return;
        }
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            runner.run().await;
            runner.under_way.fetch_sub(1, Ordering::Relaxed);
        });
    }

    async fn run(&self) {
        let payload = payload(&self.schedule, Timestamp::now());
        let rules = Rules {
            what: "a scheduled run",
            retries: self.schedule.retries,
            delays: self.delays,
            throttle_delay: THROTTLE_DELAY,
            throttle_limit: THROTTLE_LIMIT,
            max_age: Duration::MAX,
        };
        asynchronous::run(&*self.invoke, self.stop.clone(), &self.schedule.function, payload.into(), rules).await;
    }
}

/// What the function receives: the schedule's input with its context attributes filled in, or what EventBridge
/// Scheduler sends without an input (scheduler UserGuide/managing-schedule-context-attributes). `detail` is the text
/// `{}`, as in Scheduler.
fn payload(schedule: &Schedule, now: Timestamp) -> String {
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let id = Uuid::new_v4().to_string();
    let arn = format!("arn:aws:scheduler:us-east-1:000000000000:schedule/default/{}", schedule.function);
    match &schedule.input {
        Some(input) => input
            .replace("<aws.scheduler.scheduled-time>", &time)
            .replace("<aws.scheduler.execution-id>", &id)
            .replace("<aws.scheduler.schedule-arn>", &arn)
            .replace("<aws.scheduler.attempt-number>", "1"),
        None => json!({
            "version": "0",
            "id": id,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": "000000000000",
            "time": time,
            "region": "us-east-1",
            "resources": [arn],
            "detail": "{}",
        })
        .to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use tokio::time::Instant;

    use super::*;
    use crate::invoke::Outcome;

    /// Returns errors first, then success, and keeps what it receives.
    struct Flaky {
        errors: AtomicUsize,
        hangs: bool,
        payloads: Mutex<Vec<(String, Bytes)>>,
    }

    impl Flaky {
        fn new(errors: usize, hangs: bool) -> Arc<Self> {
            Arc::new(Self { errors: AtomicUsize::new(errors), hangs, payloads: Mutex::default() })
        }

        async fn received(&self, wanted: usize) -> Vec<(String, Bytes)> {
            let deadline = Instant::now() + Duration::from_secs(10);
            loop {
                let payloads = self.payloads.lock().unwrap().clone();
                if payloads.len() >= wanted {
                    return payloads;
                }
                assert!(Instant::now() < deadline, "{} of {wanted} invocations", payloads.len());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }

    impl Invoke for Flaky {
        async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
            self.payloads.lock().unwrap().push((function.into(), payload));
            if self.hangs {
                std::future::pending::<()>().await;
            }
            let failed = self.errors.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if failed.is_ok() { Outcome::FunctionError("{}".into()) } else { Outcome::Success(Bytes::new()) }
        }
    }

    fn schedule(function: &str, every: Duration, input: Option<&str>) -> Schedule {
        Schedule { function: function.into(), every, input: input.map(str::to_owned), retries: 2 }
    }

    const NEVER: Duration = Duration::from_secs(3_600);
    const QUICK: [Duration; 2] = [Duration::from_millis(1); 2];

    #[tokio::test]
    async fn a_schedule_starts_its_function_at_its_rate_and_runs_overlap() {
        let (stop, signal) = watch::channel(false);
        let invoke = Flaky::new(0, true);
        let schedules = Schedules::start(&[schedule("f", Duration::from_millis(5), None)], &invoke, signal);
        invoke.received(3).await;
        stop.send(true).unwrap();
        schedules.stopped().await;
    }

    #[tokio::test]
    async fn a_schedule_starts_its_function_with_the_stack_and_retries_a_failed_run_twice_with_the_same_payload() {
        let (_stop, signal) = watch::channel(false);
        let invoke = Flaky::new(9, false);
        let schedules = Schedules::start_with(&[schedule("f", NEVER, None)], &invoke, signal, QUICK);
        let payloads = invoke.received(3).await;
        assert!(payloads.iter().all(|payload| *payload == payloads[0]));
        // Only a tick can invoke again.
        assert_eq!(schedules.tick(None), 1);
        assert_ne!(invoke.received(4).await[3], payloads[0]);
    }

    #[tokio::test]
    async fn a_tick_starts_one_function_or_all() {
        let (_stop, signal) = watch::channel(false);
        let invoke = Flaky::new(0, false);
        let all =
            [schedule("a", NEVER, Some("{\"at\":\"<aws.scheduler.scheduled-time>\"}")), schedule("b", NEVER, None)];
        let schedules = Schedules::start(&all, &invoke, signal);
        let at_start = invoke.received(2).await.len();
        assert_eq!((schedules.tick(Some("a")), schedules.tick(Some("x")), schedules.tick(Some("b"))), (1, 0, 1));
        let mut payloads = invoke.received(4).await.split_off(at_start);
        payloads.sort();
        let a: serde_json::Value = serde_json::from_slice(&payloads[0].1).unwrap();
        let b: serde_json::Value = serde_json::from_slice(&payloads[1].1).unwrap();
        assert!(a["at"].as_str().unwrap().parse::<Timestamp>().is_ok());
        assert_eq!((&b["source"], &b["detail-type"]), (&json!("aws.scheduler"), &json!("Scheduled Event")));
    }
}
