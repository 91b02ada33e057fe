//! The route, and its answer.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use millrace_api::health::{self, Dependencies};
use millrace_platform::clock;
use millrace_platform::dynamo::StoreError;
use millrace_platform::kafka::Publisher;
use serde::Serialize;

use crate::waiting::{Tables, Waiting};

/// The dependencies of the route.
#[derive(Clone)]
pub struct Api {
    pub dynamo: Client,
    pub tables: Tables,
    pub publisher: Arc<dyn Publisher>,
}

/// All routes of this function.
pub fn router(api: Api) -> Router {
    Router::new().route("/overview", get(overview)).with_state(api)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Overview {
    dependencies: Dependencies,
    outbox: Outbox,
    buffered: Counted,
    dead_letters: Letters,
    timers: Due,
}

// The names of the four counts say what is counted; the rest is the same.

#[derive(Debug, Serialize)]
struct Outbox {
    pending: Option<u64>,
    #[serde(flatten)]
    since: Since,
}

#[derive(Debug, Serialize)]
struct Counted {
    count: Option<u64>,
    #[serde(flatten)]
    since: Since,
}

#[derive(Debug, Serialize)]
struct Letters {
    open: Option<u64>,
    #[serde(flatten)]
    since: Since,
}

#[derive(Debug, Serialize)]
struct Due {
    due: Option<u64>,
    #[serde(flatten)]
    since: Since,
}

/// Whether there are more than were counted, and since when the oldest waits.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Since {
    more: bool,
    oldest: Option<Timestamp>,
    oldest_seconds: Option<i64>,
}

/// Everything is asked at once. What does not answer is null, so that an overview says as much as can be known of a system
/// that is half down.
async fn overview(State(api): State<Api>) -> Response {
    let now = clock::now();
    let Api { dynamo, tables, publisher } = &api;
    let kafka = async {
        let ready = publisher.ready(health::DEPENDENCY_TIMEOUT).await;
        ready.inspect_err(|error| tracing::warn!(%error, "Kafka is not ready")).is_ok()
    };
    let (outbox, buffered, letters, timers, kafka) = tokio::join!(
        within(tables.outbox(dynamo)),
        within(tables.buffered(dynamo)),
        within(tables.dead_letters(dynamo)),
        within(tables.timers(dynamo, now)),
        kafka
    );
    let dynamodb = [&outbox, &buffered, &letters, &timers].into_iter().all(Option::is_some);
    let told = |waiting: Option<Waiting>| (waiting.map(|waiting| waiting.count), since(waiting, now));
    let (pending, outbox) = told(outbox);
    let (count, buffered) = told(buffered);
    let (open, letters) = told(letters);
    let (due, timers) = told(timers);
    let overview = Overview {
        dependencies: health::dependencies([("dynamodb", dynamodb), ("kafka", kafka)]),
        outbox: Outbox { pending, since: outbox },
        buffered: Counted { count, since: buffered },
        dead_letters: Letters { open, since: letters },
        timers: Due { due, since: timers },
    };
    Json(overview).into_response()
}

/// What was counted in time.
async fn within(count: impl Future<Output = Result<Waiting, StoreError>>) -> Option<Waiting> {
    match tokio::time::timeout(health::DEPENDENCY_TIMEOUT, count).await {
        Ok(counted) => counted.inspect_err(|error| tracing::warn!(%error, "not counted")).ok(),
        Err(_) => None,
    }
}

fn since(waiting: Option<Waiting>, now: Timestamp) -> Since {
    let oldest = waiting.and_then(|waiting| waiting.oldest);
    Since {
        more: waiting.is_some_and(|waiting| waiting.more),
        oldest,
        oldest_seconds: oldest.map(|oldest| (now.as_second() - oldest.as_second()).max(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_never_negative_and_what_was_not_counted_is_null() {
        let now = Timestamp::from_second(1_795_240_800).unwrap();
        let at = |seconds: i64| Timestamp::from_second(1_795_240_800 + seconds).unwrap();
        for (oldest, age) in [(at(-90), 90), (at(0), 0), (at(2), 0)] {
            let waiting = Waiting { count: 3, more: true, oldest: Some(oldest) };
            let expected = Since { more: true, oldest: Some(oldest), oldest_seconds: Some(age) };
            assert_eq!(since(Some(waiting), now), expected);
        }
        assert_eq!(since(None, now), Since { more: false, oldest: None, oldest_seconds: None });
    }
}
