//! Event source mappings as Lambda runs them: Kafka topics and DynamoDB streams.
//!
//! Pure rules: [`batch`] (what goes into one invocation), [`filter`], [`event`] (the JSON), [`response`] (what an
//! answer means), [`retry`] (what happens next). Around them: [`ordered_log`] (gather, deliver, commit), [`deliver`],
//! [`kafka`] on top of [`broker`], [`stream`] on top of [`stream_api`], and [`destination`] for what is given up.
//!
//! Differences from AWS:
//! - an invocation carries one partition (AWS may mix them);
//! - offsets are committed as soon as a record and all before it are settled, even inside a failing batch;
//! - waits between retries are short ([`retry::BACKOFF`]), because a developer waits for them;
//! - answers are validated more strictly (see [`response`]).

mod arrivals;
pub mod batch;
pub mod broker;
pub mod checkpoint;
mod connection;
pub mod deliver;
pub mod destination;
pub mod event;
mod fetcher;
pub mod filter;
pub mod kafka;
pub mod ordered_log;
pub mod outage;
pub mod queue;
pub mod record;
pub mod response;
pub mod retry;
pub mod sink;
pub mod source;
pub mod stream;
pub mod stream_api;
mod tumbling;

#[cfg(test)]
mod memory;
#[cfg(test)]
mod nisshi;
#[cfg(test)]
mod property;
#[cfg(test)]
mod table;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::arrivals::Arrivals;
use self::broker::{BrokerSource, Subscription};
use self::deliver::Dispatcher;
use self::destination::{Destination, Sink, UnknownDestination};
use self::event::EventSource;
use self::filter::{Filter, PatternError};
use self::kafka::KafkaPoller;
pub use self::retry::PartialRetry;
use local_template::model::{Delivery, KafkaMapping, StreamMapping, Template};

use self::retry::{BACKOFF, Backoff, Policy};
use self::sink::LocalSink;
use self::source::{Source, Standing};
use self::stream::StreamPoller;
use self::stream_api::StreamsApi;
use crate::invoke::Invoke;
use crate::stop::Stop;

/// Maximum wait for the lag of one mapping; after that, the last known one is returned.
const LAG_TIMEOUT: Duration = Duration::from_secs(2);

/// What the mappings need to know besides the template.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Kafka, as `host:port,...`.
    pub bootstrap_servers: String,
    /// Notifies of new records, for the embedded broker.
    pub arrivals: Option<Arrivals>,
    /// What Kafka events name as their source.
    pub event_source: EventSource,
    /// Which records of a partly failed Kafka batch are sent again.
    pub partial_retry: PartialRetry,
    /// Waits between retries.
    pub backoff: Backoff,
    /// DynamoDB and S3, without TLS, such as `http://127.0.0.1:4566`.
    pub aws_endpoint: String,
    /// Where checkpoints of streams are stored; `None` keeps them in memory. Kafka stores its own offsets.
    pub data_dir: Option<PathBuf>,
}

impl Settings {
    /// Settings for an external broker.
    pub fn new(bootstrap_servers: impl Into<String>, aws_endpoint: impl Into<String>) -> Self {
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            arrivals: None,
            event_source: EventSource::SelfManaged,
            partial_retry: PartialRetry::default(),
            backoff: BACKOFF,
            aws_endpoint: aws_endpoint.into(),
            data_dir: None,
        }
    }
}

/// A mapping of the template that cannot run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its filter cannot be evaluated.
    #[error("mapping {mapping}: {error}")]
    Filter {
        /// Logical id.
        mapping: String,
        /// What is wrong.
        error: PatternError,
    },
    /// Its destination is not available.
    #[error("mapping {mapping}: {error}")]
    Destination {
        /// Logical id.
        mapping: String,
        /// What is wrong.
        error: UnknownDestination,
    },
    /// Its source does not support this kind of destination.
    #[error("mapping {mapping}: {reason}")]
    WrongDestination {
        /// Logical id.
        mapping: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The HTTP client could not be created.
    #[error("the HTTP client could not be made: {0}")]
    Http(#[from] reqwest::Error),
}

/// Lag of one partition of one mapping, as returned by `GET /_local/lag`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lag {
    /// Name of the function.
    pub function: String,
    /// Topic.
    pub topic: String,
    /// Partition.
    pub partition: i32,
    /// Offset that the next record will get.
    pub end: i64,
    /// Offset of the next record to process.
    pub committed: i64,
    /// `end - committed`.
    pub lag: i64,
}

/// A running Kafka mapping, for its lag.
struct Monitored {
    function: String,
    topic: String,
    source: Arc<BrokerSource>,
    last: Mutex<Vec<Standing>>,
}

/// The running mappings.
pub struct Mappings {
    monitored: Vec<Monitored>,
    tasks: JoinSet<()>,
}

impl Mappings {
    /// Starts every enabled mapping of the template. They stop when `stop` becomes true or its sender is gone;
    /// [`Mappings::stopped`] waits for that. Functions must be invocable until then.
    ///
    /// Kafka, topics and tables need not exist yet.
    ///
    /// # Errors
    /// [`StartError`] if a mapping has a filter or a destination that this stack does not support; then none is
    /// started.
    pub fn start<I: Invoke>(
        template: &Template,
        settings: &Settings,
        invoke: Arc<I>,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, StartError> {
        // A proxy of the developer's environment must not intercept calls to this machine.
        let http = reqwest::Client::builder().no_proxy().build()?;
        let sink: Arc<dyn Sink> =
            Arc::new(LocalSink::new(http.clone(), &settings.aws_endpoint, &settings.bootstrap_servers));
        let maker = Maker { settings, invoke, sink, http };
        let mut monitored = Vec::new();
        let mut kafka = Vec::new();
        for mapping in template.kafka_mappings.iter().filter(|mapping| mapping.delivery.enabled) {
            let poller = maker.kafka(mapping)?;
            monitored.push(Monitored {
                function: mapping.delivery.function.clone(),
                topic: mapping.topic.clone(),
                source: Arc::clone(&poller.source),
                last: Mutex::default(),
            });
            kafka.push(poller);
        }
        let enabled = template.stream_mappings.iter().filter(|mapping| mapping.delivery.enabled);
        let streams = enabled.map(|mapping| maker.stream(mapping)).collect::<Result<Vec<_>, _>>()?;
        let mut tasks = JoinSet::new();
        let stop = Stop::new(stop);
        for poller in kafka {
            tasks.spawn(Arc::new(poller).run(stop.clone()));
        }
        for poller in streams {
            tasks.spawn(Arc::new(poller).run(stop.clone()));
        }
        Ok(Self { monitored, tasks })
    }

    /// The lag of every partition of every enabled Kafka mapping. If Kafka does not answer in time, the last known lag;
    /// empty if it never answered.
    pub async fn lag(&self) -> Vec<Lag> {
        futures::future::join_all(self.monitored.iter().map(Monitored::lag)).await.concat()
    }

    /// Waits until every mapping has stopped: batches in flight end or are abandoned within
    /// [`STOP_GRACE`](crate::stop::STOP_GRACE), and what was completed is committed.
    pub async fn stopped(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Monitored {
    async fn lag(&self) -> Vec<Lag> {
        let standings = match tokio::time::timeout(LAG_TIMEOUT, self.source.standings()).await {
            Ok(Ok(standings)) => {
                self.lock().clone_from(&standings);
                standings
            }
            Ok(Err(_)) | Err(_) => self.lock().clone(),
        };
        let lag = |standing: Standing| {
            let committed = standing.committed.unwrap_or_default();
            Lag {
                function: self.function.clone(),
                topic: self.topic.clone(),
                partition: standing.partition,
                end: standing.end,
                committed,
                lag: standing.end.saturating_sub(committed).max(0),
            }
        };
        standings.into_iter().map(lag).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Standing>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates pollers from mappings.
struct Maker<'a, I> {
    settings: &'a Settings,
    invoke: Arc<I>,
    sink: Arc<dyn Sink>,
    http: reqwest::Client,
}

impl<I: Invoke> Maker<'_, I> {
    fn kafka(&self, mapping: &KafkaMapping) -> Result<KafkaPoller<I, BrokerSource>, StartError> {
        let delivery = &mapping.delivery;
        let dispatcher = self.dispatcher(delivery, self.settings.partial_retry)?;
        if dispatcher.destination == Some(Destination::Topic(mapping.topic.clone())) {
            return Err(wrong(delivery, "the on-failure topic must not be the topic that the mapping reads"));
        }
        let source = Arc::new(BrokerSource::new(Subscription {
            bootstrap_servers: self.settings.bootstrap_servers.clone(),
            topic: mapping.topic.clone(),
            group: mapping.group.clone(),
            starting_position: delivery.starting_position,
            batch_size: delivery.batch_size,
            window: delivery.window,
            arrivals: self.settings.arrivals.clone(),
        }));
        Ok(KafkaPoller {
            dispatcher,
            source,
            topic: mapping.topic.clone(),
            filter: Filter::kafka(&delivery.filters).map_err(|error| unfit(delivery, error))?,
            event_source: self.settings.event_source.clone(),
            bootstrap_servers: self.settings.bootstrap_servers.clone(),
            batch_size: delivery.batch_size,
            window: delivery.window,
        })
    }

    fn stream(&self, mapping: &StreamMapping) -> Result<StreamPoller<I>, StartError> {
        let delivery = &mapping.delivery;
        let dispatcher = self.dispatcher(delivery, PartialRetry::FromFirstFailure)?;
        if matches!(dispatcher.destination, Some(Destination::Topic(_))) {
            return Err(wrong(delivery, "a stream mapping cannot have a Kafka topic as its on-failure destination"));
        }
        Ok(StreamPoller {
            dispatcher,
            api: StreamsApi::new(self.http.clone(), &self.settings.aws_endpoint),
            table: mapping.table.clone(),
            filter: Filter::new(&delivery.filters).map_err(|error| unfit(delivery, error))?,
            starting_position: delivery.starting_position,
            batch_size: delivery.batch_size,
            window: delivery.window,
            tumbling: mapping.tumbling,
            data_dir: self.settings.data_dir.clone(),
        })
    }

    fn dispatcher(&self, delivery: &Delivery, partial: PartialRetry) -> Result<Dispatcher<I>, StartError> {
        let destination = delivery.on_failure.as_deref().map(Destination::parse).transpose();
        let destination =
            destination.map_err(|error| StartError::Destination { mapping: delivery.logical_id.clone(), error })?;
        Ok(Dispatcher {
            mapping: delivery.logical_id.clone(),
            function: delivery.function.clone(),
            invoke: Arc::clone(&self.invoke),
            report: delivery.report_batch_item_failures,
            policy: Policy::new(delivery, partial, self.settings.backoff),
            destination,
            sink: Arc::clone(&self.sink),
            clock: Timestamp::now,
        })
    }
}

fn unfit(delivery: &Delivery, error: PatternError) -> StartError {
    StartError::Filter { mapping: delivery.logical_id.clone(), error }
}

fn wrong(delivery: &Delivery, reason: &'static str) -> StartError {
    StartError::WrongDestination { mapping: delivery.logical_id.clone(), reason }
}
