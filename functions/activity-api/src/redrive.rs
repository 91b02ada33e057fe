//! Redrives dead letters.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use millrace_api::{Access, Params, Problem, Segment};
use millrace_delivery::dead_letter::{self, RedriveError, Selected};
use millrace_domain::event::identity::source_of_user;
use millrace_platform::clock;
use serde_json::json;

use crate::accept::SOURCE;
use crate::api::Api;
use crate::routes::{OfSource, ambiguous};

/// Redrives every dead letter of an event that has not been redriven since it failed. Returns 202 once the redrive is
/// stored. For a user there are only the letters of the events that were sent for this user.
pub async fn redrive(
    State(api): State<Api>,
    access: Access,
    Segment(id): Segment,
    Params(of): Params<OfSource>,
) -> Result<Response, Problem> {
    let own = access.events_of()?.map(|user| source_of_user(SOURCE, user));
    if own.is_some() && of.source.is_some() && of.source != own {
        return Err(Problem::not_found("dead letter"));
    }
    let selected = Selected { id: &id, source: own.as_deref().or(of.source.as_deref()) };
    let tables = (api.store.dead_letters.as_str(), api.outbox.table());
    let redriven = dead_letter::redrive(&api.store.dynamo, tables, selected, clock::now(), clock::new_id).await;
    let redriven = redriven.map_err(problem)?;
    for letter in &redriven {
        api.outbox.after_commit(vec![letter.entry.clone()]).await;
    }
    Ok((StatusCode::ACCEPTED, Json(json!({"items": redriven}))).into_response())
}

fn problem(error: RedriveError) -> Problem {
    let told = error.to_string();
    match error {
        RedriveError::NotFound => Problem::not_found("dead letter"),
        RedriveError::Ambiguous(sources) => ambiguous(&sources),
        RedriveError::AlreadyRedriven => Problem::new(StatusCode::CONFLICT, "already_redriven", told),
        RedriveError::NotRedrivable(_) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "not_redrivable", told),
        RedriveError::Store(error) => error.into(),
    }
}
