//! One process of a function, from its start to its end.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::flights::Flights;
use super::guardian::Signal;
use super::pool::Pool;
use super::{environment, errors, output, runtime_api};
use crate::invoke::ACCOUNT;

/// Time between SIGTERM and SIGKILL. Lambda gives a runtime with an extension 2 s.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long a caller waits until signals are delivered, and a killed process is gone.
const SIGNAL_LIMIT: Duration = Duration::from_secs(2);
/// Signals that may wait for delivery to one process.
const MAX_SIGNALS: usize = 16;

/// A process, as the pool and the Runtime API see it.
#[derive(Debug)]
pub(super) struct Instance {
    /// Its invocations.
    pub flights: Flights,
    /// Process id.
    pub pid: u32,
    arn: String,
    has_polled: AtomicBool,
    first_poll: Notify,
    init_error: Mutex<Option<Bytes>>,
    kill: Notify,
    signals: mpsc::Sender<(Signal, oneshot::Sender<()>)>,
}

/// When a process ended.
#[derive(Debug)]
pub(super) enum End {
    /// Before its first poll, or it never ran; with Lambda's error payload.
    InInit(Bytes),
    /// After its first poll.
    Later,
}

impl Instance {
    /// ARN of the function.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The process asks for an invocation; its first question ends its init.
    pub fn polled(&self) {
        if !self.has_polled.swap(true, Ordering::Relaxed) {
            self.first_poll.notify_one();
        }
    }

    /// The process reports why it cannot serve.
    pub fn init_failed(&self, report: Bytes) {
        *self.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
        self.kill();
    }

    /// Kills the process; does not wait.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// Asks the process to end, and kills it after [`GRACE`]; does not wait.
    pub fn stop(&self) {
        let (done, _) = oneshot::channel();
        if self.signals.try_send((Signal::Term, done)).is_err() {
            self.kill();
        }
    }

    /// Sends a signal. Returns when it is delivered; for SIGKILL, when the process is gone.
    pub async fn signal(&self, signal: Signal) {
        let (done, delivered) = oneshot::channel();
        let _ = tokio::time::timeout(SIGNAL_LIMIT, async {
            // Where the process has ended, nobody receives; and nothing is left to be done.
            let _ = self.signals.send((signal, done)).await;
            let _ = delivered.await;
        })
        .await;
    }
}

/// Runs one process for a pool, and tells the pool when it is ready and when it is gone.
pub(super) async fn run(pool: Arc<Pool>, number: u64) {
    let end = match Process::start(&pool, number).await {
        Ok(process) => process.until_end(&pool, number).await,
        Err(error) => End::InInit(errors::cannot_start(&format!("{error:#}"))),
    };
    pool.gone(number, end);
}

struct Process {
    instance: Arc<Instance>,
    child: Child,
    signals: mpsc::Receiver<(Signal, oneshot::Sender<()>)>,
    /// Dropped with the process, which closes its Runtime API.
    _runtime_api: JoinSet<()>,
    /// Whoever waits for a killed process hears of its end by the drop of these.
    killers: Vec<oneshot::Sender<()>>,
    kill_at: Option<Instant>,
}

impl Process {
    async fn start(pool: &Pool, number: u64) -> anyhow::Result<Process> {
        let settings = &pool.shared.settings;
        let name = &pool.function.name;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen for the function")?;
        let address = listener.local_addr()?;
        let binary = settings.binary(&pool.function);
        let mut command = Command::new(&binary);
        command
            .env_clear()
            .envs(environment::of(&pool.function, settings, pool.capacity, address, number))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let spawned = pool.shared.guardian.spawn(&mut command).await;
        let mut child = spawned.with_context(|| format!("cannot run {}", binary.display()))?;
        let pid = child.id().context("the process ended at once")?;
        forward_output(pool, &mut child);
        let (sender, signals) = mpsc::channel(MAX_SIGNALS);
        let instance = Arc::new(Instance {
            flights: Flights::default(),
            pid,
            arn: format!("arn:aws:lambda:{}:{}:function:{name}", settings.region, ACCOUNT),
            has_polled: AtomicBool::new(false),
            first_poll: Notify::new(),
            init_error: Mutex::new(None),
            kill: Notify::new(),
            signals: sender,
        });
        let mut runtime_api = JoinSet::new();
        runtime_api.spawn(runtime_api::serve(listener, instance.clone()));
        Ok(Process { instance, child, signals, _runtime_api: runtime_api, killers: Vec::new(), kill_at: None })
    }

    async fn until_end(mut self, pool: &Arc<Pool>, number: u64) -> End {
        let instance = self.instance.clone();
        if !pool.started(number, &instance) {
            let _ = self.child.start_kill();
        }
        let init_limit = pool.shared.settings.init_limit;
        let init_end = Instant::now() + init_limit;
        let (mut in_init, mut expired) = (true, false);
        loop {
            let kill_at = self.kill_at;
            tokio::select! {
                status = self.child.wait() => {
                    let status = status.ok();
                    pool.ended(number);
                    instance.flights.close(status);
                    if instance.has_polled.load(Ordering::Relaxed) {
                        return End::Later;
                    }
                    let report = instance.init_error.lock().unwrap_or_else(PoisonError::into_inner).take();
                    return End::InInit(match report {
                        Some(report) => report,
                        None if expired => errors::init_timed_out(init_limit),
                        None => errors::exit(&uuid::Uuid::new_v4().to_string(), status),
                    });
                }
                () = instance.first_poll.notified(), if in_init => {
                    in_init = false;
                    pool.ready(number);
                }
                () = tokio::time::sleep_until(init_end), if in_init && !expired => {
                    expired = true;
                    let _ = self.child.start_kill();
                }
                () = instance.kill.notified() => { let _ = self.child.start_kill(); }
                () = tokio::time::sleep_until(kill_at.unwrap_or(init_end)), if kill_at.is_some() => {
                    self.kill_at = None;
                    let _ = self.child.start_kill();
                }
                Some((signal, done)) = self.signals.recv() => self.signal(pool, signal, done).await,
            }
        }
    }

    /// Delivers a signal. Nobody waits for the child meanwhile, so its process id stays its own.
    async fn signal(&mut self, pool: &Pool, signal: Signal, done: oneshot::Sender<()>) {
        if signal == Signal::Kill {
            let _ = self.child.start_kill();
            self.killers.push(done);
            return;
        }
        let delivered = pool.shared.guardian.signal(self.instance.pid, signal).await;
        if let Err(error) = &delivered {
            tracing::warn!(function = pool.function.name, pid = self.instance.pid, "no signal sent: {error:#}");
        }
        if signal == Signal::Term {
            let grace = if delivered.is_ok() { GRACE } else { Duration::ZERO };
            self.kill_at.get_or_insert(Instant::now() + grace);
        }
        let _ = done.send(());
    }
}

fn forward_output(pool: &Pool, child: &mut Child) {
    let Some(lines) = pool.shared.output.sender() else { return };
    let name: Arc<str> = pool.function.name.as_str().into();
    if let Some(stream) = child.stdout.take() {
        tokio::spawn(output::forward(stream, name.clone(), lines.clone()));
    }
    if let Some(stream) = child.stderr.take() {
        tokio::spawn(output::forward(stream, name, lines));
    }
}
