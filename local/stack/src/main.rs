//! `make run`: starts the local stack, prints its addresses, and stops it on Ctrl-C.

mod addresses;
mod auth;
mod cli;
mod deployment;
mod stack;
mod watch;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Args;
use crate::stack::Stack;
use crate::watch::Watch;

/// Log filter for the stack's own parts; the environment variable MILLRACE_LOG overrides it. `s3s` logs every 404, and
/// `krafka` every failed fetch, which the mappings report once.
const QUIET: &str = "warn,s3s=off,s3s_fs=off,krafka=error";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = std::env::var("MILLRACE_LOG").unwrap_or_else(|_| QUIET.to_owned());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("millrace-local: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let executable = std::env::current_exe().context("cannot tell where the binaries are")?;
    let beside = executable.parent().context("the executable has no directory")?;
    let functions = args.functions.as_deref().unwrap_or(beside);
    let stack = tokio::select! {
        stack = Stack::start(args, functions) => stack?,
        () = asked_to_stop(&mut interrupt, &mut terminate) => return Ok(()),
    };
    tell(&stack, args)?;
    tokio::select! {
        watched = watch(&stack, args) => watched?,
        () = asked_to_stop(&mut interrupt, &mut terminate) => {}
    }
    eprintln!("Stopping.");
    // A second Ctrl-C does not wait.
    tokio::select! {
        stopped = stack.stop() => stopped,
        () = asked_to_stop(&mut interrupt, &mut terminate) => Ok(()),
    }
}

/// Watches the source files for as long as the stack runs, if the command line says so.
async fn watch(stack: &Stack, args: &Args) -> anyhow::Result<()> {
    let Some(build) = args.rebuild.clone() else { return std::future::pending().await };
    let watch = Watch { directories: args.watch.clone(), build, supervisor: stack.supervisor().clone() };
    watch.run().await
}

async fn asked_to_stop(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Prints lines for people, and one line of JSON for programs.
fn tell(stack: &Stack, args: &Args) -> anyhow::Result<()> {
    let addresses = stack.addresses();
    let mut out = std::io::stdout().lock();
    let kept = match &args.data {
        Some(data) => format!("kept in {}", data.display()),
        None => "in memory; --data DIR keeps it".to_owned(),
    };
    writeln!(out, "{} is ready. Ctrl-C stops it.", capitalised(stack.name()))?;
    if let Some(console) = &addresses.console {
        writeln!(out, "  Console             {console}")?;
    }
    writeln!(out, "  HTTP API            {}", addresses.http)?;
    writeln!(out, "  DynamoDB, S3, SES   {}", addresses.aws)?;
    writeln!(out, "  Kafka               {}", addresses.kafka)?;
    writeln!(out, "  Control             {}/_local/functions", addresses.http)?;
    for url in addresses.function_urls.values() {
        writeln!(out, "  Function URL        {url}")?;
    }
    if let Some(issuer) = &addresses.issuer {
        writeln!(out, "  Issuer              {issuer}")?;
    }
    if let Some(key) = &addresses.api_key {
        writeln!(out, "  API key             {key}")?;
    }
    writeln!(out, "  Data                {kept}")?;
    writeln!(out, "{}", serde_json::to_string(addresses)?)?;
    out.flush().context("cannot write to stdout")
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
