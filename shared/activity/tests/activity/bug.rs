//! Common mistakes, planted one at a time to show that the judge detects each.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// An early event is marked as buffered, but not stored as waiting.
    DropsABufferedEvent,
    /// Kafka's offset is committed before the batch is processed.
    CommitsTheOffsetEarly,
    /// A record that failed is reported as done.
    AcknowledgesAFailedRecord,
    /// Only the first failed record is reported, as if Lambda always redelivered everything after it.
    ReportsTheFirstFailureOnly,
    /// The cursor is written without a condition on its version.
    WritesTheCursorWithoutACondition,
    /// Events are written without a condition on their previous state.
    WritesEventsWithoutACondition,
    /// An attempt is counted both when it begins and when it ends.
    CountsAnAttemptTwice,
    /// Attempts are counted in memory.
    CountsAttemptsInMemory,
    /// The actions of a plan are written one by one.
    TearsTheTransaction,
    /// Waiting events are read from an index, where they appear some time after their commit.
    ReadsWaitingEventsFromAnIndex,
    /// Waiting events are never checked again.
    ForgetsTheWaitingEvents,
    /// A gap is skipped as soon as it is seen.
    StepsOverGapsAtOnce,
    /// A lost race counts as done.
    SwallowsALostRace,
    /// A throttled write counts as done.
    SwallowsThrottling,
    /// The deduplication key is the record's offset.
    DeduplicatesByOffset,
    /// An event whose id another content has counts as a repeat.
    TakesAReusedIdForARepeat,
    /// Events are told apart by their ids alone.
    DeduplicatesWithoutTheSource,
    /// The profile is written after the transaction.
    FoldsTheProfileOutsideTheTransaction,
    /// A processed event stays among the waiting ones.
    LeavesAProcessedEventWaiting,
    /// A redriven event counts as a repeat.
    DeduplicatesARedriveAway,
    /// A failed event leaves no dead letter.
    ForgetsTheDeadLetter,
    /// The analytics are not told that an event failed or came late.
    ForgetsTheOutcome,
    /// Events are processed as they arrive.
    IgnoresTheOrder,
}

impl Bug {
    pub const ALL: [Self; 23] = [
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
        Self::TakesAReusedIdForARepeat,
        Self::DeduplicatesWithoutTheSource,
        Self::FoldsTheProfileOutsideTheTransaction,
        Self::LeavesAProcessedEventWaiting,
        Self::DeduplicatesARedriveAway,
        Self::ForgetsTheDeadLetter,
        Self::ForgetsTheOutcome,
        Self::IgnoresTheOrder,
    ];
}
