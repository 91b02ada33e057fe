//! Decides the processing of a user's events. Pure: the time is an argument.
//!
//! Waiting and newly arrived events are merged and handled in the order of their seq:
//! - without a seq, or with one that the cursor has passed (`late`): processed at once, and the cursor stays;
//! - with the next seq: processed at once, and the cursor advances;
//! - after a gap: the event waits, and so do all later ones. A gap that is past its deadline is skipped;
//! - an event that fails waits at the head of the others until its attempts are used up, and no event overtakes it.
//!
//! One decision is one transaction. Events that do not fit are decided again, from the state that is stored by then.

mod walk;

use self::walk::Walk;
use crate::plan::{Next, Page, Rules, State, Step};
use crate::{Activity, Waiting};
use millrace_domain::activity::UserId;

/// Decides about the events of `user`, both newly arrived (`incoming`, in the order of their arrival) and waiting, at
/// the time `now` in Unix milliseconds.
#[must_use]
pub fn decide(user: &UserId, state: &State, incoming: &[Activity], now: i64, rules: &Rules) -> Step {
    let mut walk = Walk::new(user, state, now, rules);
    let empty = Page::default();
    let page = state.page.as_ref().unwrap_or(&empty);
    let mut candidates: Vec<Candidate> = page.events.iter().map(Candidate::Waiting).collect();
    candidates.extend(walk.new_events(incoming).into_iter().map(|(at, event)| Candidate::New(at, event)));
    // A stable sort: among events with the same seq, waiting ones come first, then new ones in the order of their
    // arrival.
    candidates.sort_by_key(|candidate| (walk.turn(candidate), candidate.activity().rank()));
    let last_read = page.events.last().map_or(0, |last| last.activity.rank());
    for candidate in candidates {
        let new = matches!(candidate, Candidate::New(..)) && walk.turn(&candidate) == Turn::InOrder;
        if new && page.more && candidate.activity().rank() > last_read && !walk.blocked {
            // Waiting events that have not been read yet come first.
            return walk.end(Next::Again);
        }
        if let Some(next) = walk.take(candidate) {
            return walk.end(next);
        }
    }
    let more = page.more && !walk.blocked;
    walk.end(if more { Next::Again } else { Next::Done })
}

/// Precedence of events, regardless of their seq.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Not ordered: the event has no seq, or one that the cursor has passed.
    OnArrival,
    /// Being retried. Only one event at a time is, so that few retried events wait.
    Tried,
    /// In the order of seq.
    InOrder,
}

#[derive(Clone, Copy)]
enum Candidate<'a> {
    /// A waiting event.
    Waiting(&'a Waiting),
    /// A newly arrived event, with its position in `incoming`.
    New(usize, &'a Activity),
}

impl<'a> Candidate<'a> {
    fn activity(&self) -> &'a Activity {
        match self {
            Self::Waiting(waiting) => &waiting.activity,
            Self::New(_, activity) => activity,
        }
    }
}
