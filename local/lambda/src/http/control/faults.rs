//! `/_local/faults`: lists the active faults, and starts new ones.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use local_faults::{Fault, Kind};
use serde_json::json;

use super::refusal::{Answer, Refusal};
use super::state::Control;

/// Maximum duration of a fault, and maximum delay of a slow function.
const MAX_FAULT: Duration = Duration::from_hours(24);

/// Every active fault.
pub(super) async fn all(State(control): State<Control>) -> Answer {
    Ok((StatusCode::OK, Json(json!({ "items": control.faults.all() }))))
}

/// Starts a fault; returns the active ones. Any content type is accepted, so that `curl -d` is enough.
pub(super) async fn start(State(control): State<Control>, body: Bytes) -> Answer {
    let fault: Fault = serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("no fault: {error}")))?;
    check(&fault, &control.supervisor.names())?;
    control.faults.start(fault);
    all(State(control)).await
}

fn check(fault: &Fault, functions: &[String]) -> Result<(), Refusal> {
    let limit = u64::try_from(MAX_FAULT.as_millis()).unwrap_or(u64::MAX);
    if !(0.0..=1.0).contains(&fault.probability) {
        return Err(Refusal::bad("`probability` is from 0.0 to 1.0"));
    }
    if fault.duration_ms > limit || fault.delay_ms > limit {
        return Err(Refusal::bad(format!("`durationMs` and `delayMs` are at most {limit}, which is a day")));
    }
    if fault.kind != Kind::SlowFunction && (fault.function.is_some() || fault.delay_ms > 0) {
        return Err(Refusal::bad("`function` and `delayMs` belong to `slowFunction`"));
    }
    if fault.kind == Kind::SlowFunction && fault.duration_ms > 0 && fault.delay_ms == 0 {
        return Err(Refusal::bad("`slowFunction` needs `delayMs`"));
    }
    match &fault.function {
        Some(name) if !functions.contains(name) => {
            Err(Refusal::unknown(format!("no function is named {name}"), functions.to_vec()))
        }
        _ => Ok(()),
    }
}
