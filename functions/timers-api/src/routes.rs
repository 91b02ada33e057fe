//! The routes of timers.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use millrace_api::change::{Change, Changes, Refused};
use millrace_api::idempotency::{Answer, Claim, Post};
use millrace_api::page::{self, PageQuery};
use millrace_api::{Access, Params, Problem, Segment, resource};
use millrace_domain::activity::UserId;
use millrace_domain::event::Context;
use millrace_domain::id::TimerId;
use millrace_domain::timer::{Status, Timer};
use millrace_domain::webhook::guard::Policy;
use millrace_platform::dynamo::StoreError;
use millrace_platform::telemetry::TraceContext;
use millrace_platform::{clock, dns};
use millrace_store::timer::entries;
use serde::{Deserialize, Serialize};

use crate::guard;
use crate::input::{self, TimerInput};
use crate::store::Store;
use crate::view::View;

/// Name of this function, as the source of its events.
const SOURCE: &str = "timers-api";

/// Attempts of a cancellation that loses races. A timer changes only a few times in its life.
const CANCEL_TRIES: u32 = 5;

/// The dependencies of the routes.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub changes: Changes,
    /// The URLs that webhooks may call.
    pub policy: Policy,
}

/// All routes of this function.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/timers", get(list).post(create))
        .route("/timers/{id}", get(read).delete(cancel))
        .with_state(api)
}

async fn create(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    access: Access,
    post: Post,
) -> Result<Response, Problem> {
    let input = input::timer(&post.body)?;
    let act = async |claim: Option<Claim>| insert(&api, input, access.owner(), &trace, claim).await;
    post.once(&api.changes.keys, "POST /timers", act).await
}

/// The checks that depend on time or network are made here, so that a repeated request returns its first response
/// regardless of them.
async fn insert(
    api: &Api,
    input: TimerInput,
    owner: Option<UserId>,
    trace: &TraceContext,
    claim: Option<Claim>,
) -> Result<Answer, Problem> {
    let fire_at = input.when.at(clock::now())?;
    guard::check(&api.policy, &dns::lookup, &input.url).await?;
    let now = clock::now();
    let timer = Timer {
        id: TimerId::from(clock::new_id()),
        url: input.url,
        status: Status::Pending,
        fire_at,
        due_at: fire_at,
        payload: input.payload,
        secret: input.secret,
        attempt: 1,
        attempts: Vec::new(),
        scheduled_at: None,
        firing_until: None,
        owner,
        traceparent: Some(trace.to_string()),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    let entry = entries::requested(&timer, clock::new_id(), &context(now, trace))?;
    let actions = vec![api.store.timers.insert(&timer)?];
    let answer = accepted(timer, now)?;
    let answered = claim.as_ref().map(|claim| (claim, &answer));
    let change = Change { actions, entries: vec![entry], answer: answered };
    // A new id cannot be in use.
    api.changes.commit(change, now).await.map_err(|refused| refused.or(Problem::unavailable))?;
    Ok(answer)
}

fn accepted(timer: Timer, now: Timestamp) -> Result<Answer, Problem> {
    let location = HeaderValue::try_from(format!("/timers/{}", timer.id));
    let location = location.map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let headers = HeaderMap::from_iter([(header::LOCATION, location)]);
    resource::json(StatusCode::ACCEPTED, headers, &View::new(timer, now))
}

async fn read(State(api): State<Api>, access: Access, Segment(id): Segment) -> Result<Response, Problem> {
    let timer = stored(&api, &access, id).await?;
    Ok(resource::json(StatusCode::OK, HeaderMap::new(), &View::new(timer, clock::now()))?.respond())
}

/// Cancels a timer before one of its attempts begins. Once a sender has claimed it, it is uncertain what the receiver
/// saw.
async fn cancel(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    access: Access,
    Segment(id): Segment,
) -> Result<Response, Problem> {
    for _ in 0..CANCEL_TRIES {
        let timer = stored(&api, &access, id.clone()).await?;
        match timer.status {
            Status::Pending | Status::Scheduled => {}
            Status::Cancelled => return Ok(StatusCode::NO_CONTENT.into_response()),
            Status::Firing => return Err(too_late("timer_firing", "an attempt of the timer is under way")),
            Status::Fired => return Err(too_late("timer_fired", "the timer has fired")),
            Status::Failed => return Err(too_late("timer_failed", "the timer was given up")),
        }
        let now = clock::now();
        let cancelled =
            Timer { status: Status::Cancelled, version: timer.version + 1, updated_at: now, ..timer.clone() };
        let entry = entries::cancelled(&cancelled, clock::new_id(), &context(now, &trace))?;
        let table = &api.store.timers;
        let actions = vec![table.replace(&cancelled)?, table.remove_due(&timer)?];
        match api.changes.commit(Change { actions, entries: vec![entry], answer: None }, now).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT.into_response()),
            Err(Refused::Conflict) => {}
            Err(Refused::Problem(problem)) => return Err(problem),
        }
    }
    let detail = "the timer changes too often; try again";
    Err(Problem::new(StatusCode::CONFLICT, "too_many_changes", detail).retry_after(1))
}

fn too_late(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail)
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    status: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    after: TimerId,
}

async fn list(State(api): State<Api>, access: Access, Params(query): Params<ListQuery>) -> Result<Response, Problem> {
    let known = |name: &str| {
        let names = Status::ALL.map(Status::name).join(", ");
        let unknown = || Problem::invalid_field("status", "unknown_status", format!("one of {names} was expected"));
        Status::from_name(name).ok_or_else(unknown)
    };
    let status = query.status.as_deref().map(known).transpose()?;
    let after = query.page.cursor::<Cursor>()?.map(|cursor| cursor.after);
    let limit = query.page.limit()?;
    let (timers, next) = match access.only() {
        Some(owner) => api.store.list_of(owner, status, limit, after).await?,
        None => api.store.list(status, limit, after).await?,
    };
    let now = clock::now();
    let items = timers.into_iter().map(|timer| View::new(timer, now)).collect();
    page::answer(items, next.map(|after| Cursor { after }).as_ref())
}

/// No timer has an invalid id. Another user's timer is none: nobody learns which ids there are.
async fn stored(api: &Api, access: &Access, id: String) -> Result<Timer, Problem> {
    let id = TimerId::try_from(id).map_err(|_| Problem::not_found("timer"))?;
    let timer = api.store.timers.get(&id).await?.filter(|timer| access.sees(timer.owner.as_ref()));
    timer.ok_or_else(|| Problem::not_found("timer"))
}

fn context(now: Timestamp, trace: &TraceContext) -> Context {
    Context { now, source: SOURCE, traceparent: Some(trace.to_string()) }
}
