//! All functions of the stack.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use local_faults::Faults;
use local_template::model::Function;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::errors;
use super::output::Output;
use super::pool::Pool;
use super::process::GRACE;
use super::process_group::{ProcessGroup, Signal};
use super::settings::{Settings, StartError};
use super::shared::Shared;
use crate::invoke::{Invoke, MAX_PAYLOAD, Outcome, Part};

/// How long a stop waits for the end of all processes, before it leaves them to the process group.
const STOP_LIMIT: Duration = GRACE.saturating_add(Duration::from_secs(1));
/// Maximum time between two checks for idle processes.
const MAX_SWEEP: Duration = Duration::from_secs(5);

/// Runs the functions. A clone is another handle to the same.
#[derive(Debug, Clone)]
pub struct Supervisor {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pools: BTreeMap<String, Arc<Pool>>,
    shared: Arc<Shared>,
    sweeper: Mutex<Option<JoinHandle<()>>>,
}

/// State of a function, as returned by `GET /_local/functions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionStatus {
    /// Name.
    pub name: String,
    /// Number of processes.
    pub instances: usize,
    /// Their process ids.
    pub pids: Vec<u32>,
    /// Invocations that processes currently have.
    pub in_flight: u32,
    /// Invocations since the start of the stack, not counting throttled ones.
    pub invocations: u64,
    /// Invocations that ended with a function error.
    pub errors: u64,
    /// Processes that were started.
    pub cold_starts: u64,
    /// Invocations that found no process in time.
    pub throttles: u64,
}

/// There is no function of this name.
#[derive(Debug, thiserror::Error)]
#[error("no function is named {name}; there are {}", .known.join(", "))]
pub struct UnknownFunction {
    /// The name.
    pub name: String,
    /// Names of all functions.
    pub known: Vec<String>,
}

impl Supervisor {
    /// Prepares the functions; processes start on demand. Must be called inside a tokio runtime. Fails if a binary is
    /// missing, or the logs cannot be written.
    pub fn start(
        functions: &BTreeMap<String, Function>,
        settings: Settings,
        faults: Arc<Faults>,
    ) -> Result<Supervisor, StartError> {
        let missing: Vec<_> =
            functions.values().map(|function| settings.binary(function)).filter(|path| !path.is_file()).collect();
        if !missing.is_empty() {
            return Err(StartError::Missing { paths: missing, built_by: settings.built_by });
        }
        let output = Output::start(settings.logs.as_deref(), settings.terminal)?;
        let sweep = (settings.idle_limit / 4).min(MAX_SWEEP).max(Duration::from_millis(10));
        let shared = Arc::new(Shared { settings, process_group: ProcessGroup::default(), output, faults });
        let pools: BTreeMap<_, _> = functions
            .iter()
            .map(|(name, function)| (name.clone(), Arc::new(Pool::new(function.clone(), shared.clone()))))
            .collect();
        let swept: Vec<_> = pools.values().cloned().collect();
        let sweeper = tokio::spawn(async move {
            loop {
                tokio::time::sleep(sweep).await;
                swept.iter().for_each(Pool::sweep);
            }
        });
        Ok(Supervisor { inner: Arc::new(Inner { pools, shared, sweeper: Mutex::new(Some(sweeper)) }) })
    }

    /// Invokes a function that may stream its answer: this goes to `parts` as it comes, and the outcome then says how it
    /// ended. A function that does not stream answers by the outcome. The invocation ends when nobody receives any more.
    pub async fn stream(&self, function: &str, payload: Bytes, parts: mpsc::Sender<Part>) -> Outcome {
        self.run(function, payload, Some(parts)).await
    }

    async fn run(&self, function: &str, payload: Bytes, parts: Option<mpsc::Sender<Part>>) -> Outcome {
        let Some(pool) = self.inner.pools.get(function) else {
            return Outcome::FunctionError(errors::unknown_function(function));
        };
        if payload.len() > MAX_PAYLOAD {
            return Outcome::FunctionError(errors::request_too_large(payload.len()));
        }
        // A separate task: as in Lambda, an invocation continues when its caller disconnects.
        match tokio::spawn(pool.clone().invoke(payload, parts)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::FunctionError(errors::exit("-", None)),
        }
    }

    /// Every function's state, by name.
    pub fn functions(&self) -> Vec<FunctionStatus> {
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let status = |(name, pool): (&String, &Arc<Pool>)| {
            let (pids, in_flight) = pool.running();
            FunctionStatus {
                name: name.clone(),
                instances: pids.len(),
                pids,
                in_flight,
                invocations: read(&pool.counters.invocations),
                errors: read(&pool.counters.errors),
                cold_starts: read(&pool.counters.cold_starts),
                throttles: read(&pool.counters.throttles),
            }
        };
        self.inner.pools.iter().map(status).collect()
    }

    /// The binary of each function, by name.
    pub fn binaries(&self) -> Vec<(String, PathBuf)> {
        let binary = |(name, pool): (&String, &Arc<Pool>)| (name.clone(), pool.shared.settings.binary(&pool.function));
        self.inner.pools.iter().map(binary).collect()
    }

    /// Names of all functions.
    pub fn names(&self) -> Vec<String> {
        self.inner.pools.keys().cloned().collect()
    }

    /// Sends a signal to all processes of a function; returns their process ids. After SIGKILL they are gone; a process
    /// still running 2 s after SIGTERM is killed. After both signals, the function can start new processes.
    pub async fn signal(&self, function: &str, signal: Signal) -> Result<Vec<u32>, UnknownFunction> {
        match self.inner.pools.get(function) {
            Some(pool) => Ok(pool.signal(signal).await),
            None => Err(UnknownFunction { name: function.to_owned(), known: self.names() }),
        }
    }

    /// Stops every process: SIGTERM, 2 s of grace, SIGKILL. Takes less than 5 s and leaves no process behind. Later
    /// invocations are throttled.
    pub async fn stop(&self) {
        if let Some(sweeper) = self.inner.sweeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            sweeper.abort();
        }
        let _ = tokio::time::timeout(STOP_LIMIT, join_all(self.inner.pools.values().map(Pool::stop))).await;
        self.inner.shared.process_group.close().await;
        self.inner.shared.output.close().await;
    }
}

impl Invoke for Supervisor {
    async fn invoke(&self, function: &str, payload: Bytes) -> Outcome {
        self.run(function, payload, None).await
    }
}
