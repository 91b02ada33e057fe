//! The cost of an event: counts the calls and items of the consumer's own loop.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use millrace_activity::plan::{MAX_ACTIONS, Page, Plan, Rules, State};
use millrace_activity::process::{Arrived, Store, process_all};
use millrace_activity::{Activity, Record};
use millrace_domain::activity::{ActivityType, UserId};
use millrace_platform::dynamo::StoreError;

use crate::runtime::Sim;
use crate::world::World;

/// Batch size while the buffer is filled.
const BATCH: u64 = 200;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    pub calls: usize,
    pub read: usize,
    pub written: usize,
}

/// The tables, with counts of the calls.
#[derive(Clone)]
struct Counted {
    sim: Sim,
    cost: Arc<Mutex<Cost>>,
}

impl Counted {
    fn add(&self, read: usize, written: usize) {
        let mut cost = self.cost.lock().unwrap();
        *cost = Cost { calls: cost.calls + 1, read: cost.read + read, written: cost.written + written };
    }
}

impl Store for Counted {
    async fn users(&self, users: &[&UserId]) -> Result<BTreeMap<UserId, State>, StoreError> {
        self.add(users.len(), 0);
        self.sim.users(users).await
    }

    async fn events(&self, events: &[&Activity], states: &mut BTreeMap<UserId, State>) -> Result<(), StoreError> {
        self.add(events.len(), 0);
        self.sim.events(events, states).await
    }

    async fn waiting(&self, user: &UserId, most: usize) -> Result<Page, StoreError> {
        let page = self.sim.waiting(user, most).await?;
        self.add(page.events.len(), 0);
        Ok(page)
    }

    async fn commit(&self, plan: &Plan) -> Result<(), StoreError> {
        self.add(0, plan.writes.len() + usize::from(plan.next.is_some()));
        self.sim.commit(plan).await
    }
}

fn event(seq: u64) -> Activity {
    Activity {
        source: "urn:shop".to_owned(),
        content: String::new(),
        reused: false,
        id: format!("e-{seq}"),
        user: UserId::try_from("u".to_owned()).unwrap(),
        kind: ActivityType::try_from("click".to_owned()).unwrap(),
        seq: Some(seq),
        fails: false,
        at: 0,
        redrive: None,
        record: Record::default(),
    }
}

/// The cost of one more early event while `waiting` others wait for the first.
pub fn of_an_early_event(waiting: u64) -> Cost {
    let counted = Counted { sim: Sim::new(0, World::new(None), false), cost: Arc::default() };
    let (sim, cost) = (counted.sim.clone(), counted.cost.clone());
    let done = Arc::new(Mutex::new(Cost::default()));
    let answer = done.clone();
    sim.end_faults();
    sim.spawn("consumer", false, async move {
        let rules = Rules { gap: i64::MAX / 2, waiting: 10_000, actions: MAX_ACTIONS, behind: false };
        let take = async |seqs: Vec<u64>| {
            let arrived = Arrived::from([(event(1).user, seqs.into_iter().map(event).collect())]);
            let results = process_all(&counted, &counted.sim, &rules, arrived, 1).await;
            assert!(results.values().all(Result::is_ok), "{results:?}");
        };
        let early: Vec<u64> = (2..2 + waiting).collect();
        for batch in early.chunks(BATCH as usize) {
            take(batch.to_vec()).await;
        }
        *cost.lock().unwrap() = Cost::default();
        take(vec![waiting + 100]).await;
        *answer.lock().unwrap() = *cost.lock().unwrap();
    });
    assert!(sim.run(), "it comes to rest");
    assert_eq!(sim.world().waiting.values().map(BTreeMap::len).sum::<usize>() as u64, waiting + 1);
    *done.lock().unwrap()
}
