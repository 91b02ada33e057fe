//! Takes one batch to its end: invokes, waits, retries, gives up, as its [`Plan`] says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::destination::{Destination, Failure, Message, Sink, SinkError};
use super::response;
use super::retry::{Condition, Plan, Policy, Step, Verdict};
use crate::invoke::{Invoke, Outcome};
use crate::stop::Stop;

/// Attempts to write to an on-failure destination. After that the records are lost, as on AWS, where only the metric
/// DestinationDeliveryFailures shows it; here an error is logged.
pub const DESTINATION_ATTEMPTS: u32 = 5;

/// Maximum number of bytes of a function's error that are logged.
const LOGGED_ERROR_BYTES: usize = 500;

/// How Lambda represents the records of a kind of event source.
pub trait Shape: Send + Sync + 'static {
    /// A record with its JSON.
    type Item: Send + Sync;
    /// How an answer identifies a record.
    type Identifier: Ord + std::fmt::Debug + DeserializeOwned + Send;

    /// The record as it is in the event.
    fn json<'a>(&self, item: &'a Self::Item) -> &'a [u8];
    /// Creation time of the record, in milliseconds since the epoch.
    fn created_ms(&self, item: &Self::Item) -> i64;
    /// How an answer identifies the record.
    fn identifier(&self, item: &Self::Item) -> Self::Identifier;
    /// The event with these records.
    fn event(&self, items: &[&Self::Item]) -> Bytes;
    /// Whether a batch that has `one` may have `other` too.
    fn together(&self, _one: &Self::Item, _other: &Self::Item) -> bool {
        true
    }
    /// Whether an answer completes a batch, as far as the rules of this kind of source go beyond those of all.
    fn completes(&self, _outcome: &Outcome) -> bool {
        true
    }
    /// When something is to be sent without records, in milliseconds since the epoch.
    fn due_ms(&self) -> Option<i64> {
        None
    }
    /// The event without records that is to be sent by now, or before the record.
    fn due(&self, _now_ms: i64, _before: Option<&Self::Item>) -> Option<Bytes> {
        None
    }
    /// That event was taken.
    fn sent_due(&self) {}
    /// What the destination receives for these records.
    fn messages(&self, to: &Destination, failure: &Failure, items: &[&Self::Item], now: Timestamp) -> Vec<Message>;
}

/// Delivers the batches of one mapping.
pub struct Dispatcher<I> {
    /// Logical id of the mapping.
    pub mapping: String,
    /// Name of the function.
    pub function: String,
    /// What invokes it.
    pub invoke: Arc<I>,
    /// Whether batch item failures in its answers are read (`ReportBatchItemFailures`).
    pub report: bool,
    /// Retries, record age and the like.
    pub policy: Policy,
    /// Where given-up records go.
    pub destination: Option<Destination>,
    /// Writes to the destination.
    pub sink: Arc<dyn Sink>,
    /// The current time; a test passes its own.
    pub clock: fn() -> Timestamp,
}

/// How a step of a [`Run`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    More,
    /// Every record is completed or given up.
    Done,
    /// The stack is stopping; records may be left.
    Stopped,
}

/// One batch being delivered.
pub struct Run<'a, I, S: Shape> {
    dispatcher: &'a Dispatcher<I>,
    shape: &'a S,
    items: &'a [S::Item],
    plan: Plan,
    wait: Duration,
    function_error: bool,
    failures: u32,
}

impl<I: Invoke> Dispatcher<I> {
    /// Starts on a batch; the items are in partition order.
    pub fn start<'a, S: Shape>(&'a self, shape: &'a S, items: &'a [S::Item]) -> Run<'a, I, S> {
        let created = items.iter().map(|item| shape.created_ms(item)).collect();
        let plan = Plan::new(self.policy, created);
        Run { dispatcher: self, shape, items, plan, wait: Duration::ZERO, function_error: false, failures: 0 }
    }

    /// Gives up a record that no payload can hold. Returns false if the stack stopped first.
    pub async fn give_up_too_large<S: Shape>(&self, shape: &S, item: &S::Item, stop: &mut Stop) -> bool {
        let bytes = shape.json(item).len();
        tracing::error!(
            mapping = %self.mapping, record = ?shape.identifier(item), bytes,
            "a record is larger than the 6 MB of an invocation: it is skipped, as on Lambda"
        );
        let failure = self.failure(Condition::MaximumPayloadSizeExceeded, 0, false);
        self.report_failure(shape, &failure, &[item], stop).await
    }

    /// The current time, in milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        (self.clock)().as_millisecond()
    }

    /// Sends what is due without records, until the function takes it. Returns false if the stack stopped first.
    pub async fn send_due<S: Shape>(&self, shape: &S, before: Option<&S::Item>, stop: &mut Stop) -> bool {
        let mut failures = 0_u32;
        while let Some(event) = shape.due(self.now_ms(), before) {
            let outcome = tokio::select! {
                biased;
                outcome = self.invoke.invoke(&self.function, event) => outcome,
                () = stop.grace_is_over() => return false,
            };
            if matches!(outcome, Outcome::Success(_)) {
                shape.sent_due();
                continue;
            }
            failures = failures.saturating_add(1);
            if failures.is_power_of_two() {
                tracing::warn!(mapping = %self.mapping, function = %self.function, failures, "the end of a window did not complete");
            }
            if !stop.sleep(self.policy.backoff.after(failures)).await {
                return false;
            }
        }
        true
    }

    fn failure(&self, condition: Condition, invocations: u32, function_error: bool) -> Failure {
        let (mapping, function) = (self.mapping.clone(), self.function.clone());
        Failure { mapping, function, condition, invocations, function_error }
    }

    /// Writes to the destination, if there is one. Returns false if the stack stopped first.
    async fn report_failure<S: Shape>(
        &self,
        shape: &S,
        failure: &Failure,
        items: &[&S::Item],
        stop: &mut Stop,
    ) -> bool {
        let Some(destination) = &self.destination else { return true };
        let now = (self.clock)();
        for message in shape.messages(destination, failure, items, now) {
            for attempt in 1..=DESTINATION_ATTEMPTS {
                let written = tokio::select! {
                    biased;
                    written = self.write(destination, failure, &message, now) => written,
                    () = stop.grace_is_over() => return false,
                };
                let Err(error) = written else { break };
                if attempt == DESTINATION_ATTEMPTS {
                    tracing::error!(
                        mapping = %self.mapping, %error,
                        "the on-failure destination took nothing: the records are lost, as on Lambda"
                    );
                } else if !stop.sleep(self.policy.backoff.after(attempt)).await {
                    return false;
                }
            }
        }
        true
    }

    async fn write(
        &self,
        destination: &Destination,
        failure: &Failure,
        message: &Message,
        now: Timestamp,
    ) -> Result<(), SinkError> {
        let body = message.body.clone();
        match destination {
            Destination::Bucket(bucket) => self.sink.put_object(bucket.clone(), failure.object_key(now), body).await,
            Destination::Topic(topic) => self.sink.produce(topic.clone(), message.key.clone(), body).await,
        }
    }
}

impl<I: Invoke, S: Shape> Run<'_, I, S> {
    /// How many records from the start are completed or given up without a gap.
    pub fn settled(&self) -> usize {
        self.plan.settled_prefix()
    }

    /// Waits as long as the last failure requires, and takes the next step.
    pub async fn advance(&mut self, stop: &mut Stop) -> Progress {
        let wait = std::mem::take(&mut self.wait);
        if stop.is_requested() || (!wait.is_zero() && !stop.sleep(wait).await) {
            return Progress::Stopped;
        }
        match self.plan.next((self.dispatcher.clock)().as_millisecond()) {
            Step::Done => Progress::Done,
            Step::Send(records) => self.send(&records, stop).await,
            Step::GiveUp { records, condition, invocations } => {
                self.give_up(&records, condition, invocations, stop).await
            }
        }
    }

    async fn send(&mut self, records: &[usize], stop: &mut Stop) -> Progress {
        let sent = self.pick(records);
        let event = self.shape.event(&sent);
        let outcome = tokio::select! {
            biased;
            outcome = self.dispatcher.invoke.invoke(&self.dispatcher.function, event) => outcome,
            () = stop.grace_is_over() => return Progress::Stopped,
        };
        let identifiers: Vec<S::Identifier> = sent.iter().map(|item| self.shape.identifier(item)).collect();
        let (verdict, malformed) = response::judge(&outcome, self.dispatcher.report, &identifiers);
        let incomplete = matches!(outcome, Outcome::Success(_)) && !self.shape.completes(&outcome);
        let verdict = if incomplete { Verdict::Failed } else { verdict };
        self.function_error = matches!(outcome, Outcome::FunctionError(_));
        self.log(&outcome, &verdict, malformed, identifiers.first());
        self.wait = self.plan.answered(verdict);
        Progress::More
    }

    async fn give_up(
        &mut self,
        records: &[usize],
        condition: Condition,
        invocations: u32,
        stop: &mut Stop,
    ) -> Progress {
        let items = self.pick(records);
        tracing::error!(
            mapping = %self.dispatcher.mapping, function = %self.dispatcher.function,
            condition = condition.name(), invocations, records = items.len(),
            first = ?items.first().map(|item| self.shape.identifier(item)),
            destination = ?self.dispatcher.destination,
            "records are given up"
        );
        let failure = self.dispatcher.failure(condition, invocations, self.function_error);
        if !self.dispatcher.report_failure(self.shape, &failure, &items, stop).await {
            return Progress::Stopped;
        }
        self.plan.gave_up(records);
        Progress::More
    }

    fn pick(&self, records: &[usize]) -> Vec<&S::Item> {
        records.iter().filter_map(|record| self.items.get(*record)).collect()
    }

    /// Logs the first failure of a batch and then fewer and fewer, since unlimited retries may go on for hours.
    fn log(
        &mut self,
        outcome: &Outcome,
        verdict: &Verdict,
        malformed: Option<response::Malformed>,
        first: Option<&S::Identifier>,
    ) {
        if *verdict == Verdict::Completed {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if !self.failures.is_power_of_two() {
            return;
        }
        let reason = match (outcome, malformed) {
            (_, Some(malformed)) => malformed.to_string(),
            (Outcome::Throttled, _) => "no instance of the function was free".to_owned(),
            (Outcome::FunctionError(error), _) => shorten(error),
            (Outcome::Success(_), _) => match verdict {
                Verdict::Partial(failed) => format!("{} records reported as failed", failed.len()),
                _ => "failed".to_owned(),
            },
        };
        tracing::warn!(
            mapping = %self.dispatcher.mapping, function = %self.dispatcher.function, ?first,
            failures = self.failures, %reason, "a batch did not complete and is retried"
        );
    }
}

fn shorten(error: &[u8]) -> String {
    String::from_utf8_lossy(error.get(..LOGGED_ERROR_BYTES).unwrap_or(error)).into_owned()
}
