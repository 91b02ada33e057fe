//! Runs the function binaries the way Lambda does.
//!
//! [`Supervisor`] holds one [`pool`] per function. A pool starts processes on demand, gives each at most so many
//! invocations at once, and lets further ones wait. An [`instance`] is one process with a Lambda Runtime API
//! ([`runtime_api`]) of its own on a loopback port. The [`guardian`] is a shell that outlives the stack for a
//! moment, so that no function process does.

mod environment;
mod errors;
mod flights;
mod guardian;
mod instance;
mod invocation;
mod output;
mod pool;
mod queue;
mod runtime_api;
mod settings;
mod supervisor;

use bytes::Bytes;

pub use guardian::Signal;
pub use queue::{Functions, MAX_EVENT, MAX_EVENTS, Queue, Refused};
pub use settings::{ACCOUNT, Settings, StartError};
pub use supervisor::{FunctionStatus, Supervisor, UnknownFunction};

/// Largest payload of a synchronous invocation, in bytes (Lambda quota "invocation payload": 6 MB).
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// How an invocation ended, as Lambda's `Invoke` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Success(Bytes),
    /// The function failed: it answered an error, crashed, or ran out of time. The payload is Lambda's error
    /// JSON (`errorType`, `errorMessage`).
    FunctionError(Bytes),
    /// No instance was free and none may be added; nothing ran.
    Throttled,
}

/// Something that invokes functions: the real supervisor, or a script in a test.
pub trait Invoke: Send + Sync + 'static {
    /// Invokes a function and waits for its end. Never waits longer than the function's timeout plus start.
    fn invoke(&self, function: &str, payload: Bytes) -> impl Future<Output = Outcome> + Send;
}
