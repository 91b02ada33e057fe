//! Timers: what they are, and their events. The API makes and cancels them, `timer-store` enters them into the due
//! index, `timer-runner` finds them there when their time comes, and `webhook-sender` fires them.

mod events;
mod secret;

pub use events::{TimerCancelled, TimerDue, TimerFailed, TimerFired, TimerRequested};
pub use secret::{InvalidSecret, Secret};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::TimerId;

/// Largest payload, in bytes of its JSON: the Standard Webhooks specification asks for less than 20 KB.
pub const MAX_PAYLOAD_BYTES: usize = 20 * 1024;

/// A timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Id: a `UUIDv7`, so that ids are in the order of creation.
    pub id: TimerId,
    /// Where the webhook goes, as the client gave it.
    pub url: String,
    /// What became of it.
    pub status: Status,
    /// When it is to fire, to the millisecond.
    pub fire_at: Timestamp,
    /// When its next attempt is due, to the millisecond: `fire_at` until the first one has failed.
    pub due_at: Timestamp,
    /// The body of the webhook: JSON as the client sent it, byte for byte, at most [`MAX_PAYLOAD_BYTES`].
    pub payload: Option<String>,
    /// What the webhook is signed with.
    pub secret: Option<Secret>,
    /// Number of the next attempt, or of the one that is claimed, from 1.
    pub attempt: u32,
    /// The attempts so far.
    pub attempts: Vec<Attempt>,
    /// While it is firing: until when the sender has it to itself.
    pub firing_until: Option<Timestamp>,
    /// Trace that its request belongs to, which its attempts carry on.
    pub traceparent: Option<String>,
    /// 1 when it was made; each change adds 1.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What became of a timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It was accepted, and is not yet in the due index.
    Pending,
    /// It waits for its time, or for its next attempt.
    Scheduled,
    /// An attempt is under way, begins within 0.3 s, or its sender died and it comes again. It cannot be cancelled any more.
    Firing,
    /// The receiver has taken it.
    Fired,
    /// It was given up.
    Failed,
    /// It was cancelled before an attempt began.
    Cancelled,
}

impl Status {
    /// All of them.
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

    /// Whether nothing will happen to it any more.
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
    /// HTTP status of the answer, where one came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
