//! What becomes of a user's events: pure, with the time as an argument.
//!
//! Events are taken in the order of their seq, those that wait and those that just came together:
//! - without a seq, or with one that the cursor has passed (`late`): at once, and the cursor stays;
//! - with the seq that is next: at once, and the cursor moves on;
//! - behind a gap: they wait, and so does everything behind them. When the gap is old enough, it is stepped over;
//! - one that fails waits at the head of the others until its attempts are used up, and nothing overtakes it.
//!
//! One decision is one transaction. What does not fit is decided again, from what is stored by then.

mod walk;

use self::walk::Walk;
use crate::plan::{Next, Page, Rules, State, Step};
use crate::{Activity, Waiting};
use millrace_domain::activity::UserId;

/// Decides what to do with the events of `user` that came (`incoming`, in the order of their arrival) and those that
/// wait, at the time `now` in Unix milliseconds.
#[must_use]
pub fn decide(user: &UserId, state: &State, incoming: &[Activity], now: i64, rules: &Rules) -> Step {
    let mut walk = Walk::new(user, state, now, rules);
    let empty = Page::default();
    let page = state.page.as_ref().unwrap_or(&empty);
    let mut candidates: Vec<Candidate> = page.events.iter().map(Candidate::Waiting).collect();
    candidates.extend(walk.new_events(incoming).into_iter().map(|(at, event)| Candidate::New(at, event)));
    // Stable: of one seq, those that wait come first, then the others as they arrived.
    candidates.sort_by_key(|candidate| (walk.turn(candidate), candidate.activity().rank()));
    let last_read = page.events.last().map_or(0, |last| last.activity.rank());
    for candidate in candidates {
        let new = matches!(candidate, Candidate::New(..)) && walk.turn(&candidate) == Turn::InOrder;
        if new && page.more && candidate.activity().rank() > last_read && !walk.blocked {
            // Waiting events that were not read come first.
            return walk.end(Next::Again);
        }
        if let Some(next) = walk.take(candidate) {
            return walk.end(next);
        }
    }
    let more = page.more && !walk.blocked;
    walk.end(if more { Next::Again } else { Next::Done })
}

/// What comes first, whatever its seq.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// It has no place in the order: no seq, or one that the cursor has passed.
    OnArrival,
    /// It is being tried. One at a time is, so that not many of them wait.
    Tried,
    /// The order of seq.
    InOrder,
}

#[derive(Clone, Copy)]
enum Candidate<'a> {
    /// It waits.
    Waiting(&'a Waiting),
    /// It came, at this position.
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
