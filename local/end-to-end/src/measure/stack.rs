//! The local stack as its own process, so that its resource use can be told apart from the clients'.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use local_template::model::Function;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::paths;
use crate::template::template;

/// Polling interval of the lag.
const POLL: Duration = Duration::from_millis(20);

/// The stack's addresses, from its line of JSON.
#[derive(Debug, Deserialize)]
pub struct Addresses {
    pub http: String,
    pub aws: String,
    pub kafka: String,
    pub tables: BTreeMap<String, String>,
}

/// A running stack; it is killed on drop, and its functions end with it.
pub struct Stack {
    pub addresses: Addresses,
    pub client: reqwest::Client,
    pub pid: u32,
    /// Time until it was ready.
    pub started: Duration,
    process: Child,
}

impl Stack {
    /// Starts a stack on free ports.
    pub async fn start(arguments: &[String]) -> anyhow::Result<Self> {
        let start = Instant::now();
        let mut process = Command::new(paths::binary("millrace-local"))
            .current_dir(paths::root())
            .args(["--http-port", "0", "--aws-port", "0", "--kafka-port", "0", "--quiet"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the stack cannot be run")?;
        let pid = process.id().context("the stack ended at once")?;
        let mut lines = BufReader::new(process.stdout.take().context("no stdout")?).lines();
        let addresses = loop {
            let line = lines.next_line().await?.context("the stack ended before it was ready")?;
            if line.starts_with('{') {
                break serde_json::from_str(&line)?;
            }
        };
        let started = start.elapsed();
        let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
        Ok(Self { addresses, client, pid, started, process })
    }

    /// The template's functions, with their environment on this stack. Includes the one that only MSK needs: it can be
    /// started, though not used.
    pub fn functions(&self) -> anyhow::Result<Vec<Function>> {
        let template = template(&self.addresses.kafka)?;
        let msk_bootstrap = Function {
            logical_id: "MskBootstrap".to_owned(),
            name: "msk-bootstrap".to_owned(),
            timeout: Duration::from_secs(60),
            memory_mb: 256,
            reserved_concurrency: None,
            asynchronous: Default::default(),
            environment: BTreeMap::new(),
        };
        Ok(template.functions.into_values().chain([msk_bootstrap]).collect())
    }

    /// Names and process ids of the running function processes.
    pub async fn processes(&self) -> anyhow::Result<Vec<(String, u32)>> {
        let functions = self.get("/_local/functions").await?;
        let mut all = Vec::new();
        for function in functions["items"].as_array().context("no functions")? {
            let name = function["name"].as_str().context("a function without a name")?;
            let pids = function["pids"].as_array().context("a function without processes")?;
            for pid in pids {
                all.push((name.to_owned(), pid.as_u64().context("no pid")?.try_into()?));
            }
        }
        Ok(all)
    }

    /// Waits until no consumer lags. Returns the seconds until each had caught up; under "", until all had.
    pub async fn drained(&self, patience: Duration) -> anyhow::Result<BTreeMap<String, f64>> {
        let start = Instant::now();
        let mut caught_up: BTreeMap<String, f64> = BTreeMap::new();
        loop {
            let lag = self.get("/_local/lag").await?;
            let items = lag["items"].as_array().context("no lag")?;
            let mut behind: BTreeMap<&str, u64> = BTreeMap::new();
            for item in items {
                let function = item["function"].as_str().context("a mapping without a function")?;
                *behind.entry(function).or_default() += item["lag"].as_u64().unwrap_or(0);
            }
            let now = start.elapsed();
            for (function, _) in behind.iter().filter(|(_, lag)| **lag == 0) {
                caught_up.entry((*function).to_owned()).or_insert(now.as_secs_f64());
            }
            if !behind.is_empty() && behind.values().all(|lag| *lag == 0) {
                caught_up.insert(String::new(), now.as_secs_f64());
                return Ok(caught_up);
            }
            ensure!(now < patience, "the consumers still lag after {} s: {lag}", patience.as_secs());
            tokio::time::sleep(POLL).await;
        }
    }

    /// Like [`Stack::drained`], for one function.
    pub async fn drained_by(&self, function: &str, patience: Duration) -> anyhow::Result<f64> {
        let start = Instant::now();
        loop {
            let lag = self.get("/_local/lag").await?;
            let items = lag["items"].as_array().context("no lag")?;
            let mut of_function = items.iter().filter(|item| item["function"] == function).peekable();
            let now = start.elapsed();
            if of_function.peek().is_some() && of_function.all(|item| item["lag"] == 0) {
                return Ok(now.as_secs_f64());
            }
            ensure!(now < patience, "{function} still lags after {} s: {lag}", patience.as_secs());
            tokio::time::sleep(POLL).await;
        }
    }

    /// Sends a signal to the processes of a function.
    pub async fn signal(&self, function: &str, signal: &str) -> anyhow::Result<()> {
        let url = format!("{}/_local/functions/{function}/kill?signal={signal}", self.addresses.http);
        ensure!(self.client.post(url).send().await?.status().is_success(), "{function} took no {signal}");
        Ok(())
    }

    /// Stops the stack as Ctrl-C does.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let status = Command::new("kill").args(["-s", "INT", &self.pid.to_string()]).status().await?;
        ensure!(status.success(), "cannot stop the stack");
        let ended = self.process.wait().await?;
        ensure!(ended.success(), "the stack ended with {ended}");
        Ok(())
    }

    /// A GET on the HTTP port.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.client.get(format!("{}{path}", self.addresses.http)).send().await?.json().await?)
    }
}
