//! `millrace-check`: whether a stack at rest has conserved everything that a journal says was acknowledged.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use millrace_judge::check::{Settings, Verdict, check};
use millrace_judge::{Addresses, Recorder};

/// Checks that nothing acknowledged is missing and nothing is invented. Exit code 0: conserved; 1: not; 2: could not read.
#[derive(Debug, Parser)]
struct Args {
    /// File with the line of JSON that `millrace-local` prints; `-` is standard input.
    #[arg(long)]
    stack: PathBuf,
    /// Requests and answers as newline-delimited JSON. The fresh product of this program is added.
    #[arg(long)]
    journal: PathBuf,
    /// Longest wait for an empty outbox and lag 0, in seconds.
    #[arg(long, default_value_t = 60)]
    patience: u64,
    /// Creates no fresh product.
    #[arg(long)]
    no_fresh: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(verdict) => {
            print!("{verdict}");
            ExitCode::from(u8::from(!verdict.violations.is_empty()))
        }
        Err(error) => {
            eprintln!("millrace-check: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: Args) -> anyhow::Result<Verdict> {
    let mut text = String::new();
    if args.stack.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(&args.stack).with_context(|| format!("cannot read {}", args.stack.display()))?;
    }
    let line = text.lines().find(|line| line.starts_with('{')).context("no line of JSON tells where the stack is")?;
    let addresses: Addresses = serde_json::from_str(line).context("the line of JSON is none of millrace-local")?;
    let patience = Duration::from_secs(args.patience);
    let settings = Settings { addresses, patience, relay: true, probe: !args.no_fresh };
    check(&settings, &Recorder::append(&args.journal)?).await
}
