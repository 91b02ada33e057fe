//! `/_local/crash-points`: lists the steps that functions have passed, and arms them to stop a process.

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use http::StatusCode;
use local_faults::crash_points::{ArmError, Strike};
use serde::Deserialize;
use serde_json::json;

use super::refusal::{Answer, Refusal};
use super::state::Control;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    function: String,
    step: String,
    #[serde(default)]
    signal: Strike,
}

/// Every step passed so far.
pub(super) async fn all(State(control): State<Control>) -> Answer {
    let points = control.crash_points.all().map_err(|error| Refusal::failed(error.to_string()))?;
    Ok((StatusCode::OK, Json(json!({ "items": points }))))
}

/// Arms a step for the next process that passes it. Any content type is accepted.
pub(super) async fn arm(State(control): State<Control>, body: Bytes) -> Answer {
    let arm: Arm = serde_json::from_slice(&body).map_err(|error| Refusal::bad(format!("no crash point: {error}")))?;
    match control.crash_points.arm(&arm.function, &arm.step, arm.signal) {
        Ok(()) => all(State(control)).await,
        Err(ArmError::Unknown) => {
            let points = control.crash_points.all().unwrap_or_default().into_iter();
            let known = points.filter(|point| point.function == arm.function).map(|point| point.step).collect();
            Err(Refusal::unknown(format!("{} has not passed {} yet", arm.function, arm.step), known))
        }
        Err(error) => Err(Refusal::failed(error.to_string())),
    }
}
