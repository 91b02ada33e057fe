//! Counts a batch. Its records are folded into few rows, and a transaction adds these and moves the watermark of the shard,
//! on condition that nobody else has moved it.
//!
//! Lambda delivers the records of a shard in order for the first time, and may repeat any of them later, in any cut and order
//! (LDG/services-ddb-windows). So a record is new exactly if it is behind the watermark, and a repeat, a copy of this function
//! that was thought dead, and a lost answer all end at the same condition.

use jiff::Timestamp;
use lambda_runtime::Diagnostic;
use millrace_platform::dynamo::{MAX_ACTIONS, StoreError};
use millrace_platform::metrics::{self, Metric};
use millrace_store::analytics::{MAX_ROWS_OF_FACT, Sheet, merge};

use crate::batch::{Read, StreamBatch};
use crate::sequence::Sequence;

/// Most rows of a transaction, beside the watermark.
pub const MAX_ROWS: usize = MAX_ACTIONS - 1;

// A fact is counted as a whole.
const _: () = assert!(MAX_ROWS_OF_FACT <= MAX_ROWS);

/// Tries in a row that get nowhere, after which the batch fails and Lambda delivers it again.
const TRIES: u32 = 6;

/// Where counters and watermarks are.
pub trait Ledger {
    /// The last record of the shard that is counted, read consistently.
    fn watermark(&self, shard: &Shard<'_>) -> impl Future<Output = Result<Option<Sequence>, StoreError>> + Send;

    /// Adds the sheet and moves the watermark from `before` to `to`, or does neither: [`StoreError::Condition`] if the
    /// watermark is not at `before`.
    fn add(
        &self,
        shard: &Shard<'_>,
        before: Option<&Sequence>,
        to: &Sequence,
        sheet: &Sheet,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A shard of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard<'a> {
    /// ARN of the stream.
    pub stream: &'a str,
    /// Id of the shard, unique in the stream.
    pub id: &'a str,
}

/// Why a batch was not counted to its end. What was counted of it stays counted.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// The event does not say where its records are from; the mapping has no tumbling window.
    #[error("the event names no shard; its mapping needs a tumbling window")]
    NoShard,
    /// A record has no place in its shard.
    #[error("a record has the sequence number {0:?}")]
    NoSequence(String),
    /// The table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CountError> for Diagnostic {
    fn from(error: CountError) -> Self {
        let error_type = match &error {
            CountError::NoShard => "NoShard",
            CountError::NoSequence(_) => "NoSequence",
            CountError::Store(_) => "StoreUnavailable",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}

/// Counts what is new in a batch.
pub async fn run(ledger: &impl Ledger, batch: &StreamBatch, now: Timestamp) -> Result<(), CountError> {
    if batch.records.is_empty() {
        return Ok(());
    }
    let (Some(stream), Some(id)) = (batch.stream.as_deref(), batch.shard_id.as_deref()) else {
        return Err(CountError::NoShard);
    };
    let records = batch.read().map_err(CountError::NoSequence)?;
    let mut counted = Counted::default();
    let result = count(ledger, &Shard { stream, id }, &records, now, &mut counted).await;
    let Counted { records: new, rows, transactions } = counted;
    let measured = [
        Metric::count("CountedRecords", new),
        Metric::count("CounterRows", rows),
        Metric::count("CounterTransactions", transactions),
    ];
    metrics::emit(&[], &measured, &[]);
    tracing::info!(records = records.len(), new, rows, transactions, "counted");
    result.map_err(CountError::Store)
}

/// What was done.
#[derive(Debug, Default)]
pub struct Counted {
    /// Records that were new.
    pub records: usize,
    /// Rows that were added to, each as often as it was.
    pub rows: usize,
    /// Transactions.
    pub transactions: usize,
}

/// Counts what is new of these records, which are in the order of the shard.
pub async fn count(
    ledger: &impl Ledger,
    shard: &Shard<'_>,
    records: &[Read],
    now: Timestamp,
    counted: &mut Counted,
) -> Result<(), StoreError> {
    let mut watermark = ledger.watermark(shard).await?;
    let mut tries = 0;
    loop {
        let done = records.partition_point(|record| watermark.as_ref().is_some_and(|to| record.sequence <= *to));
        let (sheet, taken) = fold(&records[done..], now);
        let Some(last) = records[done..].get(..taken).and_then(<[Read]>::last) else { return Ok(()) };
        match ledger.add(shard, watermark.as_ref(), &last.sequence, &sheet, now).await {
            Ok(()) => {
                counted.records += taken;
                counted.rows += sheet.len();
                counted.transactions += 1;
                watermark = Some(last.sequence.clone());
                tries = 0;
            }
            Err(error) => {
                tries += 1;
                if tries == TRIES {
                    return Err(error);
                }
                // Somebody else may have counted, or this try itself, whose answer was lost.
                tracing::debug!(%error, "read and counted again");
                watermark = ledger.watermark(shard).await?;
            }
        }
    }
}

/// Folds as many of the first records as fit into a transaction, and how many they are.
fn fold(records: &[Read], now: Timestamp) -> (Sheet, usize) {
    let mut sheet = Sheet::new();
    for (taken, record) in records.iter().enumerate() {
        let Some(fact) = record.fact() else { continue };
        let more = fact.sheet(now);
        let new = more.keys().filter(|row| !sheet.contains_key(row)).count();
        if sheet.len() + new > MAX_ROWS {
            return (sheet, taken);
        }
        merge(&mut sheet, more);
    }
    (sheet, records.len())
}
