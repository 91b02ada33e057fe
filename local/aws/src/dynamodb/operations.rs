//! DynamoDB's operations by name.

use std::time::Instant;

use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::errors;
use super::tokens::{self, Tokens};

/// What a data-plane operation does to items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads only.
    Read,
    /// Writes.
    Write,
}

/// How an operation touches items; `None` for those that manage tables, streams and tags.
pub(super) fn access(operation: &str) -> Option<Access> {
    match operation {
        "GetItem" | "BatchGetItem" | "TransactGetItems" | "Query" | "Scan" => Some(Access::Read),
        "PutItem"
        | "UpdateItem"
        | "DeleteItem"
        | "BatchWriteItem"
        | "TransactWriteItems"
        | "ExecuteStatement"
        | "ExecuteTransaction"
        | "BatchExecuteStatement" => Some(Access::Write),
        _ => None,
    }
}

/// Dispatches by operation name: parses the request, executes it and serializes the answer.
macro_rules! by_name {
    ($database:expr, $operation:expr, $body:expr, { $($name:literal => $method:ident),+ $(,)? }) => {
        match $operation {
            $($name => write(&$database.$method(read($body)?)?),)+
            "DescribeContinuousBackups" | "UpdateContinuousBackups" => write(&continuous_backups()),
            _ => Err(unknown($operation)),
        }
    };
}

/// Executes an operation; returns its answer as JSON.
pub(super) fn perform(database: &Database, tokens: &Tokens, operation: &str, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
    if operation == "TransactWriteItems" {
        return transact(database, tokens, body);
    }
    by_name!(database, operation, body, {
        "PutItem" => put_item,
        "GetItem" => get_item,
        "UpdateItem" => update_item,
        "DeleteItem" => delete_item,
        "Query" => query,
        "Scan" => scan,
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "TransactGetItems" => transact_get_items,
        "ExecuteStatement" => execute_statement,
        "ExecuteTransaction" => execute_transaction,
        "BatchExecuteStatement" => batch_execute_statement,
        "CreateTable" => create_table,
        "DeleteTable" => delete_table,
        "DescribeTable" => describe_table,
        "ListTables" => list_tables,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
        "DescribeTimeToLive" => describe_time_to_live,
        "TagResource" => tag_resource,
        "UntagResource" => untag_resource,
        "ListTagsOfResource" => list_tags_of_resource,
        "ListStreams" => list_streams,
        "DescribeStream" => describe_stream,
        "GetShardIterator" => get_shard_iterator,
        "GetRecords" => get_records,
    })
}

fn transact(database: &Database, tokens: &Tokens, body: &[u8]) -> dynoxide::Result<Vec<u8>> {
    let mut request: TransactWriteItemsRequest = read(body)?;
    // A token that is too long is left to the database, which rejects it.
    let Some(token) = request.client_request_token.take_if(|token| token.len() <= tokens::MAX_LENGTH) else {
        return write(&database.transact_write_items(request)?);
    };
    let asked = tokens::digest(body)?;
    tokens.once(Instant::now(), token, asked, || write(&database.transact_write_items(request)?))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> dynoxide::Result<T> {
    serde_json::from_slice(body).map_err(|error| errors::unreadable(&error))
}

fn write(answer: &impl Serialize) -> dynoxide::Result<Vec<u8>> {
    serde_json::to_vec(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Point-in-time recovery as the template configures it. Nothing is backed up here.
fn continuous_backups() -> serde_json::Value {
    json!({"ContinuousBackupsDescription": {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"},
    }})
}

fn unknown(operation: &str) -> DynoxideError {
    DynoxideError::ValidationException(format!("{operation} is not an operation of the local DynamoDB"))
}
