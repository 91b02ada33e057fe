//! The stack: starts every part in order, tells where it is, and stops it within 5 s.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use local_aws::{AwsEndpoint, create_missing};
use local_aws_client::Access;
use local_faults::Faults;
use local_faults::crash_points::{self, CrashPoints};
use local_kafka::Broker;
use local_lambda::http::server::{bind, serve};
use local_lambda::http::{Control, Front, INVOKE_ENDPOINT};
use local_lambda::mapping::{self, Mappings};
use local_lambda::{Functions, Queue, Schedules, Supervisor};
use local_template::model::Template;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::addresses::Addresses;
use crate::cli::Args;
use crate::deployment::Deployment;

/// A running stack.
pub struct Stack {
    /// Held until the stack is gone; the system frees it when the process dies.
    _data: Option<File>,
    name: String,
    addresses: Addresses,
    stop: watch::Sender<bool>,
    front: JoinHandle<anyhow::Result<()>>,
    mappings: Arc<Mappings>,
    schedules: Arc<Schedules>,
    supervisor: Supervisor,
    broker: Box<dyn Broker>,
    aws: Option<AwsEndpoint>,
}

impl Stack {
    /// Starts every part. `functions` is the directory of the functions.
    ///
    /// # Errors
    /// The first part that does not start; the message says what to do. What was started before it is stopped.
    pub async fn start(args: &Args, functions: &Path) -> anyhow::Result<Self> {
        let data = args.data.as_deref().map(claim).transpose()?;
        let faults = Arc::new(Faults::default());
        // Topics and tables do not depend on the addresses, which are known only when the services run.
        let deployment = Deployment::read(&args.template, args.config_file.as_deref())?;
        let load = |kafka| {
            let parameters = deployment.parameters(&args.parameter, kafka);
            local_template::load(&args.template, &deployment.stack_name, &parameters)
        };
        let template = load("127.0.0.1:0")?;
        let listener = bind(args.http_port).await?;
        let http = listener.local_addr().context("the HTTP port has no address")?;
        // The broker before DynamoDB: both keep data with SQLite, which is in this process once, and the broker's driver
        // stops the process where somebody else has opened a database before it.
        let broker = local_kafka::start(kafka_source(args), &template.topics, faults.clone()).await?;
        let (aws, access, endpoint) = start_aws(args, &faults).await?;
        create_missing(&access, &template.tables, &template.buckets).await?;
        let template = load(broker.bootstrap_servers())?;
        let crash_points = Arc::new(CrashPoints::new().context("there is no place for temporary files")?);
        let settings = function_settings(args, functions, http, &endpoint, &crash_points);
        let supervisor = Supervisor::start(&template.functions, settings, faults.clone())?;
        let (stop, stopped) = watch::channel(false);
        let invoke = Arc::new(supervisor.clone());
        let queue = Arc::new(Queue::new(&template.functions, invoke.clone(), stopped.clone()));
        let settings = mapping_settings(args, &*broker, &endpoint);
        let mappings = Arc::new(Mappings::start(&template, &settings, invoke.clone(), stopped.clone())?);
        let schedules = Arc::new(Schedules::start(&template.schedules, &invoke, stopped.clone()));
        let control =
            control(&supervisor, (faults, crash_points), &mappings, aws.as_ref(), &schedules, queue, &template);
        let ready = control.ready.clone();
        let router = Front::new(&template.routes, supervisor.clone(), http.port()).router(control);
        let front = tokio::spawn(serve(listener, router, stopped));
        ready.store(true, Ordering::Release);
        let addresses = Addresses::new(http, &endpoint, broker.bootstrap_servers(), &template);
        let name = deployment.stack_name;
        Ok(Self { _data: data, name, addresses, stop, front, mappings, schedules, supervisor, broker, aws })
    }

    /// Name of the stack.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The functions.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Where everything is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Stops every part: no new work, then the functions, then what they depend on.
    ///
    /// # Errors
    /// The HTTP API had failed before.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { stop, front, mappings, schedules, supervisor, broker, aws, .. } = self;
        let _ = stop.send(true);
        let front = front.await.context("the HTTP API panicked")?;
        // The control held the other handles, and it is gone.
        if let Some(mappings) = Arc::into_inner(mappings) {
            mappings.stopped().await;
        }
        if let Some(schedules) = Arc::into_inner(schedules) {
            schedules.stopped().await;
        }
        supervisor.stop().await;
        tokio::join!(broker.stop(), async {
            if let Some(aws) = aws {
                aws.stop().await;
            }
        });
        front
    }
}

/// Makes the data directory this process's own: two brokers on one database would damage it.
fn claim(directory: &Path) -> anyhow::Result<File> {
    let at = directory.display();
    std::fs::create_dir_all(directory).with_context(|| format!("cannot keep data in {at}; choose another --data"))?;
    let lock = File::create(directory.join("lock")).with_context(|| format!("cannot write to {at}"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("another stack keeps its data in {at}; choose another --data"),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {at}")),
    }
}

async fn start_aws(args: &Args, faults: &Arc<Faults>) -> anyhow::Result<(Option<AwsEndpoint>, Access, String)> {
    if let Some(url) = &args.aws_endpoint {
        let access = Access::external(url, |name| std::env::var(name).ok());
        return Ok((None, access, url.clone()));
    }
    let settings = local_aws::Settings { port: args.aws_port, data: args.data.clone(), faults: faults.clone() };
    let endpoint = AwsEndpoint::start(settings).await?;
    let address = endpoint.address();
    Ok((Some(endpoint), Access::embedded(address), format!("http://{address}")))
}

fn kafka_source(args: &Args) -> local_kafka::Source {
    match &args.kafka {
        Some(servers) => local_kafka::Source::External { bootstrap_servers: servers.clone() },
        None => local_kafka::Source::Embedded { port: args.kafka_port, data: args.data.clone() },
    }
}

fn mapping_settings(args: &Args, broker: &dyn Broker, endpoint: &str) -> mapping::Settings {
    let mut settings = mapping::Settings::new(broker.bootstrap_servers(), endpoint);
    settings.arrivals = broker.arrivals().map(|arrivals| mapping::Arrivals::new(move |topic| arrivals.of(topic)));
    settings.data_dir.clone_from(&args.data);
    settings.partial_retry = args.partial_retry.into();
    settings
}

fn function_settings(
    args: &Args,
    functions: &Path,
    http: SocketAddr,
    endpoint: &str,
    crash_points: &CrashPoints,
) -> local_lambda::Settings {
    let mut settings = local_lambda::Settings::new(functions);
    if args.functions.is_none() {
        // They are this repository's, beside this program.
        "make run".clone_into(&mut settings.built_by);
    }
    settings.instances = args.instances;
    settings.concurrency = args.concurrency;
    settings.logs.clone_from(&args.logs);
    settings.terminal = !args.quiet;
    settings.environment.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned());
    // The functions run here, wherever the rest of AWS is.
    let lambda = format!("http://{http}/_local{}", INVOKE_ENDPOINT);
    settings.environment.insert("AWS_ENDPOINT_URL_LAMBDA".to_owned(), lambda);
    settings.environment.insert(crash_points::VARIABLE.to_owned(), crash_points.directory());
    if args.aws_endpoint.is_some() {
        // The developer's own credentials are for the endpoint that the developer named, and for nothing else.
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            settings.environment.extend(std::env::var(name).ok().map(|value| (name.to_owned(), value)));
        }
    }
    settings
}

fn control(
    supervisor: &Supervisor,
    (faults, crash_points): (Arc<Faults>, Arc<CrashPoints>),
    mappings: &Arc<Mappings>,
    aws: Option<&AwsEndpoint>,
    schedules: &Arc<Schedules>,
    queue: Arc<dyn Functions>,
    template: &Template,
) -> Control {
    let inbox = aws.map(AwsEndpoint::inbox);
    let (mappings, schedules) = (mappings.clone(), schedules.clone());
    let mut scheduled: Vec<String> = template.schedules.iter().map(|schedule| schedule.function.clone()).collect();
    scheduled.dedup();
    Control {
        supervisor: supervisor.clone(),
        faults,
        crash_points,
        ready: Arc::new(AtomicBool::new(false)),
        lag: Arc::new(move || {
            let mappings = mappings.clone();
            Box::pin(async move { Ok(json!({ "items": mappings.lag().await })) })
        }),
        mail: Arc::new(move || {
            let inbox = inbox.clone();
            Box::pin(async move {
                let inbox = inbox.context("the inbox is with the endpoint that --aws-endpoint names")?;
                Ok(json!({ "items": inbox.mails() }))
            })
        }),
        tick: Arc::new(move |function| {
            let known = function.is_none_or(|name| scheduled.iter().any(|other| other == name));
            if !known {
                return Err(scheduled.clone());
            }
            schedules.tick(function);
            Ok(function.map_or_else(|| scheduled.clone(), |name| vec![name.to_owned()]))
        }),
        queue,
    }
}
