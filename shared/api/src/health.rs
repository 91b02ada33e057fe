//! `GET /health` reports that the process is alive; `GET /health/ready` checks each dependency.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

/// Time limit for each dependency.
pub const DEPENDENCY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

/// Each dependency, and whether it answers.
pub type Dependencies = BTreeMap<&'static str, &'static str>;

/// The answer.
#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    dependencies: Dependencies,
}

/// 200: the process is alive.
pub async fn live() -> Response {
    Json(Health { status: "ok", dependencies: BTreeMap::new() }).into_response()
}

/// 200 if every dependency answers, otherwise 503; the body lists each.
#[must_use]
pub fn ready<const N: usize>(dependencies: [(&'static str, bool); N]) -> Response {
    let all = dependencies.iter().all(|(_, up)| *up);
    let status = if all { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Health { status: say(all), dependencies: self::dependencies(dependencies) })).into_response()
}

/// Dependencies as an answer lists them.
#[must_use]
pub fn dependencies<const N: usize>(dependencies: [(&'static str, bool); N]) -> Dependencies {
    dependencies.into_iter().map(|(name, up)| (name, say(up))).collect()
}

fn say(up: bool) -> &'static str {
    if up { "ok" } else { "unavailable" }
}
