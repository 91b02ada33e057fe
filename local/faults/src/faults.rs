//! Faults that a test or a developer injects through `POST /_local/faults`.
//!
//! A fault is active until its duration is over. Each part of the stack asks for the faults that it implements; nothing
//! here acts by itself.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Kafka accepts no connections, and open ones are cut.
    KafkaDown,
    /// DynamoDB answers `ProvisionedThroughputExceededException` and does nothing.
    DynamodbThrottled,
    /// A `TransactWriteItems` is cancelled with the reason `TransactionConflict`.
    TransactionConflict,
    /// DynamoDB commits the write and then answers `InternalServerError`.
    ErrorAfterCommit,
    /// An invocation waits `delay_ms` before the function receives it.
    SlowFunction,
    /// SES answers `TooManyRequestsException` and sends nothing.
    SesThrottled,
    /// SES answers `MessageRejected`, which a retry does not change, and sends nothing.
    SesRejects,
    /// SES sends the e-mail and then answers `InternalServiceErrorException`.
    SesErrorAfterSend,
}

/// One fault, as posted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Probability that an operation is hit, from 0.0 to 1.0.
    #[serde(default = "always")]
    pub probability: f64,
    /// How long the fault lasts, in milliseconds. 0 ends faults of this kind at once.
    pub duration_ms: u64,
    /// Only for this function (`slowFunction`); all functions when absent.
    #[serde(default)]
    pub function: Option<String>,
    /// Delay of `slowFunction`, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
}

fn always() -> f64 {
    1.0
}

/// The active faults.
#[derive(Debug, Default)]
pub struct Faults {
    active: Mutex<Vec<(Instant, Fault)>>,
}

impl Faults {
    /// Starts a fault, replacing an earlier one of the same kind and function. A duration of 0 only ends that one.
    pub fn start(&self, fault: Fault) {
        let mut active = self.lock();
        active.retain(|(_, other)| other.kind != fault.kind || other.function != fault.function);
        if fault.duration_ms > 0 {
            active.push((Instant::now() + Duration::from_millis(fault.duration_ms), fault));
        }
    }

    /// The fault of this kind that hits the current operation, if any; `function` narrows `slowFunction`.
    pub fn hits(&self, kind: Kind, function: Option<&str>) -> Option<Fault> {
        self.in_force(kind, function).filter(|fault| fraction() < fault.probability)
    }

    /// The active fault of this kind, whatever its probability.
    pub fn in_force(&self, kind: Kind, function: Option<&str>) -> Option<Fault> {
        let now = Instant::now();
        let mut active = self.lock();
        active.retain(|(until, _)| *until > now);
        active
            .iter()
            .find(|(_, fault)| {
                fault.kind == kind && fault.function.as_deref().is_none_or(|name| Some(name) == function)
            })
            .map(|(_, fault)| fault.clone())
    }

    /// Every active fault, with its remaining duration.
    pub fn all(&self) -> Vec<Fault> {
        let now = Instant::now();
        let active = self.lock();
        let left = active.iter().filter_map(|(until, fault)| Some((until.checked_duration_since(now)?, fault)));
        left.filter(|(left, _)| !left.is_zero())
            .map(|(left, fault)| Fault {
                duration_ms: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
                ..fault.clone()
            })
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Fault)>> {
        self.active.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A random number in [0, 1) from the bits of a v4 UUID, which saves a dependency on a random number generator.
fn fraction() -> f64 {
    let bits = uuid::Uuid::new_v4().as_u128() as u32;
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}
