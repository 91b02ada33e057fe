//! Collects records into the batch of one invocation. Pure: the time is an argument.
//!
//! Lambda invokes when the window has passed, the batch size is reached, or the payload would exceed 6 MB (BC lambda
//! `MaximumBatchingWindowInSeconds`; LDG/invocation-eventsourcemapping).

use std::time::{Duration, Instant};

/// Maximum JSON payload of an invocation, in bytes: Lambda's 6 MB quota of a synchronous payload
/// (LDG/gettingstarted-limits).
pub const PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// Limits of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of records; at least 1.
    pub records: usize,
    /// How long to wait for more records after the first one; with zero, whatever is there is sent at once.
    pub window: Duration,
    /// Maximum size of the whole payload, in bytes.
    pub payload_bytes: usize,
    /// Bytes of the payload around its records.
    pub envelope_bytes: usize,
}

/// The result of offering a record.
#[derive(Debug, PartialEq, Eq)]
pub enum Offer<T> {
    /// It is in the batch.
    Taken,
    /// It does not fit into this batch: send the batch, and offer the record to the next one.
    NextBatch(T),
    /// It would not fit into an empty payload: no function can ever receive it.
    TooLarge(T),
}

/// The batch that is being filled.
#[derive(Debug)]
pub struct Gather<T> {
    limits: Limits,
    items: Vec<T>,
    bytes: usize,
    opened: Option<Instant>,
}

impl<T> Gather<T> {
    /// An empty batch.
    pub fn new(limits: Limits) -> Self {
        Self { limits, items: Vec::new(), bytes: limits.envelope_bytes, opened: None }
    }

    /// Offers the next record; `json` is its length in the payload, in bytes.
    pub fn offer(&mut self, item: T, json: usize, now: Instant) -> Offer<T> {
        let separator = usize::from(!self.items.is_empty());
        let bytes = self.bytes.saturating_add(json).saturating_add(separator);
        if self.is_full() {
            return Offer::NextBatch(item);
        }
        if bytes > self.limits.payload_bytes {
            return if self.items.is_empty() { Offer::TooLarge(item) } else { Offer::NextBatch(item) };
        }
        self.items.push(item);
        self.bytes = bytes;
        self.opened.get_or_insert(now);
        Offer::Taken
    }

    /// The record that was taken last.
    pub fn last(&self) -> Option<&T> {
        self.items.last()
    }

    /// Whether the batch size is reached.
    pub fn is_full(&self) -> bool {
        self.items.len() >= self.limits.records.max(1)
    }

    /// How many more records the batch size allows.
    pub fn room(&self) -> usize {
        self.limits.records.max(1).saturating_sub(self.items.len())
    }

    /// When the batch is sent even if it is not full; `None` while it is empty.
    pub fn deadline(&self) -> Option<Instant> {
        self.opened.map(|opened| opened + self.limits.window)
    }

    /// The records of the batch, in the order in which they were offered.
    pub fn into_items(self) -> Vec<T> {
        self.items
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gather(records: usize, payload_bytes: usize) -> Gather<u32> {
        Gather::new(Limits { records, window: Duration::from_secs(1), payload_bytes, envelope_bytes: 10 })
    }

    #[test]
    fn a_batch_closes_at_its_size() {
        let mut batch = gather(2, 1_000);
        let now = Instant::now();
        assert_eq!(batch.offer(1, 5, now), Offer::Taken);
        assert_eq!(batch.room(), 1);
        assert_eq!(batch.offer(2, 5, now), Offer::Taken);
        assert!(batch.is_full());
        assert_eq!(batch.offer(3, 5, now), Offer::NextBatch(3));
        assert_eq!(batch.into_items(), [1, 2]);
    }

    #[test]
    fn a_batch_counts_the_bytes_that_are_sent() {
        let mut batch = gather(10, 21);
        let now = Instant::now();
        // 10 envelope + 5 + 1 comma + 5 = 21.
        assert_eq!(batch.offer(1, 5, now), Offer::Taken);
        assert_eq!(batch.offer(2, 6, now), Offer::NextBatch(2));
        assert_eq!(batch.offer(2, 5, now), Offer::Taken);
        assert_eq!(batch.offer(3, 12, now), Offer::NextBatch(3));
        assert_eq!(gather(10, 21).offer(3, 12, now), Offer::TooLarge(3));
    }

    #[test]
    fn the_window_starts_with_the_first_record() {
        let mut batch = gather(10, 1_000);
        assert_eq!(batch.deadline(), None);
        let first = Instant::now();
        batch.offer(1, 5, first);
        batch.offer(2, 5, first + Duration::from_millis(500));
        assert_eq!(batch.deadline(), Some(first + Duration::from_secs(1)));
    }
}
