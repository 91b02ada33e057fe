//! What the routes share.

use jiff::Timestamp;
use millrace_api::change::Changes;
use millrace_domain::event::Context;
use millrace_platform::telemetry::TraceContext;

use crate::store::Store;

/// This function, in the events that it makes.
const SOURCE: &str = "orders-api";

/// What the routes need.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub changes: Changes,
    /// Whether demo data may be loaded.
    pub seed: bool,
}

/// What a change of this request belongs to.
pub fn context(now: Timestamp, trace: &TraceContext) -> Context {
    Context { now, source: SOURCE, traceparent: Some(trace.to_string()) }
}
