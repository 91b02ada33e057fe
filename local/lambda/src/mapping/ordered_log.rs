//! The loop shared by Kafka partitions and stream shards: gather a batch, deliver it, commit. One batch of a log is in
//! flight at a time.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::batch::{Gather, Limits, Offer};
use super::deliver::{Dispatcher, Progress, Shape};
use super::outage::Outage;
use super::retry::Backoff;
use crate::invoke::Invoke;
use crate::stop::Stop;

/// Delays before a commit, a connection or a read is retried.
pub const RECONNECT: Backoff = Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(3) };

/// A record that was read, or the fact that one was filtered out.
#[derive(Debug)]
pub struct Arrived<T, P> {
    /// The record; `None` if the filter dropped it.
    pub item: Option<T>,
    /// The position from which this record is the next one.
    pub before: P,
    /// The position from which the following record is the next one.
    pub after: P,
}

/// An ordered log with a position that outlives the process.
pub trait OrderedLog: Send {
    /// How Lambda represents its records.
    type Shape: Shape;
    /// A position in the log.
    type Position: Clone + Send + Sync;

    /// Waits for records, at least one and at most `records`; `None` if the log has ended for good. May be dropped at
    /// any time without losing a record.
    fn read(&mut self, records: usize) -> impl Future<Output = Option<ArrivedOf<Self>>> + Send;

    /// Stores a position.
    fn commit(&mut self, position: Self::Position) -> impl Future<Output = Result<(), String>> + Send;
}

/// The records of a read.
pub type ArrivedOf<L> = Vec<Arrived<<<L as OrderedLog>::Shape as Shape>::Item, <L as OrderedLog>::Position>>;

/// What was gathered.
enum Gathered<T, P> {
    /// Records to send.
    Batch(Batch<T, P>),
    /// A record that fits into no payload.
    TooLarge { item: T, after: P },
    /// Nothing, but something is due without records.
    Due,
}

/// A batch and its place in the log.
struct Batch<T, P> {
    /// The records; empty if the filter dropped all.
    items: Vec<T>,
    /// The position before each of them.
    before: Vec<P>,
    /// The position after everything that was read for them.
    end: P,
}

type BatchOf<L> = Batch<<<L as OrderedLog>::Shape as Shape>::Item, <L as OrderedLog>::Position>;
type GatheredOf<L> = Gathered<<<L as OrderedLog>::Shape as Shape>::Item, <L as OrderedLog>::Position>;

/// Runs a log until it ends or the stack stops.
pub async fn run<I: Invoke, L: OrderedLog>(
    dispatcher: &Dispatcher<I>,
    shape: &L::Shape,
    log: &mut L,
    limits: Limits,
    outage: &Outage,
    mut stop: Stop,
) {
    let mut read_ahead = VecDeque::new();
    while let Some(gathered) = gather(dispatcher, log, shape, limits, &mut read_ahead, &mut stop).await {
        let goes_on = match gathered {
            Gathered::Batch(batch) => {
                dispatcher.send_due(shape, batch.items.first(), &mut stop).await
                    && deliver(dispatcher, shape, log, &batch, outage, &mut stop).await
            }
            Gathered::Due => dispatcher.send_due(shape, None, &mut stop).await,
            Gathered::TooLarge { item, after } => {
                dispatcher.give_up_too_large(shape, &item, &mut stop).await
                    && commit(log, after, outage, &mut stop).await
            }
        };
        if !goes_on {
            return;
        }
    }
}

/// Fills the next batch; `None` if the log ended or the stack stops. `read_ahead` keeps records that were read but do
/// not fit.
async fn gather<I: Invoke, L: OrderedLog>(
    dispatcher: &Dispatcher<I>,
    log: &mut L,
    shape: &L::Shape,
    limits: Limits,
    read_ahead: &mut VecDeque<Arrived<<L::Shape as Shape>::Item, L::Position>>,
    stop: &mut Stop,
) -> Option<GatheredOf<L>> {
    let mut batch = Gather::new(limits);
    let mut before = Vec::new();
    let mut end: Option<L::Position> = None;
    loop {
        let mut closed = false;
        while let Some(arrived) = read_ahead.pop_front() {
            let Some(item) = arrived.item else {
                end = Some(arrived.after);
                continue;
            };
            let json = shape.json(&item).len();
            let fits = batch.last().is_none_or(|last| shape.together(last, &item));
            let offer = if fits { batch.offer(item, json, Instant::now()) } else { Offer::NextBatch(item) };
            match offer {
                Offer::Taken => {
                    before.push(arrived.before);
                    end = Some(arrived.after);
                }
                Offer::NextBatch(item) => {
                    read_ahead.push_front(Arrived { item: Some(item), ..arrived });
                    closed = true;
                    break;
                }
                Offer::TooLarge(item) => return Some(Gathered::TooLarge { item, after: arrived.after }),
            }
        }
        let now = Instant::now();
        let due = batch.deadline().map_or(end.is_some(), |deadline| deadline <= now);
        if let (true, Some(end)) = (closed || due || batch.is_full(), end.clone()) {
            return Some(Gathered::Batch(Batch { items: batch.into_items(), before, end }));
        }
        let is_due = batch.last().is_none() && end.is_none();
        let due = shape.due_ms().filter(|_| is_due).map(|due| {
            Duration::from_millis(u64::try_from(due.saturating_sub(dispatcher.now_ms())).unwrap_or_default())
        });
        if due.is_some_and(|due| due.is_zero()) {
            return Some(Gathered::Due);
        }
        let wait = batch.deadline().map(|deadline| deadline.saturating_duration_since(now)).or(due);
        let read = tokio::select! {
            biased;
            () = stop.requested() => return None,
            read = log.read(batch.room()) => read,
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => Some(Vec::new()),
        };
        match (read, end.clone()) {
            (Some(read), _) => read_ahead.extend(read),
            (None, Some(end)) => return Some(Gathered::Batch(Batch { items: batch.into_items(), before, end })),
            (None, None) => return None,
        }
    }
}

/// Takes a batch to its end, and meanwhile commits what is settled without a gap. Returns false if the stack stopped
/// first.
async fn deliver<I: Invoke, L: OrderedLog>(
    dispatcher: &Dispatcher<I>,
    shape: &L::Shape,
    log: &mut L,
    batch: &BatchOf<L>,
    outage: &Outage,
    stop: &mut Stop,
) -> bool {
    let Batch { items, before, end } = batch;
    let mut run = dispatcher.start(shape, items);
    let mut committed = 0;
    loop {
        let progress = run.advance(stop).await;
        let settled = run.settled();
        if progress != Progress::Done && settled > committed && settled < items.len() {
            committed = settled;
            if let Some(position) = before.get(settled) {
                commit(log, position.clone(), outage, stop).await;
            }
        }
        match progress {
            Progress::More => {}
            Progress::Done => return commit(log, end.clone(), outage, stop).await,
            Progress::Stopped if settled == items.len() => {
                commit(log, end.clone(), outage, stop).await;
                return false;
            }
            Progress::Stopped => return false,
        }
    }
}

/// Commits, retrying while the log is unreachable. This also blocks reading, which would fail anyway. Returns false if
/// the stack stopped first; the records after the last commit are then delivered again.
async fn commit<L: OrderedLog>(log: &mut L, position: L::Position, outage: &Outage, stop: &mut Stop) -> bool {
    let mut failures = 0_u32;
    loop {
        let committed = tokio::select! {
            biased;
            committed = log.commit(position.clone()) => committed,
            () = stop.grace_is_over() => return false,
        };
        match committed {
            Ok(()) => {
                outage.over();
                return true;
            }
            Err(error) => {
                outage.seen(&error);
                failures = failures.saturating_add(1);
                if !stop.sleep(RECONNECT.after(failures)).await {
                    return false;
                }
            }
        }
    }
}
