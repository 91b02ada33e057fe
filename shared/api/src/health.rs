//! `GET /health` reports that the process is alive; `GET /health/ready` checks each dependency.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

/// Time limit for each dependency.
pub const DEPENDENCY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

/// The answer.
#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    dependencies: BTreeMap<&'static str, &'static str>,
}

/// 200: the process is alive.
pub async fn live() -> Response {
    Json(Health { status: "ok", dependencies: BTreeMap::new() }).into_response()
}

/// 200 if every dependency answers, otherwise 503; the body lists each.
#[must_use]
pub fn ready<const N: usize>(dependencies: [(&'static str, bool); N]) -> Response {
    let all = dependencies.iter().all(|(_, up)| *up);
    let say = |up| if up { "ok" } else { "unavailable" };
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let dependencies = dependencies.into_iter().map(|(name, up)| (name, say(up))).collect();
    (status, Json(Health { status: say(all), dependencies })).into_response()
}
