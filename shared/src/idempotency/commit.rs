//! The transaction of a request with its stored answer.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::claim_lost;
use crate::api::Problem;
use crate::dynamo::{StoreError, transact};

/// Why a change was not made.
#[derive(Debug)]
pub enum Refused {
    /// What it was decided on has changed.
    Raced,
    /// Another reason, as the client is told it.
    Problem(Problem),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

/// Writes state and events, and the stored answer ([`super::Keys::complete`]) where there is one, all or nothing.
///
/// # Errors
/// [`Refused`] says whether somebody was faster.
pub async fn commit(
    dynamo: &Client,
    mut actions: Vec<TransactWriteItem>,
    answer: Option<TransactWriteItem>,
) -> Result<(), Refused> {
    let answer_at = actions.len();
    actions.extend(answer);
    transact(dynamo, actions).await.map_err(|error| match error {
        StoreError::Condition(failed) if failed.contains(&answer_at) => Refused::Problem(claim_lost()),
        StoreError::Condition(_) => Refused::Raced,
        other => other.into(),
    })
}
