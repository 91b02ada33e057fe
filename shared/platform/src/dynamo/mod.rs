//! `DynamoDB`: reading and writing item attributes, and errors classified by how a caller must react.

mod batch;
mod each;
mod list;
mod partition;
pub mod shards;

pub use batch::{
    WRITE_BATCH, batch_get, batch_get_attributes, batch_get_keys, batch_write, delete_request, put_request,
};
pub use each::{MAX_ACTIONS, transact_each};
pub use list::List;
pub use partition::Partition;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::error::TransactionCanceledException;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};

use crate::aws;
use crate::batching::NoAnswer;

/// An item.
pub type Item = HashMap<String, AttributeValue>;

/// A string attribute.
pub fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number attribute.
pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Why a read or write failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold; nothing was written. Holds the positions of the actions whose conditions failed.
    #[error("a condition did not hold")]
    Condition(Vec<usize>),
    /// Cancelled by a conflict with another transaction or by throttling; nothing was written.
    #[error("the transaction was cancelled: {0}")]
    Cancelled(String),
    /// Throttled or unreachable, so worth a retry. The write may or may not have taken effect.
    #[error("the store does not answer as it should: {0}")]
    Unavailable(String),
    /// An item in a form that this code does not write.
    #[error("an item cannot be read: {0}")]
    Corrupt(String),
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        classified(&error, aws::describe)
    }
}

/// Names the table in the error of a call, which the SDK does not.
pub trait OnTable<T> {
    /// The result, with an error that names the table.
    ///
    /// # Errors
    /// As the result.
    fn on(self, table: &str) -> Result<T, StoreError>;
}

impl StoreError {
    /// The error of a call about a table.
    pub fn of<E, R>(error: &SdkError<E, R>, table: &str) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        classified(error, |error| aws::describe_on(error, table))
    }
}

impl<T, E, R> OnTable<T> for Result<T, SdkError<E, R>>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn on(self, table: &str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::of(&error, table))
    }
}

fn classified<E, R>(error: &SdkError<E, R>, describe: impl FnOnce(&SdkError<E, R>) -> String) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    if error.code() == Some("ConditionalCheckFailedException") {
        return StoreError::Condition(vec![0]);
    }
    StoreError::Unavailable(describe(error))
}

impl From<NoAnswer> for StoreError {
    fn from(error: NoAnswer) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// Attempts of a transaction that conflicts with another one.
const TRIES: u32 = 5;

/// Longest backoff before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// Writes all actions or none. A transaction that is cancelled by a conflict or by throttling is retried, because the
/// SDK does not do so: with random backoff of less than 0.4 s in total.
///
/// A retry after a lost response is safe, because all attempts share one client request token. With a new token, the
/// retry would fail on conditions that the first attempt itself had changed, and the caller would mistake its own write
/// for somebody else's.
///
/// # Errors
/// [`StoreError::Condition`] with the positions of the actions whose conditions failed.
pub async fn transact(dynamo: &Client, actions: Vec<TransactWriteItem>) -> Result<(), StoreError> {
    let token = crate::clock::new_id().to_string();
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match try_transact(dynamo, &token, actions.clone()).await {
            Err(StoreError::Cancelled(why)) => tracing::debug!(why, "transaction cancelled, tried again"),
            other => return other,
        }
        tokio::time::sleep(pause.mul_f64(crate::clock::fraction())).await;
        pause *= 2;
    }
    try_transact(dynamo, &token, actions).await
}

async fn try_transact(dynamo: &Client, token: &str, actions: Vec<TransactWriteItem>) -> Result<(), StoreError> {
    let tables = tables(&actions);
    let write = dynamo.transact_write_items().client_request_token(token).set_transact_items(Some(actions));
    let written = write.send().await;
    written.map(drop).map_err(|error| match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancellation(cancelled),
        _ => StoreError::of(&error, &tables),
    })
}

/// The tables that a transaction writes, each once.
fn tables(actions: &[TransactWriteItem]) -> String {
    let table = |action: &TransactWriteItem| {
        let put = action.put().map(Put::table_name);
        let update = || action.update().map(Update::table_name);
        let delete = || action.delete().map(Delete::table_name);
        let check = || action.condition_check().map(ConditionCheck::table_name);
        put.or_else(update).or_else(delete).or_else(check).map(str::to_owned)
    };
    let tables: BTreeSet<String> = actions.iter().filter_map(table).collect();
    tables.into_iter().collect::<Vec<_>>().join(", ")
}

fn cancellation(cancelled: &TransactionCanceledException) -> StoreError {
    let codes: Vec<&str> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or("None")).collect();
    let failed = |(at, code): (usize, &&str)| (*code == "ConditionalCheckFailed").then_some(at);
    let failed: Vec<usize> = codes.iter().enumerate().filter_map(failed).collect();
    if !failed.is_empty() {
        return StoreError::Condition(failed);
    }
    let passing = ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    if codes.iter().all(|code| passing.contains(code)) {
        return StoreError::Cancelled(codes.join(", "));
    }
    StoreError::Unavailable(format!("transaction cancelled: {}", codes.join(", ")))
}

/// The value of a string attribute.
///
/// # Errors
/// The attribute is missing or not a string.
pub fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| StoreError::Corrupt(format!("{name} is not a string")))
}

/// The value of a number attribute.
///
/// # Errors
/// The attribute is missing or not a number of this type.
pub fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    let value = item.get(name).and_then(|value| value.as_n().ok()).and_then(|value| value.parse().ok());
    value.ok_or_else(|| StoreError::Corrupt(format!("{name} is not a number")))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;

    use super::*;

    fn cancelled(codes: &[&str]) -> StoreError {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        cancellation(&TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build())
    }

    #[test]
    fn only_a_cancellation_that_may_pass_is_worth_another_try() {
        assert!(matches!(cancelled(&["None", "TransactionConflict"]), StoreError::Cancelled(_)));
        assert!(matches!(cancelled(&["ThrottlingError", "None"]), StoreError::Cancelled(_)));
        assert!(matches!(cancelled(&["None", "ValidationError"]), StoreError::Unavailable(_)));
        let StoreError::Condition(failed) = cancelled(&["None", "ConditionalCheckFailed", "TransactionConflict"])
        else {
            panic!("not a condition")
        };
        assert_eq!(failed, [1]);
    }
}
