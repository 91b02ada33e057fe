//! The limit in `DynamoDB`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};

use super::known::Known;
use super::queue::{Batch, Grant};
use super::window::{Plan, Rule, Write};
use super::{Request, item};
use crate::dynamo::{Item, StoreError};

/// Rounds of transactions before each remaining subject is written separately: the second round leaves out subjects without
/// room.
const ROUNDS: usize = 2;
/// Attempts of a single-subject write that conflicts with others. Each conflict means that another request of the subject was
/// decided.
const TRIES: usize = 8;

/// Decides about requests, and writes the decisions.
pub(super) struct Store {
    pub dynamo: Client,
    pub table: String,
    /// The key of a subject's item.
    pub key: fn(&str) -> Item,
    /// Largest difference between two clocks, in microseconds.
    pub skew: i64,
    /// Returns Unix microseconds.
    pub clock: Box<dyn Fn() -> i64 + Send + Sync>,
    pub known: Mutex<Known>,
}

/// The decision about a subject's requests.
pub(super) type Decided<T> = (Batch<T>, Result<Grant, StoreError>);

fn grant(plan: Plan, now: i64) -> Grant {
    let wait = |again: i64| Duration::from_micros(u64::try_from(again - now).unwrap_or(0));
    Grant { accepted: plan.accepted, retry_after: plan.refused.into_iter().map(wait).collect() }
}

impl Store {
    /// The decision about a subject that is known to be at its limit, without a write.
    pub fn refused(&self, want: &Request<'_>) -> Option<Grant> {
        let now = (self.clock)();
        let known = self.known();
        let plan = self.rule(want.limit).plan(Some(known.get(want.subject)?), want.count, now);
        plan.write.is_none().then(|| grant(plan, now))
    }

    /// Decides about subjects in one transaction, as far as they have room. Subjects without room are returned as left over;
    /// so are all subjects if transactions conflict.
    pub async fn decide_all<T>(&self, mut open: Vec<Batch<T>>) -> (Vec<Decided<T>>, Vec<Batch<T>>) {
        let mut left = Vec::new();
        for _ in 0..ROUNDS {
            let now = (self.clock)();
            let mut plans = Vec::with_capacity(open.len());
            for it in open {
                let plan = self.rule(it.limit).plan(self.known().get(&it.subject), it.count, now);
                match plan.write {
                    Some(Write::Append { .. }) => plans.push((it, plan)),
                    _ => left.push(it),
                }
            }
            // A single subject needs no transaction, which would cost twice as much.
            if plans.len() < 2 {
                left.extend(plans.into_iter().map(|(it, _)| it));
                return (Vec::new(), left);
            }
            let reasons = match self.transact(&plans).await {
                Ok(None) => {
                    let done = |(it, plan): (Batch<T>, Plan)| {
                        if let Some(write) = &plan.write {
                            self.known().written(&it.subject, write);
                        }
                        (it, Ok(grant(plan, now)))
                    };
                    return (plans.into_iter().map(done).collect(), left);
                }
                Ok(Some(reasons)) => reasons,
                Err(error) => {
                    let failed = |(it, _)| (it, Err(error.clone()));
                    return (plans.into_iter().map(failed).collect(), left);
                }
            };
            open = Vec::with_capacity(plans.len());
            let before = left.len();
            for ((it, _), reason) in plans.into_iter().zip(&reasons) {
                if reason.code() != Some("ConditionalCheckFailed") {
                    open.push(it);
                    continue;
                }
                if let Ok(seen) = item::seen(reason.item()) {
                    self.known().put(&self.rule(it.limit), &it.subject, seen, now);
                }
                left.push(it);
            }
            // No subject was full, so it was a conflict.
            if left.len() == before {
                break;
            }
        }
        left.extend(open);
        (Vec::new(), left)
    }

    /// Executes one transaction; returns the cancellation reasons if it was cancelled.
    async fn transact<T>(&self, plans: &[(Batch<T>, Plan)]) -> Result<Option<Vec<CancellationReason>>, StoreError> {
        let corrupt = |error: BuildError| StoreError::Corrupt(error.to_string());
        let mut actions = Vec::with_capacity(plans.len());
        for (it, plan) in plans {
            let Some(write) = &plan.write else { continue };
            let update = item::update(&self.rule(it.limit), write);
            let action = Update::builder()
                .table_name(&self.table)
                .set_key(Some((self.key)(&it.subject)))
                .update_expression(update.expression)
                .condition_expression(update.condition)
                .set_expression_attribute_values(Some(update.values))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .build()
                .map_err(corrupt)?;
            actions.push(TransactWriteItem::builder().update(action).build());
        }
        let sent = self.dynamo.transact_write_items().set_transact_items(Some(actions)).send().await;
        let Err(error) = sent else { return Ok(None) };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Ok(Some(cancelled.cancellation_reasons().to_vec()))
            }
            _ => Err(StoreError::of(&error, &self.table)),
        }
    }

    /// Decides about one subject.
    pub async fn alone<T>(&self, it: &Batch<T>) -> Result<Grant, StoreError> {
        let (rule, subject) = (self.rule(it.limit), it.subject.as_str());
        let mut seen = self.known().get(subject).cloned();
        for _ in 0..TRIES {
            let now = (self.clock)();
            let plan = rule.plan(seen.as_ref(), it.count, now);
            let Some(write) = &plan.write else { return Ok(grant(plan, now)) };
            let update = item::update(&rule, write);
            let sent = self
                .dynamo
                .update_item()
                .table_name(&self.table)
                .set_key(Some((self.key)(subject)))
                .update_expression(update.expression)
                .condition_expression(update.condition)
                .set_expression_attribute_values(Some(update.values))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let Err(error) = sent else {
                self.known().written(subject, write);
                return Ok(grant(plan, now));
            };
            let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
                return Err(StoreError::of(&error, &self.table));
            };
            let item = item::seen(failed.item())?;
            self.known().put(&rule, subject, item.clone(), now);
            seen = Some(item);
        }
        Err(StoreError::Unavailable(format!("{TRIES} writes of a subject met those of others")))
    }

    fn rule(&self, limit: usize) -> Rule {
        Rule { limit, skew: self.skew }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
