//! What a request changes: the state, its events, and the stored response of an idempotent request, in one transaction.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use millrace_delivery::outbox::{Entry, Outbox};
use millrace_platform::aws;
use millrace_platform::dynamo::{StoreError, transact};
use millrace_platform::kafka::Publisher;
use millrace_platform::settings::{MissingSetting, setting};

use crate::Problem;
use crate::idempotency::{Answer, Claim, Keys, claim_lost};

/// One change.
#[derive(Debug, Default)]
pub struct Change<'a> {
    /// Writes of the state, on condition that the state is the one that the change was decided on.
    pub actions: Vec<TransactWriteItem>,
    /// Its events, all of one aggregate.
    pub entries: Vec<Entry>,
    /// The response to store under the request's idempotency key.
    pub answer: Option<(&'a Claim, &'a Answer)>,
}

/// Why a change failed.
#[derive(Debug)]
pub enum Refused {
    /// Lost a race: the state that it was decided on has changed.
    Conflict,
    /// Another reason, as reported to the client.
    Problem(Problem),
}

impl Refused {
    /// The problem to report to the client; for a lost race, the result of `raced`.
    #[must_use]
    pub fn or(self, conflict: impl FnOnce() -> Problem) -> Problem {
        match self {
            Self::Conflict => conflict(),
            Self::Problem(problem) => problem,
        }
    }
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

/// Commits changes and publishes their events.
#[derive(Clone)]
pub struct Changes {
    dynamo: Client,
    /// The idempotency keys.
    pub keys: Keys,
    /// The outbox.
    pub outbox: Outbox,
}

impl Changes {
    /// Configured by the settings `IDEMPOTENCY_TABLE` and `OUTBOX_TABLE`.
    ///
    /// # Errors
    /// A setting is missing.
    pub fn from_env(publisher: Arc<dyn Publisher>) -> Result<Self, MissingSetting> {
        let dynamo = aws::dynamodb()?;
        let keys = Keys::new(dynamo.clone(), setting("IDEMPOTENCY_TABLE")?);
        Ok(Self { dynamo, keys, outbox: Outbox::from_env(publisher)? })
    }

    /// Commits a change, all or nothing, and publishes its events.
    ///
    /// # Errors
    /// [`Refused`] distinguishes a lost race from other reasons.
    pub async fn commit(&self, change: Change<'_>, now: Timestamp) -> Result<(), Refused> {
        let Change { mut actions, entries, answer } = change;
        for entry in &entries {
            actions.push(entry.put(self.outbox.table())?);
        }
        let answer_at = actions.len();
        if let Some((claim, answer)) = answer {
            actions.push(self.keys.complete(claim, answer, now)?);
        }
        transact(&self.dynamo, actions).await.map_err(|error| match error {
            StoreError::Condition(failed) if failed.contains(&answer_at) => Refused::Problem(claim_lost()),
            StoreError::Condition(_) => Refused::Conflict,
            other => other.into(),
        })?;
        self.outbox.after_commit(entries).await;
        Ok(())
    }

    /// If `bundle` still holds the events of the version that a change was decided on, moves them to the outbox entries
    /// of their aggregates.
    ///
    /// # Errors
    /// The outbox does not answer.
    pub async fn expand(&self, bundle: Option<&str>) -> Result<(), StoreError> {
        match bundle {
            Some(bundle) => self.outbox.expand(bundle).await.map(drop),
            None => Ok(()),
        }
    }
}
