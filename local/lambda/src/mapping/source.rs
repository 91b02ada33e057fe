//! What a Kafka mapping needs from Kafka: a narrow interface, so that a test can use a log in memory.

use super::record::Record;

/// A request to Kafka failed; a retry may succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// How much may be taken at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Maximum number of records; at least 1.
    pub records: usize,
    /// Bytes after which no further record is taken. One record is always returned, whatever its size.
    pub bytes: usize,
}

/// End and committed offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Partition.
    pub partition: i32,
    /// Offset that the next record will get.
    pub end: i64,
    /// Committed offset of the group; `None` before its first commit.
    pub committed: Option<i64>,
}

/// One topic as one consumer group sees it.
pub trait Source: Send + Sync + 'static {
    /// The partitions of the topic now.
    fn partitions(&self) -> impl Future<Output = Result<Vec<i32>, SourceError>> + Send;

    /// Starts reading a partition at the group's committed offset, or else at the mapping's starting position, which is
    /// committed at once so that a restart does not move it. Calling it again starts over.
    fn open(&self, partition: i32) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Waits for records of an open partition, in order. May be dropped without losing a record.
    fn take(&self, partition: i32, room: Room) -> impl Future<Output = Vec<Record>> + Send;

    /// Commits the offset of the next record to process.
    fn commit(&self, partition: i32, offset: i64) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// End and committed offset of every partition.
    fn standings(&self) -> impl Future<Output = Result<Vec<Standing>, SourceError>> + Send;
}
