//! Timers and their events. The API creates and cancels timers, `timer-store` enters them into the due index,
//! `timer-runner` finds them there when they are due, and `webhook-sender` delivers their webhooks.

mod events;
mod secret;

pub use events::{TimerCancelled, TimerDue, TimerFailed, TimerFired, TimerRequested};
pub use secret::{InvalidSecret, Secret};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activity::UserId;
use crate::id::TimerId;

/// Largest payload, in bytes of its JSON: the Standard Webhooks specification recommends less than 20 KB.
pub const MAX_PAYLOAD_BYTES: usize = 20 * 1024;

/// A timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Id: a `UUIDv7`, so that ids are in the order of creation.
    pub id: TimerId,
    /// URL of the webhook, as the client gave it.
    pub url: String,
    /// Its current status.
    pub status: Status,
    /// When it should fire, to the millisecond.
    pub fire_at: Timestamp,
    /// When its next attempt is due, to the millisecond: `fire_at` until the first attempt has failed.
    pub due_at: Timestamp,
    /// The body of the webhook: JSON as the client sent it, byte for byte, at most [`MAX_PAYLOAD_BYTES`].
    pub payload: Option<String>,
    /// The secret that signs the webhook.
    pub secret: Option<Secret>,
    /// Number of the next attempt, or of the claimed one, from 1.
    pub attempt: u32,
    /// The attempts so far.
    pub attempts: Vec<Attempt>,
    /// When it was entered into the due index.
    pub scheduled_at: Option<Timestamp>,
    /// While an attempt is claimed: when the claim expires.
    pub firing_until: Option<Timestamp>,
    /// The user who made it; `None` if it was not made with a user's token.
    pub owner: Option<UserId>,
    /// Trace context of the request that created it; its attempts continue this trace.
    pub traceparent: Option<String>,
    /// 1 for a new timer; each change adds 1.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Status of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Accepted, and not yet in the due index.
    Pending,
    /// Waiting for its first or next attempt.
    Scheduled,
    /// An attempt is in progress, starts within 0.3 s, or is to be repeated because its sender died. It can no longer
    /// be cancelled.
    Firing,
    /// The receiver has accepted the webhook.
    Fired,
    /// Its attempts are used up, or the receiver wants no more.
    Failed,
    /// Cancelled before an attempt began.
    Cancelled,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Scheduled, Self::Firing, Self::Fired, Self::Failed, Self::Cancelled];

    /// The name on the wire and in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Scheduled => "scheduled",
            Self::Firing => "firing",
            Self::Fired => "fired",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether it is final.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Fired | Self::Failed | Self::Cancelled)
    }
}

/// One attempt to deliver a timer's webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// HTTP status of the response, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
