//! Why a record was not acknowledged, in terms that do not depend on the client library.

/// Publishing failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// No acknowledgement in time. Worth another try; the record may be in the log nevertheless.
    #[error("Kafka is unavailable: {reason}")]
    Unavailable {
        /// What happened, for the log.
        reason: String,
    },
    /// The client or the cluster refused the record.
    #[error("Kafka refused the record ({}): {detail}", .rejection.code())]
    Rejected {
        /// The kind of refusal.
        rejection: Rejection,
        /// What the client or broker said, for the log.
        detail: String,
    },
}

/// Why a record was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Larger than [`super::MAX_RECORD_BYTES`] or the topic's limit.
    RecordTooLarge,
    /// The broker found the record invalid.
    InvalidRecord,
    /// The topic does not exist, or is not visible yet.
    UnknownTopic,
    /// The identity may not write to the topic.
    NotAuthorized,
    /// The credentials or the TLS certificate were not accepted.
    AuthenticationFailed,
}

impl Rejection {
    /// Stable code for logs, metrics and dead letters.
    pub fn code(self) -> &'static str {
        match self {
            Self::RecordTooLarge => "record_too_large",
            Self::InvalidRecord => "invalid_record",
            Self::UnknownTopic => "unknown_topic",
            Self::NotAuthorized => "not_authorized",
            Self::AuthenticationFailed => "authentication_failed",
        }
    }
}

impl PublishError {
    pub(super) fn unavailable(reason: impl std::fmt::Display) -> Self {
        Self::Unavailable { reason: reason.to_string() }
    }

    pub(super) fn rejected(rejection: Rejection, detail: impl std::fmt::Display) -> Self {
        Self::Rejected { rejection, detail: detail.to_string() }
    }

    /// Stable code for logs, metrics and dead letters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "kafka_unavailable",
            Self::Rejected { rejection, .. } => rejection.code(),
        }
    }

    /// Whether another try, without any change, may succeed soon.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether the record itself can never be accepted. The other refusals end when somebody repairs the
    /// topic, the permissions or the credentials, so an outbox keeps its entry for them.
    pub fn blames_record(&self) -> bool {
        matches!(self, Self::Rejected { rejection: Rejection::RecordTooLarge | Rejection::InvalidRecord, .. })
    }
}
