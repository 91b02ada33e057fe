//! What a decision is made of, and what it says to write.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::item::EventState;
use crate::{Activity, Cursor, Profile, Waiting};
use millrace_domain::activity::UserId;

/// Events of a user that wait at most, beside one that is being tried. Those that come on top are dead letters.
pub const MAX_WAITING: u32 = 10_000;

/// Actions of a transaction (`TransactWriteItems`).
pub const MAX_ACTIONS: usize = 100;

/// Bytes of a transaction; `DynamoDB` allows 4 MB, and an event and its dead letter may be 0.6 MB.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;

/// Attempts of an event that fails: the first one and three retries.
pub const MAX_TRIES: u32 = 4;

/// Bounds of a decision; tests have smaller ones.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How long a gap may last, in milliseconds.
    pub gap: i64,
    /// See [`MAX_WAITING`].
    pub waiting: u32,
    /// See [`MAX_ACTIONS`].
    pub actions: usize,
    /// Whether older records than those of now are still on the topic. Then no gap is stepped over: what is missing may be
    /// among them.
    pub behind: bool,
}

impl Rules {
    /// The rules with this deadline of gaps.
    #[must_use]
    pub fn new(gap: Duration) -> Self {
        let gap = i64::try_from(gap.as_millis()).unwrap_or(i64::MAX);
        Self { gap, waiting: MAX_WAITING, actions: MAX_ACTIONS, behind: false }
    }
}

/// Waiting events in their order.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The first of them.
    pub events: Vec<Waiting>,
    /// Whether there are more.
    pub more: bool,
}

/// What is known of a user.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The cursor.
    pub cursor: Cursor,
    /// The profile.
    pub profile: Profile,
    /// Events that are stored. One that is absent here counts as new; the write is conditional on that.
    pub known: BTreeMap<String, EventState>,
    /// Event and redrive of the redrives that are over.
    pub redriven: BTreeSet<(String, String)>,
    /// The first events that wait; none if they were not read.
    pub page: Option<Page>,
}

/// What an event's item has to be for a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Was {
    /// Not there: nobody has taken the event.
    Absent,
    /// It waits, after this many attempts.
    Buffered(u32),
    /// It failed after this many attempts, and is redriven.
    Failed(u32),
}

/// One action of a transaction.
#[derive(Debug, Clone)]
pub enum Write {
    /// The state of an event, on condition of what it was.
    Event {
        /// The next state.
        state: EventState,
        /// The condition.
        was: Was,
    },
    /// What a redrive came to, on condition that it was not known.
    Redriven(EventState),
    /// An event begins to wait.
    Wait(Waiting),
    /// An event waits no longer: its rank and id.
    Unwait(u64, String),
    /// A gap was stepped over: its first and last seq.
    Gap(u64, u64),
    /// An event failed: a dead letter with a stable code.
    Letter {
        /// The event.
        activity: Activity,
        /// Its attempts.
        attempts: u32,
        /// The code.
        reason: &'static str,
        /// Why, for people.
        detail: String,
    },
}

/// What one transaction writes: everything or nothing.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The user.
    pub user: UserId,
    /// When it was decided, in Unix milliseconds.
    pub now: i64,
    /// The next cursor and profile; the cursor's version has grown by one. Without them only an attempt is counted.
    pub next: Option<(Cursor, Profile)>,
    /// The rest.
    pub writes: Vec<Write>,
    /// Positions, in what came, of the events that this settles.
    pub settled: Vec<usize>,
}

/// What to do after the plan was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing is left to do for the user now.
    Done,
    /// Decide again: there is more than a transaction holds.
    Again,
    /// Read the waiting events and decide again; there is no plan.
    Read,
    /// Decide again at this time, in Unix milliseconds: an attempt is due then.
    Wait(i64),
}

/// A decision.
#[derive(Debug, Clone)]
pub struct Step {
    /// What to write, if anything.
    pub plan: Option<Plan>,
    /// And then.
    pub next: Next,
}

impl State {
    /// Takes over what was written. Waiting events are read anew, unless an attempt was counted.
    pub fn apply(&mut self, plan: Plan) {
        for write in plan.writes {
            match write {
                // Of the others nobody asks again, and a user may have ten thousand of them.
                Write::Event { state, .. } if state.tries > 0 || self.known.contains_key(&state.event_id) => {
                    self.known.insert(state.event_id.clone(), state);
                }
                Write::Event { .. } => {}
                Write::Redriven(state) => {
                    self.redriven.extend(state.redrive.map(|redrive| (state.event_id, redrive)));
                }
                Write::Wait(_) | Write::Unwait(..) | Write::Gap(..) | Write::Letter { .. } => {}
            }
        }
        if let Some((cursor, profile)) = plan.next {
            (self.cursor, self.profile, self.page) = (cursor, profile, None);
        }
    }
}
