//! `GET /event-log/{eventId}`: an event's life, from what is stored about it.

mod archive;
mod consumed;
mod facts;
mod known;
mod read;
mod related;
mod stage;
mod tell;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use millrace_api::{Params, Problem, Segment};
use millrace_platform::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::known::Shown;
use self::read::Reader;
use self::related::Related;
use self::stage::Stage;
use crate::chosen::read_subject;
use crate::routes::Api;

/// Longest id that is looked up, in bytes: no event and no dead letter has a longer one.
const MAX_ID_BYTES: usize = 1_024;

/// Which of several events with an id, and where else it may be.
#[derive(Debug, Deserialize)]
pub struct Which {
    source: Option<String>,
    /// The aggregate whose pending events are searched for one that is nowhere else.
    subject: Option<String>,
}

#[derive(Debug, Serialize)]
struct Life {
    event: Shown,
    life: Vec<Stage>,
    related: Vec<Related>,
}

/// The life of an event or of a dead letter.
pub async fn read(
    State(api): State<Api>,
    Segment(id): Segment,
    Params(which): Params<Which>,
) -> Result<Response, Problem> {
    let subject = which.subject.as_deref().map(read_subject).transpose()?;
    if id.len() > MAX_ID_BYTES {
        return Err(Problem::not_found("event"));
    }
    let reader = Reader::new(&api.dynamo, &api.stores, clock::now());
    // Boxed, because concurrent reads are large futures.
    let known = Box::pin(reader.known(&id, which.source.as_deref(), subject.as_deref())).await?;
    let Some(known) = known else {
        let detail = "neither the log, nor the users' events, nor the dead letters have it; an event that waits in the \
            outbox is found with `subject`, the id of its aggregate";
        return Err(Problem::new(StatusCode::NOT_FOUND, "not_found", detail));
    };
    let (facts, related) = Box::pin(reader.facts(&known)).await?;
    tracing::info!(reads = reader.reads(), "a life was told");
    let life = Life { event: known.shown, life: tell::tell(&facts), related };
    Ok(Json(life).into_response())
}

/// 409 with the sources whose events have the requested id.
fn ambiguous(sources: &[String]) -> Problem {
    let detail = "events of several sources have this id; choose one with the parameter source";
    Problem::new(StatusCode::CONFLICT, "ambiguous_event_id", detail).with("sources", json!(sources))
}
