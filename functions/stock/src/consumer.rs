//! From a batch of orders to one verdict per record.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use millrace_delivery::consumer::{Consumer, Incoming, Verdict};
use millrace_delivery::outbox::bundle;
use millrace_domain::event::Context;
use millrace_domain::id::OrderId;
use millrace_domain::order::{Order, OrderCreated, Status};
use millrace_platform::clock;
use millrace_platform::dynamo::StoreError;
use millrace_platform::metrics::{self, Metric};

use crate::fold::{Traces, fitting, fold};
use crate::store::{Known, Store};

/// Consecutive failures without progress before the records are returned for redelivery.
const TRIES: u32 = 6;
/// Longest backoff before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// As [`TRIES`], for lost races. There is no backoff between them: the winner has already committed, and a pause would
/// only let another writer in.
const RACES: u32 = 60;

/// The stock consumer.
#[derive(Debug, Clone)]
pub struct Stock {
    pub store: Store,
}

/// Verdicts by order.
type Verdicts = BTreeMap<OrderId, Verdict>;

impl Consumer for Stock {
    const NAME: &'static str = "stock";

    async fn process(&self, records: &[Incoming]) -> Vec<Verdict> {
        let (mut ids, mut traces) = (Vec::with_capacity(records.len()), Traces::new());
        for record in records {
            // The event was validated; the decision is based on the order as it is stored.
            let id =
                serde_json::from_str::<OrderCreated>(record.event.data.get()).ok().map(|OrderCreated(order)| order.id);
            if let (Some(id), Some(trace)) = (&id, &record.trace) {
                traces.entry(id.clone()).or_insert_with(|| trace.to_string());
            }
            ids.push(id);
        }
        let mut verdicts = Verdicts::new();
        let wanted: Vec<&OrderId> = ids.iter().flatten().collect();
        let failure = self.decide_all(&wanted, &traces, &mut verdicts).await.err();
        let why = failure.map_or_else(|| "not decided".to_owned(), |error| error.to_string());
        let verdict = |id: &Option<OrderId>| id.as_ref().and_then(|id| verdicts.get(id)).cloned();
        ids.iter().map(|id| verdict(id).unwrap_or_else(|| Verdict::Retry(why.clone()))).collect()
    }
}

impl Stock {
    /// Decides every order. Reads and decides again when another writer has changed the state that a decision was based
    /// on.
    async fn decide_all(&self, ids: &[&OrderId], traces: &Traces, verdicts: &mut Verdicts) -> Result<(), StoreError> {
        let (mut failures, mut races, mut pause) = (0, 0, FIRST_PAUSE);
        loop {
            let before = verdicts.len();
            let error = match self.pass(ids, traces, verdicts).await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if verdicts.len() > before {
                (failures, races, pause) = (0, 0, FIRST_PAUSE);
            }
            if matches!(error, StoreError::Condition(_)) && races < RACES {
                races += 1;
                tracing::debug!(races, "lost a race, decided anew");
                continue;
            }
            failures += 1;
            if failures == TRIES || matches!(error, StoreError::Corrupt(_)) {
                return Err(error);
            }
            tracing::info!(%error, failures, "decided anew");
            tokio::time::sleep(pause.mul_f64(clock::fraction())).await;
            pause *= 2;
        }
    }

    /// Reads the orders without a verdict and decides the pending ones, until a transaction fails.
    async fn pass(&self, ids: &[&OrderId], traces: &Traces, verdicts: &mut Verdicts) -> Result<(), StoreError> {
        let mut seen = BTreeSet::new();
        let waiting: Vec<OrderId> =
            ids.iter().filter(|id| !verdicts.contains_key(id) && seen.insert(**id)).map(|id| (*id).clone()).collect();
        let (mut found, mut bundles) = self.store.orders(&waiting).await?;
        // The process that decided these orders may have died before their events were in the outbox.
        self.store.expand(&mut bundles).await?;
        let mut pending: Vec<Order> = Vec::with_capacity(waiting.len());
        for id in waiting {
            let verdict = match found.remove(id.as_str()) {
                Some(Ok(order)) if order.status == Status::Pending => {
                    pending.push(order);
                    continue;
                }
                Some(Ok(_)) => Verdict::Done,
                Some(Err(detail)) => Verdict::DeadLetter { reason: "unreadable_order", detail },
                None => Verdict::DeadLetter { reason: "unknown_order", detail: format!("there is no order {id}") },
            };
            verdicts.insert(id, verdict);
        }
        self.fill(&pending, traces, verdicts).await
    }

    async fn fill(&self, mut rest: &[Order], traces: &Traces, verdicts: &mut Verdicts) -> Result<(), StoreError> {
        let mut known = Known::default();
        while !rest.is_empty() {
            let (candidates, _) = rest.split_at(fitting(rest));
            self.store.read(candidates, &mut known).await?;
            let now = clock::now();
            let context = Context { now, source: Self::NAME, traceparent: None };
            let plan = fold(candidates, &known.parts, &context, traces, clock::new_id)
                .map_err(|error| StoreError::Corrupt(error.to_string()))?;
            self.store.commit(&plan, &mut known, bundle::key(clock::new_id()), now).await?;
            let confirmed = plan.orders.iter().filter(|order| order.status == Status::Confirmed).count();
            let measured = [
                Metric::count("OrdersConfirmed", confirmed),
                Metric::count("OrdersRejected", plan.orders.len() - confirmed),
            ];
            metrics::emit(&[("Function", Self::NAME)], &measured, &[]);
            verdicts.extend(plan.orders.iter().map(|order| (order.id.clone(), Verdict::Done)));
            rest = rest.split_at(plan.orders.len()).1;
        }
        Ok(())
    }
}
