//! The functions and everything that invokes them, as one type.
//!
//! All generic code is instantiated here, so that this crate compiles it and its users only link it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use futures::future::BoxFuture;
use local_faults::Faults;
use local_faults::crash_points::CrashPoints;
use local_template::model::Template;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::functions::{self, Queue, Supervisor};
use crate::http::control::{Control, Source, Tick};
use crate::http::{Front, Urls, server};
use crate::mapping::{self, Mappings};
use crate::schedule::Schedules;

/// What Lambda needs to know besides the template.
pub struct Settings {
    /// How the functions are run.
    pub functions: functions::Settings,
    /// Where the event source mappings find Kafka and DynamoDB.
    pub mappings: mapping::Settings,
    /// Faults that the control API injects.
    pub faults: Arc<Faults>,
    /// Crash points that the control API arms.
    pub crash_points: Arc<CrashPoints>,
    /// Source of `GET /_local/mail`.
    pub mail: Source,
}

/// The functions of a template, with the HTTP API, the event source mappings and the schedules that invoke them.
pub struct Lambda {
    stop: watch::Sender<bool>,
    front: JoinHandle<anyhow::Result<()>>,
    mappings: Arc<Mappings>,
    schedules: Arc<Schedules>,
    supervisor: Supervisor,
}

impl Lambda {
    /// Starts everything; the HTTP API answers on the listener. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// A binary is missing, logs cannot be written, or a mapping cannot run.
    pub fn start(template: &Template, settings: Settings, listener: TcpListener) -> anyhow::Result<Self> {
        let port = listener.local_addr().context("the HTTP port has no address")?.port();
        let supervisor = Supervisor::start(&template.functions, settings.functions, settings.faults.clone())?;
        let (stop, stopped) = watch::channel(false);
        let invoke = Arc::new(supervisor.clone());
        let mappings = Arc::new(Mappings::start(template, &settings.mappings, invoke.clone(), stopped.clone())?);
        let schedules = Arc::new(Schedules::start(&template.schedules, &invoke, stopped.clone()));
        let ready = Arc::new(AtomicBool::new(false));
        let control = Control {
            supervisor: supervisor.clone(),
            faults: settings.faults,
            crash_points: settings.crash_points,
            ready: ready.clone(),
            lag: lag(mappings.clone()),
            mail: settings.mail,
            tick: tick(template, schedules.clone()),
            queue: Arc::new(Queue::new(&template.functions, invoke, stopped.clone())),
        };
        let urls = Urls::new(template.function_urls.clone(), supervisor.clone(), port);
        let front = Front::new(&template.routes, supervisor.clone(), port).with_cors(template.cors.clone());
        let router = front.with_urls(urls).router(control);
        let front = tokio::spawn(server::serve(listener, router, stopped));
        ready.store(true, Ordering::Release);
        Ok(Self { stop, front, mappings, schedules, supervisor })
    }

    /// The functions.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Stops everything: first new work, then the functions.
    ///
    /// # Errors
    /// The HTTP API had failed before.
    pub fn stop(self) -> BoxFuture<'static, anyhow::Result<()>> {
        Box::pin(async move {
            let Self { stop, front, mappings, schedules, supervisor } = self;
            let _ = stop.send(true);
            let front = front.await.context("the HTTP API panicked")?;
            // The control API held the other handles, and it is gone.
            if let Some(mappings) = Arc::into_inner(mappings) {
                mappings.stopped().await;
            }
            if let Some(schedules) = Arc::into_inner(schedules) {
                schedules.stopped().await;
            }
            supervisor.stop().await;
            front
        })
    }
}

fn lag(mappings: Arc<Mappings>) -> Source {
    Arc::new(move || {
        let mappings = mappings.clone();
        Box::pin(async move { Ok(json!({ "items": mappings.lag().await })) })
    })
}

fn tick(template: &Template, schedules: Arc<Schedules>) -> Tick {
    let mut scheduled: Vec<String> = template.schedules.iter().map(|schedule| schedule.function.clone()).collect();
    scheduled.dedup();
    Arc::new(move |function| {
        let known = function.is_none_or(|name| scheduled.iter().any(|other| other == name));
        if !known {
            return Err(scheduled.clone());
        }
        schedules.tick(function);
        Ok(function.map_or_else(|| scheduled.clone(), |name| vec![name.to_owned()]))
    })
}
