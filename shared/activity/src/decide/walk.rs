//! Goes through the events one by one, and collects the writes.

use std::collections::BTreeSet;

use super::{Candidate, Turn};
use crate::attempt::attempt;
use crate::item::{Status, Waited};
use crate::plan::{Expected, MAX_BYTES, MAX_TRIES, Next, Plan, Rules, State, Step, Write};
use crate::{Activity, Cursor, EventState, Identity, Profile, Waiting};
use millrace_domain::activity::UserId;
use millrace_domain::event::identity::{self, ID_REUSED};

/// Backoff between attempts, in milliseconds: the attempts are at 0, 100, 200 and 400 ms.
const PAUSES: [i64; 3] = [100, 100, 200];

/// How long a consumer has for a user whose events can be processed, before the sweeper continues in its place, in
/// milliseconds.
const LEASE: i64 = 30_000;

/// Most actions for one event: its state, its waiting item, its dead letter, the outcome of its redrive or for the
/// analytics, and a gap before it with its dead letter.
const ACTIONS_OF_ONE: usize = 6;
/// Actions for the cursor and the profile.
const ACTIONS_OF_USER: usize = 2;

pub(super) struct Walk<'a> {
    user: &'a UserId,
    state: &'a State,
    rules: &'a Rules,
    now: i64,
    cursor: Cursor,
    profile: Profile,
    writes: Vec<Write>,
    completed: Vec<usize>,
    bytes: usize,
    /// Number of gaps skipped; each also has a dead letter.
    gaps: usize,
    /// Whether a gap was met that is not past its deadline.
    pub(super) blocked: bool,
    /// Whether the cursor, the profile or the waiting events have changed.
    moved: bool,
    /// Smallest known rank of the events that are still waiting.
    first: Option<u64>,
    /// Largest rank of the waiting events that were consumed.
    consumed: u64,
}

impl<'a> Walk<'a> {
    pub(super) fn new(user: &'a UserId, state: &'a State, now: i64, rules: &'a Rules) -> Self {
        Self {
            user,
            state,
            rules,
            now,
            cursor: state.cursor.clone(),
            profile: state.profile.clone(),
            writes: Vec::new(),
            completed: Vec::new(),
            bytes: 0,
            gaps: 0,
            blocked: false,
            moved: false,
            first: None,
            consumed: 0,
        }
    }

    pub(super) fn turn(&self, candidate: &Candidate) -> Turn {
        match candidate {
            Candidate::New(_, event) if !event.is_attempted_in_vain() && event.rank() < self.state.cursor.next => {
                Turn::OnArrival
            }
            Candidate::Waiting(Waiting { activity, .. })
                if activity.is_attempted_in_vain() && self.tries(activity) > 0 =>
            {
                Turn::Tried
            }
            _ => Turn::InOrder,
        }
    }

    fn tries(&self, event: &Activity) -> u32 {
        self.state.known.get(&event.identity()).map_or(0, |known| known.tries)
    }

    /// The events that are new, each once; repeats are settled.
    pub(super) fn new_events(&mut self, incoming: &'a [Activity]) -> Vec<(usize, &'a Activity)> {
        let mut new: Vec<(usize, &Activity)> = Vec::new();
        let page = self.state.page.iter().flat_map(|page| &page.events);
        let mut seen: BTreeSet<Identity> = page.map(|waiting| waiting.activity.identity()).collect();
        for (at, event) in incoming.iter().enumerate() {
            // A repeat is settled together with the first one.
            if self.is_taken(event) || !seen.insert(event.identity()) {
                self.completed.push(at);
            } else {
                new.push((at, event));
            }
        }
        new
    }

    fn is_taken(&self, event: &Activity) -> bool {
        let Some(known) = self.state.known.get(&event.identity()) else { return false };
        let Some(redrive) = &event.redrive else { return true };
        let over = self.state.redriven.contains(&(event.id.clone(), redrive.clone()));
        over || known.redrive.as_ref() == Some(redrive) || known.status != Status::Failed
    }

    /// Whether waiting events that have not been read may be next, or wait for a gap that is past its deadline.
    fn has_to_read(&self) -> bool {
        let old = self.cursor.since.is_some_and(|since| self.is_old(since));
        self.state.page.is_none() && self.cursor.waiting > 0 && (self.cursor.may_have_ready() || old)
    }

    fn is_old(&self, since: i64) -> bool {
        !self.rules.behind && self.now >= since.saturating_add(self.rules.gap)
    }

    /// Handles the next event. Returns the next step if the decision ends with this event.
    pub(super) fn take(&mut self, candidate: Candidate) -> Option<Next> {
        let event = candidate.activity();
        let most = self.rules.actions.saturating_sub(ACTIONS_OF_ONE + ACTIONS_OF_USER);
        let full = self.writes.len() + self.gaps > most || self.bytes + 2 * event.bytes() > MAX_BYTES;
        if full && !self.writes.is_empty() {
            return Some(Next::Again);
        }
        if !self.blocked {
            if self.has_to_read() {
                return Some(Next::Read);
            }
            self.meet_gap(candidate);
        }
        match candidate {
            Candidate::Waiting(waiting) if self.blocked => {
                let rank = waiting.activity.rank();
                self.first = Some(self.first.map_or(rank, |first| first.min(rank)));
                None
            }
            Candidate::New(at, event) if self.blocked => {
                self.completed.push(at);
                self.buffer(event);
                None
            }
            Candidate::Waiting(waiting) if waiting.activity.reused => {
                self.remove_waiting(waiting);
                let was = Expected::Buffered(self.attempts(&waiting.activity));
                self.refuse(&waiting.activity, was, waiting.waited());
                None
            }
            Candidate::New(at, event) if event.reused => {
                self.completed.push(at);
                self.refuse(event, self.was(event), None);
                None
            }
            Candidate::Waiting(waiting) if waiting.activity.fails => self.try_again(waiting),
            Candidate::New(at, event) if event.fails => {
                self.completed.push(at);
                Some(self.try_first(event))
            }
            Candidate::Waiting(waiting) => {
                self.remove_waiting(waiting);
                let was = Expected::Buffered(self.attempts(&waiting.activity));
                self.succeed(&waiting.activity, was, waiting.waited());
                None
            }
            Candidate::New(at, event) => {
                self.completed.push(at);
                let was = self.was(event);
                self.succeed(event, was, None);
                None
            }
        }
    }

    /// Gives up an event whose id belongs to another one, without an attempt.
    fn refuse(&mut self, event: &Activity, was: Expected, waited: Option<Waited>) {
        let detail = identity::reused(&event.source, &event.id);
        let state = EventState { attempts: self.attempts(event), waited, ..event.state(Status::Failed) };
        self.fail(event, was, state, ID_REUSED, detail);
    }

    /// Skips the gap before an event, if there is one and it is past its deadline; otherwise this and all later events
    /// wait.
    fn meet_gap(&mut self, candidate: Candidate) {
        let rank = candidate.activity().rank();
        if rank <= self.cursor.next {
            return;
        }
        let noticed = match candidate {
            Candidate::Waiting(waiting) => waiting.since,
            Candidate::New(..) => self.now,
        };
        let since = self.cursor.since.unwrap_or(noticed);
        if self.is_old(since) {
            self.writes.push(Write::Gap(self.cursor.next, rank - 1));
            self.gaps += 1;
            self.cursor.next = rank;
            self.moved = true;
        } else {
            self.cursor.since = Some(since);
            self.blocked = true;
        }
    }

    /// The expected state of a new event's item.
    fn was(&self, event: &Activity) -> Expected {
        self.state.known.get(&event.identity()).map_or(Expected::Absent, |known| Expected::Failed(known.attempts))
    }

    /// That a redriven event waited before its first turn.
    fn waited_before(&self, event: &Activity) -> Option<Waited> {
        self.state.known.get(&event.identity())?.waited
    }

    fn attempts(&self, event: &Activity) -> u32 {
        self.state.known.get(&event.identity()).map_or(0, |known| known.attempts)
    }

    /// Puts off an event that is early: it waits, or is dead-lettered if the buffer is full.
    fn buffer(&mut self, event: &Activity) {
        let was = self.was(event);
        if self.cursor.waiting >= self.rules.waiting {
            let detail = format!("{} events of the user wait", self.rules.waiting);
            let state = EventState { attempts: self.attempts(event), ..event.state(Status::Failed) };
            self.fail(event, was, state, "buffer_full", detail);
            return;
        }
        let waiting = Waiting { activity: event.clone(), since: self.now, missing: Some(self.cursor.next) };
        let waited = waiting.waited();
        let state = EventState { attempts: self.attempts(event), waited, ..event.state(Status::Buffered) };
        self.writes.push(Write::Event { state, was });
        self.wait(waiting);
    }

    fn wait(&mut self, waiting: Waiting) {
        let event = &waiting.activity;
        self.bytes += event.bytes();
        self.cursor.partition = event.record.partition;
        self.cursor.waiting += 1;
        self.first = Some(self.first.map_or(event.rank(), |first| first.min(event.rank())));
        self.writes.push(Write::Buffer(waiting));
        self.moved = true;
    }

    fn remove_waiting(&mut self, waiting: &Waiting) {
        let rank = waiting.activity.rank();
        self.writes.push(Write::RemoveWaiting(rank, waiting.activity.identity()));
        self.cursor.waiting = self.cursor.waiting.saturating_sub(1);
        // The next gap is a different one.
        self.cursor.since = None;
        self.consumed = rank;
    }

    /// Counts the first attempt of an event that fails. From now on it waits, so that any consumer can continue with
    /// it.
    fn try_first(&mut self, event: &Activity) -> Next {
        let was = self.was(event);
        let attempts = self.attempts(event) + 1;
        let (retry_at, waited) = (self.now + PAUSES[0], self.waited_before(event));
        let retry = EventState { tries: 1, retry_at: Some(retry_at), ..event.state(Status::Buffered) };
        let state = EventState { attempts, waited, ..retry };
        self.writes.push(Write::Event { state, was });
        self.wait(Waiting { activity: event.clone(), since: self.now, missing: None });
        Next::Wait(retry_at)
    }

    /// Counts the next attempt of an event at the head of the waiting ones, or dead-letters it.
    fn try_again(&mut self, waiting: &Waiting) -> Option<Next> {
        let event = &waiting.activity;
        self.first = Some(event.rank());
        let known = self.state.known.get(&event.identity());
        let (attempts, tries) = (self.attempts(event), self.tries(event));
        let was = Expected::Buffered(attempts);
        if tries >= MAX_TRIES {
            self.first = None;
            self.remove_waiting(waiting);
            let detail = attempt(event).err().unwrap_or("the attempts are used up").to_owned();
            let state = EventState { attempts, waited: waiting.waited(), ..event.state(Status::Failed) };
            self.fail(event, was, state, "attempts_used_up", detail);
            return None;
        }
        if let Some(retry_at) = known.and_then(|known| known.retry_at).filter(|at| *at > self.now) {
            return Some(Next::Wait(retry_at));
        }
        let retry_at = usize::try_from(tries).ok().and_then(|tries| PAUSES.get(tries)).map(|pause| self.now + pause);
        let waited = waiting.waited().or_else(|| self.waited_before(event));
        let (attempts, tries) = (attempts + 1, tries + 1);
        let state = EventState { attempts, waited, tries, retry_at, ..event.state(Status::Buffered) };
        self.writes.push(Write::Event { state, was });
        Some(retry_at.map_or(Next::Again, Next::Wait))
    }

    fn succeed(&mut self, event: &Activity, was: Expected, waited: Option<Waited>) {
        self.profile.fold(event.kind.as_str(), event.at, event.seq);
        let state = EventState { attempts: self.attempts(event) + 1, waited, ..event.state(Status::Processed) };
        self.finish(event, state, was);
    }

    /// The event is given up, with this state and a dead letter.
    fn fail(&mut self, event: &Activity, was: Expected, mut state: EventState, reason: &'static str, detail: String) {
        state.error = Some(format!("{reason}: {detail}"));
        self.bytes += event.bytes();
        let attempts = state.attempts;
        self.writes.push(Write::DeadLetter { activity: event.clone(), attempts, reason, detail });
        self.finish(event, state, was);
    }

    /// The event is final: the cursor advances if this event was next.
    fn finish(&mut self, event: &Activity, mut state: EventState, was: Expected) {
        let at = self.now.max(self.cursor.last_at);
        self.cursor.last_at = at;
        state.processed_at = Some(at);
        state.waited = state.waited.or_else(|| self.waited_before(event));
        state.late = event.seq.is_some_and(|seq| seq < self.cursor.next);
        if event.seq == Some(self.cursor.next) {
            self.cursor.next += 1;
        }
        self.cursor.position += 1;
        state.position = Some(self.cursor.position);
        self.moved = true;
        if state.redrive.is_some() {
            self.writes.push(Write::Redriven(state.clone()));
        } else if state.late || state.status == Status::Failed {
            self.writes.push(Write::Outcome { state: state.clone(), at: event.at });
        }
        self.writes.push(Write::Event { state, was });
    }

    pub(super) fn end(mut self, next: Next) -> Step {
        if self.has_to_read() {
            // Decided once more together with the waiting events, so that everything is one transaction.
            return Step { plan: None, next: Next::Read };
        }
        if !self.moved {
            let nothing = self.writes.is_empty() && self.completed.is_empty();
            return Step { plan: (!nothing).then(|| self.plan(None)), next };
        }
        self.close(next);
        let user = (self.cursor.clone(), self.profile.clone());
        Step { plan: Some(self.plan(Some(user))), next }
    }

    /// Updates the cursor's summary of the waiting events, and when the user has to be checked.
    fn close(&mut self, next: Next) {
        self.cursor.version += 1;
        if self.cursor.waiting == 0 {
            (self.cursor.first, self.cursor.since, self.cursor.due_at) = (0, None, 0);
            return;
        }
        let unread = match &self.state.page {
            None => (self.state.cursor.waiting > 0).then_some(self.state.cursor.first),
            // The first event that waits for the gap was seen.
            Some(_) if self.blocked => None,
            // The events not seen yet are not below those that were.
            Some(_) => Some(self.consumed),
        };
        self.cursor.first = self.first.into_iter().chain(unread).min().unwrap_or(0);
        let gap = self.cursor.since.filter(|_| self.blocked && next == Next::Done);
        self.cursor.due_at = gap.map_or(self.now + LEASE, |since| since.saturating_add(self.rules.gap));
    }

    fn plan(&mut self, next: Option<(Cursor, Profile)>) -> Plan {
        Plan {
            user: self.user.clone(),
            now: self.now,
            next,
            writes: std::mem::take(&mut self.writes),
            completed: std::mem::take(&mut self.completed),
        }
    }
}
