//! The simulated tables, with `DynamoDB`'s conditions, atomicity and errors.

use std::collections::{BTreeMap, BTreeSet};

use millrace_activity::item::Status;
use millrace_activity::plan::{Expected, Page, Plan, State, Write};
use millrace_activity::process::Store;
use millrace_activity::{Activity, Cursor, EventState, Identity, Profile, Waiting};
use millrace_domain::activity::UserId;
use millrace_platform::dynamo::StoreError;

use crate::bug::Bug;
use crate::judge::Witness;
use crate::runtime::Sim;

/// Chance that a write fails before it takes effect, and that it fails after.
const THROTTLED: f64 = 0.03;
const UNANSWERED: f64 = 0.03;
/// Delay of an index, in milliseconds.
const BEHIND: i64 = 100;

/// A dead letter: its reason, its attempts, and whether it has been redriven since.
#[derive(Debug, Clone)]
pub struct Letter {
    pub reason: &'static str,
    pub attempts: u32,
    pub activity: Activity,
    pub redriven: bool,
}

#[derive(Default)]
pub struct World {
    pub bug: Option<Bug>,
    pub users: BTreeMap<UserId, (Cursor, Profile)>,
    pub events: BTreeMap<Identity, EventState>,
    pub redriven: BTreeSet<(String, String)>,
    pub waiting: BTreeMap<UserId, BTreeMap<(u64, Identity), Waiting>>,
    pub letters: BTreeMap<Identity, Letter>,
    pub witness: Witness,
}

impl World {
    pub fn new(bug: Option<Bug>) -> Self {
        Self { bug, ..Self::default() }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// Whether all conditions of the plan hold.
    fn holds(&self, plan: &Plan) -> bool {
        let version = self.users.get(&plan.user).map_or(0, |(cursor, _)| cursor.version);
        let cursor = plan.next.as_ref().is_none_or(|(cursor, _)| cursor.version == version + 1);
        let write = |write: &Write| match write {
            Write::Event { state, was } => {
                let is = self.events.get(&state.identity()).map(|event| (event.status, event.attempts));
                let free = self.has(Bug::WritesEventsWithoutACondition);
                free || match was {
                    Expected::Absent => is.is_none(),
                    Expected::Buffered(attempts) => is == Some((Status::Buffered, *attempts)),
                    Expected::Failed(attempts) => is == Some((Status::Failed, *attempts)),
                }
            }
            Write::Redriven(state) => {
                !self.redriven.contains(&(state.event_id.clone(), state.redrive.clone().unwrap()))
            }
            _ => true,
        };
        (cursor || self.has(Bug::WritesTheCursorWithoutACondition)) && plan.writes.iter().all(write)
    }

    fn apply(&mut self, user: &UserId, now: i64, write: &Write) {
        match write {
            Write::Event { state, .. } => {
                let mut state = state.clone();
                if state.status == Status::Buffered && state.tries > 0 {
                    if self.has(Bug::CountsAttemptsInMemory) && state.tries > 1 {
                        return;
                    }
                    state.attempts += u32::from(self.has(Bug::CountsAnAttemptTwice));
                }
                self.witness.event(now, &state);
                self.events.insert(state.identity(), state);
            }
            Write::Redriven(state) => {
                self.redriven.insert((state.event_id.clone(), state.redrive.clone().unwrap()));
            }
            Write::Outcome { .. } if self.has(Bug::ForgetsTheOutcome) => {}
            Write::Outcome { state, .. } => *self.witness.outcomes.entry(state.identity()).or_default() += 1,
            Write::Buffer(_) if self.has(Bug::DropsABufferedEvent) => {}
            Write::Buffer(waiting) => {
                let key = (waiting.activity.rank(), waiting.activity.identity());
                self.waiting.entry(user.clone()).or_default().insert(key, waiting.clone());
            }
            Write::RemoveWaiting(..) if self.has(Bug::LeavesAProcessedEventWaiting) => {}
            Write::RemoveWaiting(rank, identity) => {
                self.waiting.entry(user.clone()).or_default().remove(&(*rank, identity.clone()));
            }
            Write::Gap(first, last) => {
                let waiting = self.waiting.get(user).into_iter().flatten();
                let behind = waiting.filter(|((rank, _), _)| rank > last).map(|(_, waiting)| waiting.since).min();
                self.witness.gap(now, user, (*first, *last), behind);
            }
            Write::DeadLetter { .. } if self.has(Bug::ForgetsTheDeadLetter) => {}
            Write::DeadLetter { activity, attempts, reason, .. } => {
                let (activity, attempts) = (activity.clone(), *attempts);
                let letter = Letter { reason, attempts, activity, redriven: false };
                self.letters.insert(letter.activity.identity(), letter);
            }
        }
    }

    fn move_user(&mut self, plan: &Plan) {
        if let Some((cursor, profile)) = &plan.next {
            self.witness.waiting = self.witness.waiting.max(cursor.waiting);
            let before = self.users.get(&plan.user).map(|(_, profile)| profile.clone()).unwrap_or_default();
            let torn = self.has(Bug::FoldsTheProfileOutsideTheTransaction);
            let profile = if torn { before } else { profile.clone() };
            self.users.insert(plan.user.clone(), (cursor.clone(), profile));
        }
    }
}

impl Sim {
    fn bug(&self, bug: Bug) -> bool {
        self.world().has(bug)
    }

    fn failed() -> StoreError {
        StoreError::Unavailable("no answer".to_owned())
    }

    async fn write(&self, plan: &Plan) -> Result<(), StoreError> {
        self.world().witness.plan(plan);
        let holds = self.world().holds(plan);
        if !holds {
            self.tell(|| {
                format!(
                    "{} LOSES a race: {:?}",
                    plan.user,
                    plan.writes.iter().map(crate::judge::line).collect::<Vec<_>>()
                )
            });
            return if self.bug(Bug::SwallowsALostRace) { Ok(()) } else { Err(StoreError::Condition(vec![0])) };
        }
        self.tell(|| {
            format!("{} writes {:?} of {:?}", plan.user, plan.writes.len(), plan.next.as_ref().map(|it| &it.0))
        });
        self.world().move_user(plan);
        for write in &plan.writes {
            if self.bug(Bug::TearsTheTransaction) {
                self.step().await;
            }
            self.tell(|| format!("    {}", crate::judge::line(write)));
            self.world().apply(&plan.user, plan.now, write);
        }
        if let (true, Some((_, profile))) = (self.bug(Bug::FoldsTheProfileOutsideTheTransaction), &plan.next) {
            self.step().await;
            if let Some(user) = self.world().users.get_mut(&plan.user) {
                user.1 = profile.clone();
            }
        }
        Ok(())
    }
}

impl Store for Sim {
    async fn users(&self, users: &[&UserId]) -> Result<BTreeMap<UserId, State>, StoreError> {
        self.step().await;
        if self.fault(THROTTLED) {
            return Err(Self::failed());
        }
        let world = self.world();
        let state = |user: &&UserId| {
            let (cursor, profile) = world.users.get(*user)?.clone();
            Some(((*user).clone(), State { cursor, profile, ..State::default() }))
        };
        Ok(users.iter().filter_map(state).collect())
    }

    async fn events(&self, events: &[&Activity], states: &mut BTreeMap<UserId, State>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        self.step().await;
        if self.fault(THROTTLED) {
            return Err(Self::failed());
        }
        let world = self.world();
        for event in events {
            let state = states.entry(event.user.clone()).or_default();
            let claimed = world.events.get(&event.claimed()).map(|known| {
                let mut known = known.clone();
                if world.has(Bug::TakesAReusedIdForARepeat) {
                    known.content.clone_from(&event.content);
                }
                (event.claimed(), known)
            });
            state.known.extend(claimed);
            let own = world.events.get(&event.identity()).filter(|_| event.reused);
            state.known.extend(own.map(|known| (event.identity(), known.clone())));
            if let Some(redrive) = &event.redrive {
                let key = (event.id.clone(), redrive.clone());
                state.redriven.extend(world.redriven.contains(&key).then_some(key));
            }
        }
        Ok(())
    }

    async fn waiting(&self, user: &UserId, _: usize) -> Result<Page, StoreError> {
        // Small pages, so that waiting events are split over several.
        let most = self.pick(1..=4) as usize;
        self.step().await;
        if self.bug(Bug::ForgetsTheWaitingEvents) {
            return Ok(Page::default());
        }
        let (now, world) = (self.now(), self.world());
        let shown =
            |waiting: &&Waiting| !world.has(Bug::ReadsWaitingEventsFromAnIndex) || waiting.since + BEHIND <= now;
        let all: Vec<&Waiting> = world.waiting.get(user).into_iter().flat_map(BTreeMap::values).filter(shown).collect();
        Ok(Page { events: all.iter().take(most).map(|it| (*it).clone()).collect(), more: all.len() > most })
    }

    async fn commit(&self, plan: &Plan) -> Result<(), StoreError> {
        self.step().await;
        if self.fault(THROTTLED) {
            return if self.bug(Bug::SwallowsThrottling) { Ok(()) } else { Err(Self::failed()) };
        }
        self.write(plan).await?;
        self.step().await;
        if self.fault(UNANSWERED) { Err(Self::failed()) } else { Ok(()) }
    }
}
