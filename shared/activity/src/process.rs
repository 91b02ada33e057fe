//! Processes the events of a user: decides, writes, and decides again from the stored state until nothing is left.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};

use crate::decide::decide;
use crate::item::Status;
use crate::plan::{Expected, Next, Page, Plan, Rules, State, Write};
use crate::{Activity, Identity};
use millrace_domain::activity::UserId;
use millrace_platform::dynamo::StoreError;

/// Consecutive writes without progress before the records are returned for redelivery.
const TRIES: u32 = 8;
/// Longest backoff before the second attempt, in milliseconds; it doubles with each further one.
const FIRST_PAUSE: i64 = 20;

/// Waiting events that are read at once: about as many as one transaction can process, with two actions each.
pub const PAGE: usize = 48;

/// Storage of users and events. Reads are consistent.
pub trait Store: Sync {
    /// Cursors and profiles of these users.
    fn users(&self, users: &[&UserId]) -> impl Future<Output = Result<BTreeMap<UserId, State>, StoreError>> + Send;

    /// Adds the stored state of these events and their redrives to their users' states.
    fn events(
        &self,
        events: &[&Activity],
        states: &mut BTreeMap<UserId, State>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The first waiting events of a user, at most `most`.
    fn waiting(&self, user: &UserId, most: usize) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Writes a plan, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Condition`] when the state has changed since it was read.
    fn commit(&self, plan: &Plan) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Time and randomness.
pub trait Clock: Sync {
    /// Now, in Unix milliseconds.
    fn now(&self) -> i64;

    /// Waits for some milliseconds.
    fn sleep(&self, milliseconds: i64) -> impl Future<Output = ()> + Send;

    /// A number in [0, 1).
    fn fraction(&self) -> f64;
}

/// Events by user, for each user in the order of arrival.
pub type Arrived = BTreeMap<UserId, Vec<Activity>>;

/// Counts of what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Tally {
    pub processed: usize,
    pub failed: usize,
    pub buffered: usize,
    pub late: usize,
    pub gaps: usize,
    pub repeats: usize,
}

impl Tally {
    fn count(&mut self, plan: &Plan) {
        let mut new = 0;
        for write in &plan.writes {
            match write {
                Write::Event { state, was } => {
                    new += usize::from(!matches!(was, Expected::Buffered(_)));
                    self.processed += usize::from(state.status == Status::Processed);
                    self.failed += usize::from(state.status == Status::Failed);
                    self.late += usize::from(state.late);
                }
                Write::Buffer(_) => self.buffered += 1,
                Write::Gap(..) => self.gaps += 1,
                Write::Redriven(_) | Write::Outcome { .. } | Write::RemoveWaiting(..) | Write::DeadLetter { .. } => {}
            }
        }
        self.repeats += plan.completed.len().saturating_sub(new);
    }

    /// Adds the counts of another tally.
    pub fn add(&mut self, other: Self) {
        self.processed += other.processed;
        self.failed += other.failed;
        self.buffered += other.buffered;
        self.late += other.late;
        self.gaps += other.gaps;
        self.repeats += other.repeats;
    }
}

/// Processes a batch: at most `at_once` users concurrently, and the events of each in order. Returns for each user the
/// counts, or why the events have to be redelivered.
pub async fn process_all(
    store: &impl Store,
    clock: &impl Clock,
    rules: &Rules,
    mut arrived: Arrived,
    at_once: usize,
) -> BTreeMap<UserId, Result<Tally, String>> {
    let mut states = match load(store, &mut arrived).await {
        Ok(states) => states,
        Err(error) => return arrived.into_keys().map(|user| (user, Err(error.to_string()))).collect(),
    };
    let users = arrived.into_iter().map(|(user, events)| {
        let state = states.remove(&user).unwrap_or_default();
        async move {
            let settled = process_user(store, clock, rules, &user, events, state).await;
            (user, settled.map_err(|error| error.to_string()))
        }
    });
    stream::iter(users.collect::<Vec<_>>()).buffer_unordered(at_once).collect().await
}

/// Reads the state of these events' users, and of those events that may already be stored.
///
/// # Errors
/// The store does not answer.
async fn load(store: &impl Store, arrived: &mut Arrived) -> Result<BTreeMap<UserId, State>, StoreError> {
    let users: Vec<&UserId> = arrived.keys().collect();
    let mut states = store.users(&users).await?;
    for user in users {
        states.entry(user.clone()).or_default();
    }
    let may_be_stored = |event: &&Activity| {
        let state = states.get(&event.user);
        event.redrive.is_some() || state.is_some_and(|state| state.cursor.may_be_stored(event.seq))
    };
    let doubtful: Vec<&Activity> = arrived.values().flatten().filter(may_be_stored).collect();
    store.events(&doubtful, &mut states).await?;
    let mut reused = Vec::new();
    for (user, events) in arrived.iter_mut() {
        if let Some(state) = states.get(user) {
            mark_reused(events, state);
        }
        reused.extend(events.iter().filter(|event| event.reused));
    }
    store.events(&reused, &mut states).await?;
    Ok(states)
}

/// Marks the events whose id belongs to another content: of the stored event, or without one of the event that arrived
/// first. A waiting event is stored, also if only its page was read.
fn mark_reused(events: &mut [Activity], state: &State) {
    let waiting = state.page.iter().flat_map(|page| &page.events).map(|waiting| &waiting.activity);
    let mut owners: BTreeMap<Identity, String> =
        waiting.filter(|event| !event.reused).map(|event| (event.claimed(), event.content.clone())).collect();
    for event in events {
        let claimed = event.claimed();
        let owner = match state.known.get(&claimed) {
            Some(known) => &known.content,
            None => owners.entry(claimed).or_insert_with(|| event.content.clone()),
        };
        event.reused = *owner != event.content;
    }
}

/// Marks the pending events anew, and reads the stored states of those whose id belongs to another content.
async fn settle_identities(
    store: &impl Store,
    user: &UserId,
    pending: &mut [Activity],
    state: &mut State,
) -> Result<(), StoreError> {
    mark_reused(pending, state);
    let unknown = |event: &&Activity| event.reused && !state.known.contains_key(&event.identity());
    let reused: Vec<&Activity> = pending.iter().filter(unknown).collect();
    read_events(store, user, &reused, state).await
}

/// Adds the stored states of events to the user's state.
async fn read_events(
    store: &impl Store,
    user: &UserId,
    events: &[&Activity],
    state: &mut State,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut states = BTreeMap::from([(user.clone(), std::mem::take(state))]);
    let read = store.events(events, &mut states).await;
    *state = states.remove(user).unwrap_or_default();
    read
}

/// Processes a user's arrived events, starting from the loaded `state`, and then the waiting ones. After an error some
/// of them may be settled; all of them may be redelivered.
///
/// # Errors
/// The store does not answer, or other writers keep changing the user.
async fn process_user(
    store: &impl Store,
    clock: &impl Clock,
    rules: &Rules,
    user: &UserId,
    mut pending: Vec<Activity>,
    mut state: State,
) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    let (mut failures, mut pause) = (0, FIRST_PAUSE);
    // Whether a write has confirmed that the state is current.
    let mut confirmed = false;
    loop {
        let now = clock.now();
        let step = decide(user, &state, &pending, now, rules);
        if let Some(plan) = step.plan {
            if let Err(error) = write(store, &plan).await {
                failures += 1;
                if failures == TRIES || matches!(error, StoreError::Corrupt(_)) {
                    return Err(error);
                }
                tracing::debug!(%error, failures, "decided anew");
                clock.sleep((pause as f64 * clock.fraction()) as i64).await;
                pause *= 2;
                (state, confirmed) = (reload(store, user, &mut pending).await?, false);
                continue;
            }
            confirmed |= plan.next.is_some();
            (failures, pause) = (0, FIRST_PAUSE);
            tally.count(&plan);
            let settled: BTreeSet<usize> = plan.completed.iter().copied().collect();
            state.apply(plan);
            let mut at = 0..;
            pending.retain(|_| at.next().is_none_or(|at| !settled.contains(&at)));
        }
        match step.next {
            Next::Done if confirmed => return Ok(tally),
            Next::Done => match changed(store, user, &state).await? {
                // Events and cursor are not read atomically. In between, another consumer may have taken the events and
                // died; then this consumer finds them taken and has to process the waiting ones.
                Some(newer) => state = newer,
                None => return Ok(tally),
            },
            Next::Again => {}
            Next::Read => read_waiting(store, user, &mut pending, &mut state).await?,
            Next::Wait(at) => clock.sleep(at.saturating_sub(now)).await,
        }
    }
}

async fn write(store: &impl Store, plan: &Plan) -> Result<(), StoreError> {
    // Repeats need no write.
    if plan.writes.is_empty() && plan.next.is_none() { Ok(()) } else { store.commit(plan).await }
}

/// The current state of the user, if it differs from the one that was read.
async fn changed(store: &impl Store, user: &UserId, state: &State) -> Result<Option<State>, StoreError> {
    let newer = store.users(&[user]).await?.remove(user).unwrap_or_default();
    Ok((newer.cursor.version != state.cursor.version).then_some(newer))
}

/// Reads everything again, after a lost race or a write with an unknown outcome.
async fn reload(store: &impl Store, user: &UserId, pending: &mut [Activity]) -> Result<State, StoreError> {
    let mut state = store.users(&[user]).await?.remove(user).unwrap_or_default();
    read_events(store, user, &pending.iter().collect::<Vec<_>>(), &mut state).await?;
    settle_identities(store, user, pending, &mut state).await?;
    Ok(state)
}

/// Reads the first waiting events, and the attempts of the first one that fails.
async fn read_waiting(
    store: &impl Store,
    user: &UserId,
    pending: &mut [Activity],
    state: &mut State,
) -> Result<(), StoreError> {
    let page = store.waiting(user, PAGE).await?;
    let fails = page.events.iter().map(|waiting| &waiting.activity).find(|event| event.is_attempted_in_vain());
    if let Some(event) = fails.filter(|event| !state.known.contains_key(&event.identity())) {
        read_events(store, user, &[event], state).await?;
    }
    state.page = Some(page);
    settle_identities(store, user, pending, state).await
}
