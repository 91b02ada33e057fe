//! DynamoDB and DynamoDB Streams: dynoxide behind the JSON protocol, with fault injection.

mod database;
mod errors;
mod expiry;
mod operations;
mod tokens;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use local_faults::{Faults, Kind};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::Semaphore;

use self::tokens::Tokens;
use super::{Error, unusable};

/// SQLite runs inside the call, so it gets its own threads. The database takes one caller at a time; the second thread
/// parses and writes JSON meanwhile.
const THREADS: usize = 2;

/// Size in bytes above which a batch of writes counts as large; 25 deletes stay below it.
const LARGE_BATCH: usize = 8 * 1024;

/// File name of the database in the data directory.
const DATABASE: &str = "dynamodb.db";

/// The operation named by an `X-Amz-Target` header of DynamoDB or DynamoDB Streams.
pub(super) fn operation(target: &str) -> Option<&str> {
    target.strip_prefix("DynamoDB_20120810.").or_else(|| target.strip_prefix("DynamoDBStreams_20120810."))
}

/// The tables.
pub(super) struct DynamoDb {
    database: Database,
    tokens: Arc<Tokens>,
    faults: Arc<Faults>,
    /// Held by a large batch of writes. Such a batch is as much work as 25 other operations, so those run before the
    /// next batch starts; otherwise API requests would wait behind the consumers' writes.
    batches: Arc<Semaphore>,
    threads: Handle,
    /// Owns `threads`; taken by `stop`.
    runtime: Mutex<Option<Runtime>>,
}

impl DynamoDb {
    /// Opens the tables in `data`, or empty ones in memory.
    pub(super) fn open(data: Option<&Path>, faults: Arc<Faults>) -> Result<Self, Error> {
        let database = match data {
            None => database::in_memory()?,
            Some(data) => database::on_disk(&data.join(DATABASE))?,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("dynamodb")
            .enable_time()
            .build()
            .map_err(|error| unusable(data.unwrap_or(Path::new("memory")), error))?;
        let threads = runtime.handle().clone();
        threads.spawn(expiry::sweep(database.clone()));
        Ok(Self {
            database,
            tokens: Arc::default(),
            faults,
            batches: Arc::new(Semaphore::new(1)),
            threads,
            runtime: Mutex::new(Some(runtime)),
        })
    }

    /// Waits for running operations and ends the threads.
    pub(super) async fn stop(&self, patience: Duration) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            // A runtime must not be shut down on a thread of another runtime.
            let _ = tokio::task::spawn_blocking(move || runtime.shutdown_timeout(patience)).await;
        }
    }

    /// Executes one operation and answers as DynamoDB does. It runs to completion even if the client disconnects.
    pub(super) async fn call(&self, operation: String, body: Bytes) -> Response {
        let database = self.database.clone();
        let (tokens, faults, batches) = (self.tokens.clone(), self.faults.clone(), self.batches.clone());
        let done = self.threads.spawn(async move {
            // The semaphore is never closed.
            let is_large = operation == "BatchWriteItem" && body.len() > LARGE_BATCH;
            let _turn = if is_large { batches.acquire_owned().await.ok() } else { None };
            perform(&database, &tokens, &faults, &operation, &body)
        });
        let answer = done.await.unwrap_or_else(|error| Err(DynoxideError::InternalServerError(error.to_string())));
        let (status, json) = match answer {
            Ok(json) => (StatusCode::OK, json),
            Err(error) => (
                StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                error.to_json().into_bytes(),
            ),
        };
        (status, [(CONTENT_TYPE, "application/x-amz-json-1.0")], json).into_response()
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

/// Executes the operation, or fails as the active faults say.
fn perform(
    database: &Database,
    tokens: &Tokens,
    faults: &Faults,
    operation: &str,
    body: &[u8],
) -> dynoxide::Result<Vec<u8>> {
    let hit = |kind| faults.hits(kind, None).is_some();
    let access = operations::access(operation);
    if access.is_some() && hit(Kind::DynamodbThrottled) {
        return Err(errors::throttled());
    }
    if operation == "TransactWriteItems" && hit(Kind::TransactionConflict) {
        return Err(errors::transaction_conflict(body));
    }
    let answer = operations::perform(database, tokens, operation, body)?;
    if access == Some(operations::Access::Write) && hit(Kind::ErrorAfterCommit) {
        return Err(DynoxideError::InternalServerError("Internal server error (fault errorAfterCommit)".into()));
    }
    Ok(answer)
}
