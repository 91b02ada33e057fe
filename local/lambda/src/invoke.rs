//! An invocation, as its caller sees it.

use bytes::Bytes;

/// Account id in ARNs and events; the same as in DynamoDB Local and LocalStack.
pub const ACCOUNT: &str = "000000000000";

/// Largest payload of a synchronous invocation, in bytes (Lambda quota "invocation payload": 6 MB).
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// How an invocation ended, as Lambda's `Invoke` reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The function answered.
    Success(Bytes),
    /// The function failed: it answered an error, crashed, or timed out. The payload is Lambda's error JSON
    /// (`errorType`, `errorMessage`).
    FunctionError(Bytes),
    /// No instance was free and none could be added; nothing ran.
    Throttled,
}

/// A part of an answer that a function streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The answer begins. If it is of HTTP, its status and headers come first, as JSON and eight NUL bytes
    /// (`application/vnd.awslambda.http-integration-response`).
    Begin {
        /// Whether it is of HTTP.
        http: bool,
    },
    /// The next bytes.
    Data(Bytes),
}

/// Something that invokes functions: the real supervisor, or a script in a test.
pub trait Invoke: Send + Sync + 'static {
    /// Invokes a function and waits for its end. Never waits longer than the function's timeout plus start.
    fn invoke(&self, function: &str, payload: Bytes) -> impl Future<Output = Outcome> + Send;
}
