//! What the control API acts on.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::BoxFuture;
use local_faults::Faults;
use local_faults::crash_points::CrashPoints;
use serde_json::Value;

use crate::functions::{Functions, Supervisor};

/// A source of data that the control API returns.
pub type Source = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<Value>> + Send + Sync>;
/// Starts every schedule, or those of one function. Returns the functions that were started, or as an error the names
/// of those that have a schedule.
pub type Tick = Arc<dyn Fn(Option<&str>) -> Result<Vec<String>, Vec<String>> + Send + Sync>;

/// What the control API acts on.
#[derive(Clone)]
pub struct Control {
    /// The functions.
    pub supervisor: Supervisor,
    /// The active faults.
    pub faults: Arc<Faults>,
    /// The crash points.
    pub crash_points: Arc<CrashPoints>,
    /// Set when all parts of the stack are up.
    pub ready: Arc<AtomicBool>,
    /// `{"items":[{function, topic, partition, end, committed, lag}]}`.
    pub lag: Source,
    /// `{"items":[{to, subject, text, html, tags, at}]}`.
    pub mail: Source,
    /// Starts schedules.
    pub tick: Tick,
    /// Lambda's `Invoke`.
    pub queue: Arc<dyn Functions>,
}
