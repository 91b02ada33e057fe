//! What the control acts on.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use futures::future::BoxFuture;
use local_faults::Faults;
use local_faults::crash_points::CrashPoints;
use serde_json::Value;

use crate::functions::{Functions, Supervisor};

/// Where an answer of the control comes from.
pub type Source = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<Value>> + Send + Sync>;
/// Starts every schedule, or those of one function; returns the functions that were started, or an error with the
/// names of those that have a schedule.
pub type Tick = Arc<dyn Fn(Option<&str>) -> Result<Vec<String>, Vec<String>> + Send + Sync>;

/// What the control acts on.
#[derive(Clone)]
pub struct Control {
    /// The functions.
    pub supervisor: Supervisor,
    /// The faults in force.
    pub faults: Arc<Faults>,
    /// Where processes can be stopped.
    pub crash_points: Arc<CrashPoints>,
    /// Set when all parts of the stack are up.
    pub ready: Arc<AtomicBool>,
    /// `{"items":[{function, topic, partition, end, committed, lag}]}`.
    pub lag: Source,
    /// `{"items":[{to, subject, text, html, tags, at}]}`.
    pub mail: Source,
    /// The schedules' clock.
    pub tick: Tick,
    /// Lambda's `Invoke`.
    pub queue: Arc<dyn Functions>,
}
