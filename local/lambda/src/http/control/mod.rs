//! The control API of the stack under `/_local/`, for developers and tests.
//!
//! Lists are `{"items":[...]}`. A request that cannot be served is answered with `{"message":...}`; if a name is
//! unknown, also with the `known` ones.

mod crash_points;
mod faults;
pub mod invoke;
mod refusal;
mod state;

use std::sync::atomic::Ordering;

use axum::extract::{Path, Query, State};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use self::refusal::{Answer, Refusal};
pub use self::state::{Control, Source, Tick};
use crate::functions::Signal;

/// The paths under `/_local`.
const KNOWN: [&str; 12] = [
    "GET /_local/health",
    "GET /_local/ready",
    "GET /_local/functions",
    "POST /_local/functions/{name}/kill?signal=KILL|TERM|STOP|CONT",
    "GET /_local/lag",
    "GET /_local/mail",
    "GET /_local/faults",
    "POST /_local/faults",
    "GET /_local/crash-points",
    "POST /_local/crash-points",
    "POST /_local/clock/tick?function={name}",
    "POST /_local/lambda/2015-03-31/functions/{name}/invocations",
];

/// Routes below `/_local`.
pub(super) fn router<S: Clone + Send + Sync + 'static>(control: Control) -> Router<S> {
    Router::new()
        .route("/health", get(ready))
        .route("/ready", get(ready))
        .route("/functions", get(functions))
        .route("/functions/{name}/kill", post(kill))
        .route("/lag", source(|control| control.lag.clone()))
        .route("/mail", source(|control| control.mail.clone()))
        .route("/faults", get(faults::all).post(faults::start))
        .route("/crash-points", get(crash_points::all).post(crash_points::arm))
        .route("/clock/tick", post(tick))
        .route(invoke::ROUTE, invoke::route())
        .fallback(unknown)
        .method_not_allowed_fallback(unknown_method)
        .with_state(control)
}

async fn ready(State(control): State<Control>) -> Answer {
    Ok(if control.ready.load(Ordering::Acquire) {
        (StatusCode::OK, Json(json!({ "status": "ready" })))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "starting" })))
    })
}

async fn functions(State(control): State<Control>) -> Answer {
    Ok((StatusCode::OK, Json(json!({ "items": control.supervisor.functions() }))))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KillQuery {
    #[serde(default = "kill_signal")]
    signal: String,
}

fn kill_signal() -> String {
    Signal::Kill.name().to_owned()
}

async fn kill(
    State(control): State<Control>,
    Path(name): Path<String>,
    query: Result<Query<KillQuery>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| Refusal::bad(error.body_text()))?;
    let wanted = query.signal.to_ascii_uppercase();
    let signal = Signal::ALL.into_iter().find(|signal| signal.name() == wanted.trim_start_matches("SIG"));
    let Some(signal) = signal else {
        let known = Signal::ALL.map(|signal| signal.name().to_owned()).to_vec();
        return Err(Refusal { known: Some(known), ..Refusal::bad(format!("no signal {}", query.signal)) });
    };
    let pids = control.supervisor.signal(&name, signal).await;
    let pids = pids.map_err(|error| Refusal::unknown(error.to_string(), error.known))?;
    Ok((StatusCode::OK, Json(json!({ "function": name, "signal": signal.name(), "pids": pids }))))
}

/// A route that returns what a part of the stack reports.
fn source(part: fn(&Control) -> Source) -> MethodRouter<Control> {
    get(async move |State(control): State<Control>| -> Answer {
        let answer = part(&control)();
        match answer.await {
            Ok(value) => Ok((StatusCode::OK, Json(value))),
            Err(error) => Err(Refusal::failed(format!("{error:#}"))),
        }
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TickQuery {
    function: Option<String>,
}

async fn tick(
    State(control): State<Control>,
    query: Result<Query<TickQuery>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(query) = query.map_err(|error| Refusal::bad(error.body_text()))?;
    match (control.tick)(query.function.as_deref()) {
        Ok(started) => Ok((StatusCode::ACCEPTED, Json(json!({ "started": started })))),
        Err(known) => {
            let name = query.function.unwrap_or_default();
            Err(Refusal::unknown(format!("no schedule starts {name}"), known))
        }
    }
}

async fn unknown() -> Refusal {
    Refusal::unknown("no such control".to_owned(), KNOWN.map(str::to_owned).to_vec())
}

async fn unknown_method() -> Refusal {
    Refusal { status: StatusCode::METHOD_NOT_ALLOWED, ..unknown().await }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use local_faults::Faults;
    use local_faults::crash_points::CrashPoints;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::functions::{Queue, Settings, Supervisor};

    fn control() -> Control {
        let settings = Settings { terminal: false, ..Settings::new(".") };
        let faults = Arc::new(Faults::default());
        let supervisor = Supervisor::start(&BTreeMap::new(), settings, faults.clone()).unwrap();
        let stopped = tokio::sync::watch::channel(false).1;
        Control {
            supervisor: supervisor.clone(),
            faults,
            crash_points: Arc::new(CrashPoints::new().unwrap()),
            ready: Arc::default(),
            lag: Arc::new(|| Box::pin(async { Ok(json!({ "items": [] })) })),
            mail: Arc::new(|| Box::pin(async { Err(anyhow::anyhow!("no inbox")) })),
            tick: Arc::new(|function| match function {
                None | Some("archive") => Ok(vec!["archive".into()]),
                Some(_) => Err(vec!["archive".into()]),
            }),
            queue: Arc::new(Queue::new(&BTreeMap::new(), Arc::new(supervisor), stopped)),
        }
    }

    async fn ask(control: &Control, line: &str, body: &str) -> (u16, Value) {
        let (method, path) = line.split_once(' ').unwrap();
        let app: Router = Router::new().nest("/_local", router(control.clone()));
        let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned())).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn requests_are_answered_in_json_and_bad_ones_say_what_is_known() {
        let control = control();
        let cases = [
            ("GET /_local/ready", 503, "starting"),
            ("GET /_local/functions", 200, "items"),
            ("POST /_local/functions/nope/kill", 404, "no function is named nope"),
            ("POST /_local/functions/nope/kill?signal=HUP", 400, "\"KILL\",\"TERM\",\"STOP\",\"CONT\""),
            ("POST /_local/functions/nope/kill?sgnal=KILL", 400, "sgnal"),
            ("GET /_local/functions/nope/kill", 405, "kill?signal="),
            ("GET /_local/lag", 200, "items"),
            ("GET /_local/mail", 503, "no inbox"),
            ("POST /_local/clock/tick", 202, "archive"),
            ("POST /_local/clock/tick?function=archive", 202, "archive"),
            ("POST /_local/clock/tick?function=nope", 404, "\"known\":[\"archive\"]"),
            ("GET /_local/crash-points", 200, "items"),
            ("POST /_local/crash-points", 400, "no crash point"),
            ("GET /_local/nope", 404, "GET /_local/functions"),
        ];
        for (line, status, part) in cases {
            let answer = ask(&control, line, "").await;
            assert_eq!(answer.0, status, "{line}: {}", answer.1);
            assert!(answer.1.to_string().contains(part), "{line}: {}", answer.1);
        }
        control.ready.store(true, Ordering::Release);
        assert_eq!(ask(&control, "GET /_local/health", "").await.0, 200);
    }

    #[tokio::test]
    async fn faults_are_checked_started_listed_and_ended() {
        let control = control();
        let bad = [
            ("", "EOF"),
            ("{}", "kind"),
            (r#"{"kind":"fire","durationMs":1}"#, "kafkaDown"),
            (r#"{"kind":"kafkaDown","durationMs":1,"x":1}"#, "unknown field"),
            (r#"{"kind":"kafkaDown","durationMs":1,"probability":1.5}"#, "probability"),
            (r#"{"kind":"kafkaDown","durationMs":18446744073709551615}"#, "at most"),
            (r#"{"kind":"kafkaDown","durationMs":1,"function":"archive"}"#, "slowFunction"),
            (r#"{"kind":"slowFunction","durationMs":1}"#, "delayMs"),
        ];
        for (body, part) in bad {
            let (status, answer) = ask(&control, "POST /_local/faults", body).await;
            assert_eq!(status, 400, "{body}");
            assert!(answer["message"].as_str().unwrap().contains(part), "{body}: {answer}");
        }
        let unknown = r#"{"kind":"slowFunction","durationMs":1,"delayMs":1,"function":"nope"}"#;
        assert_eq!(ask(&control, "POST /_local/faults", unknown).await.0, 404);
        assert!(control.faults.all().is_empty());

        let start = r#"{"kind":"kafkaDown","durationMs":60000}"#;
        let (status, answer) = ask(&control, "POST /_local/faults", start).await;
        assert_eq!((status, &answer["items"][0]["kind"]), (200, &json!("kafkaDown")));
        assert_eq!(ask(&control, "GET /_local/faults", "").await.1["items"].as_array().unwrap().len(), 1);
        let (_, answer) = ask(&control, "POST /_local/faults", r#"{"kind":"kafkaDown","durationMs":0}"#).await;
        assert_eq!(answer, json!({ "items": [] }));
    }
}
