//! Bugs that people write, planted one at a time to show that the judge sees each.

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The handler answers with success although the store did not answer.
    AcknowledgesAnUnansweredWrite,
    /// The handler produces first and commits afterwards.
    PublishesBeforeTheCommit,
    /// The outbox entry goes before Kafka has acknowledged it.
    DeletesBeforeTheAcknowledgement,
    /// The product is written without a condition on its version.
    WritesWithoutACondition,
    /// Each try of a transaction has a token of its own, so that a repeat does not know that the first was committed.
    RepeatsAWriteUnderANewToken,
    /// The consumer answers that everything was completed, whatever failed.
    AcknowledgesAFailedBatch,
    /// The outbox entry is written after the state, not with it.
    StoresTheEventOutsideTheTransaction,
    /// Whoever commits publishes its own version only.
    PublishesItsOwnEntryOnly,
    /// An entry that Kafka did not take is left for later, and the next one is published.
    SkipsAFailedEntry,
    /// The pending entries are read from an index, where each of them appears some time after its commit.
    ReadsPendingEntriesFromAnIndex,
    /// Every try of an event is sent under a new id.
    PublishesUnderANewIdEachTime,
    /// Records go to the partitions in turn, not by their keys.
    PartitionsInTurn,
    /// The event is made of what was read before a race was lost.
    MakesTheEventOfAStaleRead,
    /// The answer of an Idempotency-Key is stored after the transaction.
    StoresTheAnswerOutsideTheTransaction,
    /// The transaction does not check that the claim of the Idempotency-Key is still its own.
    CommitsWithoutItsClaim,
    /// An event is logged under an id of the delivery.
    LogsUnderANewIdEachDelivery,
    /// The archive's object is named by its first offset, so that a batch that grew finds its name in use.
    NamesAnObjectByItsFirstOffset,
    /// A throttled write counts as done.
    SwallowsThrottling,
    /// Only the first record that failed is reported, as if Lambda always sent again everything behind it.
    ReportsTheFirstFailureOnly,
    /// A record that is no event is skipped.
    DropsPoison,
    /// A version is committed before the entries of the version before it are out of their bundle.
    CommitsBeforeItExpands,
    /// The item does not say which bundle has the events of its version.
    DoesNotNameTheBundle,
    /// A bundle is deleted, and then its entries are stored.
    DeletesABundleBeforeItsEntriesAreStored,
    /// The relay leaves bundles alone.
    RelaysNoBundles,
    /// An order that is decided is decided again when its event comes again.
    DecidesAnOrderEachTime,
}

impl Bug {
    pub const ALL: [Self; 25] = [
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
        Self::ReportsTheFirstFailureOnly,
        Self::DropsPoison,
        Self::CommitsBeforeItExpands,
        Self::DoesNotNameTheBundle,
        Self::DeletesABundleBeforeItsEntriesAreStored,
        Self::RelaysNoBundles,
        Self::DecidesAnOrderEachTime,
    ];
}
