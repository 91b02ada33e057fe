//! Bugs that people write, planted one at a time to show that the judge sees each.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// An event that comes early is marked as buffered, and not kept.
    DropsABufferedEvent,
    /// Kafka's offset is committed before the batch is processed.
    CommitsTheOffsetEarly,
    /// A record that failed is reported as done.
    AcknowledgesAFailedRecord,
    /// Only the first record that failed is reported, as if Lambda always sent again everything behind it.
    ReportsTheFirstFailureOnly,
    /// The cursor is written without a condition on its version.
    WritesTheCursorWithoutACondition,
    /// Events are written without a condition on what they were.
    WritesEventsWithoutACondition,
    /// An attempt is counted when it begins and when it ends.
    CountsAnAttemptTwice,
    /// Attempts are counted in memory.
    CountsAttemptsInMemory,
    /// A plan is written action by action.
    TearsTheTransaction,
    /// Waiting events are read from an index, where each of them appears some time after its commit.
    ReadsWaitingEventsFromAnIndex,
    /// Nobody looks at what waits.
    ForgetsTheWaitingEvents,
    /// A gap is stepped over as soon as it is seen.
    StepsOverGapsAtOnce,
    /// A lost race counts as done.
    SwallowsALostRace,
    /// A throttled write counts as done.
    SwallowsThrottling,
    /// The dedup key is the record's offset.
    DeduplicatesByOffset,
    /// The profile is written after the transaction.
    FoldsTheProfileOutsideTheTransaction,
    /// An event that was processed goes on waiting.
    LeavesAProcessedEventWaiting,
    /// A redriven event counts as a repeat.
    DeduplicatesARedriveAway,
    /// A failed event leaves no dead letter.
    ForgetsTheDeadLetter,
    /// Events are processed as they arrive.
    IgnoresTheOrder,
}

impl Bug {
    pub const ALL: [Self; 20] = [
        Self::DropsABufferedEvent,
        Self::CommitsTheOffsetEarly,
        Self::AcknowledgesAFailedRecord,
        Self::ReportsTheFirstFailureOnly,
        Self::WritesTheCursorWithoutACondition,
        Self::WritesEventsWithoutACondition,
        Self::CountsAnAttemptTwice,
        Self::CountsAttemptsInMemory,
        Self::TearsTheTransaction,
        Self::ReadsWaitingEventsFromAnIndex,
        Self::ForgetsTheWaitingEvents,
        Self::StepsOverGapsAtOnce,
        Self::SwallowsALostRace,
        Self::SwallowsThrottling,
        Self::DeduplicatesByOffset,
        Self::FoldsTheProfileOutsideTheTransaction,
        Self::LeavesAProcessedEventWaiting,
        Self::DeduplicatesARedriveAway,
        Self::ForgetsTheDeadLetter,
        Self::IgnoresTheOrder,
    ];
}
