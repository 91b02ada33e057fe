//! Why a record was not acknowledged, independent of the client library.

/// Publishing failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Not acknowledged in time. Worth a retry; the record may have been written nevertheless.
    #[error("Kafka is unavailable: {reason}")]
    Unavailable {
        /// What happened, for logs.
        reason: String,
    },
    /// The client or the cluster refused the record.
    #[error("Kafka refused the record ({}): {detail}", .rejection.code())]
    Rejected {
        /// The kind of refusal.
        rejection: Rejection,
        /// The message of the client or broker, for logs.
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
    /// The credentials have no permission to write to the topic.
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

    /// Whether an unchanged retry may succeed soon.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether the record itself can never be accepted. The other rejections end when somebody repairs the topic, the
    /// permissions or the credentials, so an outbox keeps its entry in those cases.
    pub fn blames_record(&self) -> bool {
        matches!(self, Self::Rejected { rejection: Rejection::RecordTooLarge | Rejection::InvalidRecord, .. })
    }
}
