//! The state that the routes share.

use jiff::Timestamp;
use millrace_api::change::Changes;
use millrace_domain::event::Context;
use millrace_platform::telemetry::TraceContext;

use crate::store::Store;

/// Name of this function, as the source of its events.
const SOURCE: &str = "orders-api";

/// The dependencies of the routes.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub changes: Changes,
    /// Whether demo data may be loaded.
    pub seed: bool,
}

/// The context of a change that this request makes.
pub fn context(now: Timestamp, trace: &TraceContext) -> Context {
    Context { now, source: SOURCE, traceparent: Some(trace.to_string()) }
}
