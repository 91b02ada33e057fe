//! Runs one process of a function, from start to end.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use local_template::model::Function;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::instance::{Instance, SignalRequest};
use super::process_group::Signal;
use super::settings::Capacity;
use super::shared::Shared;
use super::{environment, errors, output, runtime_api};
use crate::invoke::ACCOUNT;

/// Time between SIGTERM and SIGKILL. Lambda gives a runtime with an extension 2 s.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// When a process ended.
#[derive(Debug)]
pub(super) enum End {
    /// Before its first poll, or it never ran; with Lambda's error payload.
    InInit(Bytes),
    /// After its first poll.
    Later,
}

/// Owner of a process, notified of its life cycle.
pub(super) trait Owner: Send + Sync {
    /// The process runs. Returns false if it is no longer wanted.
    fn started(&self, instance: &Arc<Instance>) -> bool;

    /// The process has polled for the first time.
    fn ready(&self);

    /// The process has ended, so it gets no further invocations.
    fn ended(&self);
}

/// What to run.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub function: Function,
    pub capacity: Capacity,
    pub shared: Arc<Shared>,
    /// Number of the process among those of its function.
    pub number: u64,
}

/// Runs one process to its end.
pub(super) async fn run(program: Program, owner: &impl Owner) -> End {
    match Process::start(program).await {
        Ok(process) => process.until_end(owner).await,
        Err(error) => End::InInit(errors::cannot_start(&format!("{error:#}"))),
    }
}

struct Process {
    program: Program,
    instance: Arc<Instance>,
    child: Child,
    signals: mpsc::Receiver<SignalRequest>,
    /// Dropped with the process, which closes its Runtime API.
    _runtime_api: JoinSet<()>,
    /// Dropping these tells whoever waits for a killed process that it has ended.
    killers: Vec<oneshot::Sender<()>>,
    kill_at: Option<Instant>,
}

impl Process {
    async fn start(program: Program) -> anyhow::Result<Process> {
        let Program { function, capacity, shared, number } = &program;
        let settings = &shared.settings;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen for the function")?;
        let address = listener.local_addr()?;
        let binary = settings.binary(function);
        let mut command = Command::new(&binary);
        command
            .env_clear()
            .envs(environment::of(function, settings, *capacity, address, *number))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let spawned = shared.process_group.spawn(&mut command).await;
        let mut child =
            spawned.with_context(|| format!("cannot run {}; `{}` builds it", binary.display(), settings.built_by))?;
        let pid = child.id().context("the process ended at once")?;
        forward_output(shared, &function.name, &mut child);
        let arn = format!("arn:aws:lambda:{}:{ACCOUNT}:function:{}", settings.region, function.name);
        let (instance, signals) = Instance::new(pid, arn);
        let instance = Arc::new(instance);
        let mut runtime_api = JoinSet::new();
        runtime_api.spawn(runtime_api::serve(listener, instance.clone()));
        let (killers, kill_at) = (Vec::new(), None);
        Ok(Process { program, instance, child, signals, _runtime_api: runtime_api, killers, kill_at })
    }

    async fn until_end(mut self, owner: &impl Owner) -> End {
        let instance = self.instance.clone();
        if !owner.started(&instance) {
            let _ = self.child.start_kill();
        }
        let init_limit = self.program.shared.settings.init_limit;
        let init_end = Instant::now() + init_limit;
        let (mut in_init, mut expired) = (true, false);
        loop {
            let kill_at = self.kill_at;
            tokio::select! {
                status = self.child.wait() => {
                    let status = status.ok();
                    owner.ended();
                    instance.in_flight.close(status);
                    if instance.has_polled() {
                        return End::Later;
                    }
                    return End::InInit(match instance.init_error() {
                        Some(report) => report,
                        None if expired => errors::init_timed_out(init_limit),
                        None => errors::exit(&uuid::Uuid::new_v4().to_string(), status),
                    });
                }
                () = instance.first_poll(), if in_init => {
                    in_init = false;
                    owner.ready();
                }
                () = tokio::time::sleep_until(init_end), if in_init && !expired => {
                    expired = true;
                    let _ = self.child.start_kill();
                }
                () = instance.kill_wanted() => { let _ = self.child.start_kill(); }
                () = tokio::time::sleep_until(kill_at.unwrap_or(init_end)), if kill_at.is_some() => {
                    self.kill_at = None;
                    let _ = self.child.start_kill();
                }
                Some((signal, done)) = self.signals.recv() => self.signal(signal, done).await,
            }
        }
    }

    /// Delivers a signal. The child is not reaped meanwhile, so its process id cannot be reused.
    async fn signal(&mut self, signal: Signal, done: oneshot::Sender<()>) {
        if signal == Signal::Kill {
            let _ = self.child.start_kill();
            self.killers.push(done);
            return;
        }
        let delivered = self.program.shared.process_group.signal(self.instance.pid, signal).await;
        if let Err(error) = &delivered {
            let function = &self.program.function.name;
            tracing::warn!(function, pid = self.instance.pid, "no signal sent: {error:#}");
        }
        if signal == Signal::Term {
            let grace = if delivered.is_ok() { GRACE } else { Duration::ZERO };
            self.kill_at.get_or_insert(Instant::now() + grace);
        }
        let _ = done.send(());
    }
}

fn forward_output(shared: &Shared, function: &str, child: &mut Child) {
    let Some(lines) = shared.output.sender() else { return };
    let name: Arc<str> = function.into();
    if let Some(stream) = child.stdout.take() {
        tokio::spawn(output::forward(stream, name.clone(), lines.clone()));
    }
    if let Some(stream) = child.stderr.take() {
        tokio::spawn(output::forward(stream, name, lines));
    }
}
