//! The routes of user activity.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::StatusCode;
use millrace_api::page::{self, PageQuery};
use millrace_api::{Access, Body, Params, Problem, Segment};
use millrace_domain::activity::{EventId, UserActivity, UserId};
use millrace_platform::clock;
use millrace_platform::telemetry::TraceContext;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::Api;
use crate::input;
use crate::lists::Listed;
use crate::outcome::{Outcome, answer_all};
use crate::redrive::redrive;

/// Largest body of a batch, in bytes. Embedded in the JSON of an invocation it grows by its escapes, and Lambda accepts
/// 6 MB.
const MAX_BATCH_BYTES: usize = 2 * 1024 * 1024;

/// All routes of this function.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/events", post(accept_one))
        .route("/events/generate", post(accept_generated))
        .route("/events/batch", post(accept_batch))
        .route("/events/processed", get(processed))
        .route("/events/{id}", get(read))
        .route("/users/{id}/events", get(of_user))
        .route("/dlq", get(dead_letters))
        .route("/dlq/{id}/redrive", post(redrive))
        .with_state(api)
}

async fn accept_one(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    access: Access,
    Body(body): Body,
) -> Result<Response, Problem> {
    single(&api, &trace, &access, input::event(&body, false)?).await
}

async fn accept_generated(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    access: Access,
    Body(body): Body,
) -> Result<Response, Problem> {
    single(&api, &trace, &access, input::event(&body, true)?).await
}

async fn single(api: &Api, trace: &TraceContext, access: &Access, activity: UserActivity) -> Result<Response, Problem> {
    let outcomes = api.accept(vec![permitted(access, activity)], clock::now(), trace).await;
    Ok(outcomes.first().unwrap_or(&Outcome::Unavailable).answer())
}

async fn accept_batch(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    access: Access,
    Body(body): Body<MAX_BATCH_BYTES>,
) -> Result<Response, Problem> {
    let items = input::batch(&body)?.into_iter();
    let items = items.map(|item| item.map_err(Outcome::Invalid).and_then(|activity| permitted(&access, activity)));
    Ok(answer_all(&api.accept(items.collect(), clock::now(), &trace).await))
}

/// The event, if the caller may act for its user.
fn permitted(access: &Access, activity: UserActivity) -> Result<UserActivity, Outcome> {
    access.acts_for(&activity.user_id).map_err(Outcome::Forbidden)?;
    Ok(activity)
}

/// Selects one of several events that have an id.
#[derive(Debug, Deserialize)]
pub struct OfSource {
    pub source: Option<String>,
}

/// 409 with the sources whose events have the requested id.
pub fn ambiguous(sources: &[String]) -> Problem {
    let detail = "events of several sources have this id; choose one with the parameter source";
    Problem::new(StatusCode::CONFLICT, "ambiguous_event_id", detail).with("sources", json!(sources))
}

/// Another user's event is none: nobody learns which ids there are.
async fn read(
    State(api): State<Api>,
    access: Access,
    Segment(id): Segment,
    Params(of): Params<OfSource>,
) -> Result<Response, Problem> {
    let user = access.events_of()?;
    // No event has an invalid id.
    let id = EventId::try_from(id).map_err(|_| Problem::not_found("event"))?;
    let mut events = api.store.events(id.as_str()).await?;
    events.retain(|event| user.is_none_or(|user| event.user_id == user.as_str()));
    events.retain(|event| of.source.as_ref().is_none_or(|source| event.source == *source));
    match &events[..] {
        [] => Err(Problem::not_found("event")),
        [event] => Ok(Json(event).into_response()),
        several => Err(ambiguous(&several.iter().map(|event| event.source.clone()).collect::<Vec<_>>())),
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    after: String,
}

async fn processed(State(api): State<Api>, Params(query): Params<PageQuery>) -> Result<Response, Problem> {
    respond(api.store.processed(query.limit()?, after(&query)?).await?)
}

async fn of_user(
    State(api): State<Api>,
    access: Access,
    Segment(user): Segment,
    Params(query): Params<PageQuery>,
) -> Result<Response, Problem> {
    let user = UserId::try_from(user).map_err(|_| Problem::not_found("user"))?;
    access.acts_for(&user)?;
    respond(api.store.of_user(user.as_str(), query.limit()?, after(&query)?).await?)
}

async fn dead_letters(State(api): State<Api>, Params(query): Params<PageQuery>) -> Result<Response, Problem> {
    respond(api.store.dead_letters(query.limit()?, after(&query)?).await?)
}

fn after(query: &PageQuery) -> Result<Option<String>, Problem> {
    Ok(query.cursor::<Cursor>()?.map(|cursor| cursor.after))
}

fn respond<T: Serialize>((items, more): (Vec<Listed<T>>, bool)) -> Result<Response, Problem> {
    let next = items.last().filter(|_| more).map(|last| Cursor { after: last.key.clone() });
    page::answer(items.into_iter().map(|listed| listed.item).collect(), next.as_ref())
}
