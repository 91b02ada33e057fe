//! What a request changes: the state, its events, and the answer of an idempotent request, in one transaction.

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
    /// Writes the state, on condition that it is what the change was decided on.
    pub actions: Vec<TransactWriteItem>,
    /// Its events, all of one aggregate.
    pub entries: Vec<Entry>,
    /// The answer that is stored under the request's idempotency key.
    pub answer: Option<(&'a Claim, &'a Answer)>,
}

/// Why a change was not made.
#[derive(Debug)]
pub enum Refused {
    /// What it was decided on has changed.
    Raced,
    /// Another reason, as the client is told it.
    Problem(Problem),
}

impl Refused {
    /// What the client is told, where losing a race is `raced`.
    #[must_use]
    pub fn or(self, raced: impl FnOnce() -> Problem) -> Problem {
        match self {
            Self::Raced => raced(),
            Self::Problem(problem) => problem,
        }
    }
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

/// Makes changes.
#[derive(Clone)]
pub struct Changes {
    dynamo: Client,
    /// The idempotency keys.
    pub keys: Keys,
    /// The outbox.
    pub outbox: Outbox,
}

impl Changes {
    /// By the settings `IDEMPOTENCY_TABLE` and `OUTBOX_TABLE`.
    ///
    /// # Errors
    /// A setting is missing.
    pub fn from_env(publisher: Arc<dyn Publisher>) -> Result<Self, MissingSetting> {
        let dynamo = aws::dynamodb()?;
        let keys = Keys::new(dynamo.clone(), setting("IDEMPOTENCY_TABLE")?);
        Ok(Self { dynamo, keys, outbox: Outbox::from_env(publisher)? })
    }

    /// Makes a change, all or nothing, and publishes its events.
    ///
    /// # Errors
    /// [`Refused`] says whether somebody was faster.
    pub async fn make(&self, change: Change<'_>, now: Timestamp) -> Result<(), Refused> {
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
            StoreError::Condition(_) => Refused::Raced,
            other => other.into(),
        })?;
        self.outbox.after_commit(entries).await;
        Ok(())
    }

    /// Puts the events of the version that a change was decided on into the outbox, where `bundle` still holds them.
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
