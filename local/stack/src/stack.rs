//! The stack: starts every part in order, gives its addresses, and stops it within 5 s.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use local_aws::{AwsEndpoint, create_missing};
use local_aws_client::Access;
use local_faults::Faults;
use local_faults::crash_points::{self, CrashPoints};
use local_issuer::Issuer;
use local_kafka::Broker;
use local_lambda::http::INVOKE_ENDPOINT;
use local_lambda::http::control::Source;
use local_lambda::http::server::bind;
use local_lambda::{Lambda, Settings, functions, mapping};
use serde_json::json;

use crate::addresses::Addresses;
use crate::auth;
use crate::cli::Args;
use crate::deployment::Deployment;

/// A running stack.
pub struct Stack {
    /// Lock held until the stack is gone; the system releases it when the process dies.
    _data: Option<File>,
    name: String,
    addresses: Addresses,
    lambda: Lambda,
    broker: Box<dyn Broker>,
    aws: Option<AwsEndpoint>,
    issuer: Option<Issuer>,
}

impl Stack {
    /// Starts every part. `binaries` is the directory of the functions.
    ///
    /// # Errors
    /// The first part that does not start; the message says what to do. What was started before it is stopped.
    pub async fn start(args: &Args, binaries: &Path) -> anyhow::Result<Self> {
        let data = args.data.as_deref().map(claim).transpose()?;
        let faults = Arc::new(Faults::default());
        // Topics and tables do not depend on the addresses, which are known only once the services run.
        let deployment = Deployment::read(&args.template, args.config_file.as_deref())?;
        // Its tokens are for this stack.
        let issuer = if args.auth { Some(Issuer::start(&deployment.stack_name).await?) } else { None };
        let load = |kafka| {
            let parameters = deployment.parameters(&args.parameter, kafka, issuer.as_ref().map(Issuer::url));
            local_template::load(&args.template, &deployment.stack_name, &parameters)
        };
        let template = load("127.0.0.1:0")?;
        let listener = bind(args.http_port).await?;
        let http = listener.local_addr().context("the HTTP port has no address")?;
        // The broker before DynamoDB: both store data with SQLite, of which this process has one copy, and the broker's
        // driver aborts the process if something else has opened a database before it.
        let broker = local_kafka::start(kafka_source(args), &template.topics, faults.clone()).await?;
        let (aws, access, endpoint) = start_aws(args, &faults).await?;
        create_missing(&access, &template.tables, &template.buckets).await?;
        let template = load(broker.bootstrap_servers())?;
        let api_key = if args.auth { auth::developer_key(&access, &template).await? } else { None };
        let crash_points = Arc::new(CrashPoints::new().context("there is no place for temporary files")?);
        let settings = Settings {
            functions: function_settings(args, binaries, http, &endpoint, &crash_points),
            mappings: mapping_settings(args, &*broker, &endpoint),
            faults,
            crash_points,
            mail: mail(aws.as_ref()),
        };
        let lambda = Lambda::start(&template, settings, listener)?;
        let mut addresses = Addresses::new(http, &endpoint, broker.bootstrap_servers(), &template);
        addresses.issuer = issuer.as_ref().map(|issuer| issuer.url().to_owned());
        addresses.api_key = api_key;
        let name = deployment.stack_name;
        Ok(Self { _data: data, name, addresses, lambda, broker, aws, issuer })
    }

    /// Name of the stack.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The functions.
    pub fn supervisor(&self) -> &functions::Supervisor {
        self.lambda.supervisor()
    }

    /// Where everything is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Stops every part: first new work, then the functions, then what they depend on.
    ///
    /// # Errors
    /// The HTTP API had failed before.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { lambda, broker, aws, issuer, .. } = self;
        let stopped = lambda.stop().await;
        tokio::join!(broker.stop(), async {
            if let Some(aws) = aws {
                aws.stop().await;
            }
            if let Some(issuer) = issuer {
                issuer.stop().await;
            }
        });
        stopped
    }
}

/// Locks the data directory for this process: two brokers on one database would damage it.
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
    binaries: &Path,
    http: SocketAddr,
    endpoint: &str,
    crash_points: &CrashPoints,
) -> functions::Settings {
    let mut settings = functions::Settings::new(binaries);
    if args.functions.is_none() {
        // The functions are this repository's, next to this program.
        "make run".clone_into(&mut settings.built_by);
    }
    settings.instances = args.instances;
    settings.concurrency = args.concurrency;
    settings.logs.clone_from(&args.logs);
    settings.terminal = !args.quiet;
    settings.environment.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned());
    // The functions run here, wherever the rest of AWS is.
    let lambda = format!("http://{http}/_local{INVOKE_ENDPOINT}");
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

/// The mail that SES accepted, or why it is not known.
fn mail(aws: Option<&AwsEndpoint>) -> Source {
    let inbox = aws.map(AwsEndpoint::inbox);
    Arc::new(move || {
        let inbox = inbox.clone();
        Box::pin(async move {
            let inbox = inbox.context("the inbox is with the endpoint that --aws-endpoint names")?;
            Ok(json!({ "items": inbox.mails() }))
        })
    })
}
