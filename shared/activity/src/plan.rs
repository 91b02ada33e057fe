//! The input of a decision, and its result: the writes of one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::item::EventState;
use crate::{Activity, Cursor, Identity, Profile, Waiting};
use millrace_domain::activity::UserId;

/// Most waiting events of a user, not counting the one being retried. Further events are dead-lettered.
pub const MAX_WAITING: u32 = 10_000;

/// Most actions of a transaction (`TransactWriteItems`).
pub const MAX_ACTIONS: usize = 100;

/// Most bytes of a transaction; `DynamoDB` allows 4 MB, and an event with its dead letter may be 0.6 MB.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;

/// Attempts of an event that fails: the first one and three retries.
pub const MAX_TRIES: u32 = 4;

/// Limits of a decision; tests use smaller ones.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Deadline of a gap, in milliseconds.
    pub gap: i64,
    /// See [`MAX_WAITING`].
    pub waiting: u32,
    /// See [`MAX_ACTIONS`].
    pub actions: usize,
    /// Whether the consumer lags behind the topic. Then no gap is skipped: the missing events may be in the records
    /// still to come.
    pub behind: bool,
}

impl Rules {
    /// The default rules with this gap deadline.
    #[must_use]
    pub fn new(gap: Duration) -> Self {
        let gap = i64::try_from(gap.as_millis()).unwrap_or(i64::MAX);
        Self { gap, waiting: MAX_WAITING, actions: MAX_ACTIONS, behind: false }
    }
}

/// The first waiting events, in order.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The events.
    pub events: Vec<Waiting>,
    /// Whether there are more.
    pub more: bool,
}

/// The known state of a user.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The cursor.
    pub cursor: Cursor,
    /// The profile.
    pub profile: Profile,
    /// Stored events. An event that is absent here counts as new; the write is conditional on that.
    pub known: BTreeMap<Identity, EventState>,
    /// Completed redrives, as event id and redrive id.
    pub redriven: BTreeSet<(String, String)>,
    /// The first waiting events; `None` if they were not read.
    pub page: Option<Page>,
}

/// The condition of a write on an event's stored state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It does not exist: the event is new.
    Absent,
    /// It is waiting, after this many attempts.
    Buffered(u32),
    /// It failed after this many attempts, and is being redriven.
    Failed(u32),
}

/// One action of a transaction.
#[derive(Debug, Clone)]
pub enum Write {
    /// Stores the state of an event, on condition of its previous state.
    Event {
        /// The new state.
        state: EventState,
        /// The condition.
        was: Expected,
    },
    /// Stores the outcome of a redrive, on condition that it is not stored yet.
    Redriven(EventState),
    /// Tells the analytics that an event of this time has failed, or was processed after its turn, for the first time.
    Outcome {
        /// The state with which it became final.
        state: EventState,
        /// When it happened, in Unix milliseconds.
        at: i64,
    },
    /// Adds an event to the waiting ones.
    Buffer(Waiting),
    /// Removes a waiting event, by its rank and identity.
    RemoveWaiting(u64, Identity),
    /// Records a skipped gap: its first and last seq.
    Gap(u64, u64),
    /// Stores a failed event as a dead letter.
    DeadLetter {
        /// The event.
        activity: Activity,
        /// Number of attempts.
        attempts: u32,
        /// Stable reason code.
        reason: &'static str,
        /// The reason, for people.
        detail: String,
    },
}

/// The writes of one transaction, all or nothing.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The user.
    pub user: UserId,
    /// When it was decided, in Unix milliseconds.
    pub now: i64,
    /// The next cursor and profile, with the cursor's version increased by one. `None` if only an attempt is counted.
    pub next: Option<(Cursor, Profile)>,
    /// All other writes.
    pub writes: Vec<Write>,
    /// Positions of the incoming events that this settles.
    pub completed: Vec<usize>,
}

/// The next step after the plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing is left to do for the user now.
    Done,
    /// Decide again: not everything fits into one transaction.
    Again,
    /// There is no plan: read the waiting events and decide again.
    Read,
    /// Decide again at this time, in Unix milliseconds, when an attempt is due.
    Wait(i64),
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Step {
    /// The plan to write, if any.
    pub plan: Option<Plan>,
    /// The next step.
    pub next: Next,
}

impl State {
    /// Updates the state after the plan was written. The waiting events have to be read again, unless only an attempt
    /// was counted.
    pub fn apply(&mut self, plan: Plan) {
        for write in plan.writes {
            match write {
                // The states of other events are not needed again, and a user may have ten thousand of them.
                Write::Event { state, .. } if state.tries > 0 || self.known.contains_key(&state.identity()) => {
                    self.known.insert(state.identity(), state);
                }
                Write::Event { .. } => {}
                Write::Redriven(state) => {
                    self.redriven.extend(state.redrive.map(|redrive| (state.event_id, redrive)));
                }
                Write::Outcome { .. }
                | Write::Buffer(_)
                | Write::RemoveWaiting(..)
                | Write::Gap(..)
                | Write::DeadLetter { .. } => {}
            }
        }
        if let Some((cursor, profile)) = plan.next {
            (self.cursor, self.profile, self.page) = (cursor, profile, None);
        }
    }
}
