//! Realistic bugs, planted one at a time to show that the judge detects each.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The handler reports success although the store did not answer.
    AcknowledgesAnUnansweredWrite,
    /// The handler produces first and commits afterwards.
    PublishesBeforeTheCommit,
    /// The outbox entry is deleted before Kafka has acknowledged it.
    DeletesBeforeTheAcknowledgement,
    /// The product is written without a condition on its version.
    WritesWithoutACondition,
    /// Each attempt of a transaction has its own token, so that a retry does not notice that the first was committed.
    RepeatsAWriteUnderANewToken,
    /// The consumer reports that everything was completed, whatever failed.
    AcknowledgesAFailedBatch,
    /// The outbox entry is written after the state instead of with it.
    StoresTheEventOutsideTheTransaction,
    /// A writer publishes only its own version.
    PublishesItsOwnEntryOnly,
    /// An entry that Kafka did not accept is left for later, and the next one is published.
    SkipsAFailedEntry,
    /// Pending entries are read from an index, in which each appears some time after its commit.
    ReadsPendingEntriesFromAnIndex,
    /// Every attempt to publish an event uses a new id.
    PublishesUnderANewIdEachTime,
    /// Records go to the partitions in turn instead of by key.
    PartitionsInTurn,
    /// The event is built from what was read before a race was lost.
    MakesTheEventOfAStaleRead,
    /// The answer of an Idempotency-Key is stored after the transaction.
    StoresTheAnswerOutsideTheTransaction,
    /// The transaction does not check that it still owns the claim of the Idempotency-Key.
    CommitsWithoutItsClaim,
    /// An event is logged under an id of the delivery.
    LogsUnderANewIdEachDelivery,
    /// The archive object is named by its first offset, so that the name of a batch that grew is already taken.
    NamesAnObjectByItsFirstOffset,
    /// A throttled write counts as done.
    SwallowsThrottling,
    /// An event whose id another content has counts as logged.
    TakesAReusedIdForARepeat,
    /// Events are told apart by their ids alone.
    DeduplicatesWithoutTheSource,
    /// Only the first failed record is reported, as if Lambda always redelivered everything after it.
    ReportsTheFirstFailureOnly,
    /// A record that is not an event is skipped.
    DropsPoison,
    /// A version is committed before the entries of the previous version are expanded from their bundle.
    CommitsBeforeItExpands,
    /// The item does not name the bundle that has the events of its version.
    DoesNotNameTheBundle,
    /// A bundle is deleted before its entries are stored.
    DeletesABundleBeforeItsEntriesAreStored,
    /// The relay ignores bundles.
    RelaysNoBundles,
    /// A decided order is decided again when its event is redelivered.
    DecidesAnOrderEachTime,
}

impl Bug {
    pub const ALL: [Self; 27] = [
        Self::AcknowledgesAnUnansweredWrite,
        Self::PublishesBeforeTheCommit,
        Self::DeletesBeforeTheAcknowledgement,
        Self::WritesWithoutACondition,
        Self::RepeatsAWriteUnderANewToken,
        Self::AcknowledgesAFailedBatch,
        Self::StoresTheEventOutsideTheTransaction,
        Self::PublishesItsOwnEntryOnly,
        Self::SkipsAFailedEntry,
        Self::ReadsPendingEntriesFromAnIndex,
        Self::PublishesUnderANewIdEachTime,
        Self::PartitionsInTurn,
        Self::MakesTheEventOfAStaleRead,
        Self::StoresTheAnswerOutsideTheTransaction,
        Self::CommitsWithoutItsClaim,
        Self::LogsUnderANewIdEachDelivery,
        Self::NamesAnObjectByItsFirstOffset,
        Self::SwallowsThrottling,
        Self::TakesAReusedIdForARepeat,
        Self::DeduplicatesWithoutTheSource,
        Self::ReportsTheFirstFailureOnly,
        Self::DropsPoison,
        Self::CommitsBeforeItExpands,
        Self::DoesNotNameTheBundle,
        Self::DeletesABundleBeforeItsEntriesAreStored,
        Self::RelaysNoBundles,
        Self::DecidesAnOrderEachTime,
    ];
}
