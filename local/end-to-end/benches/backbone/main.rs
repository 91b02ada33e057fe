//! `make bench`: the functions' start times, and the speed of the whole local stack.
//!
//! All numbers are of this machine and everything on it at once: API, functions, broker, database and clients share its
//! cores. Compare runs by ratios. Nothing here fails because it is slow.
//!
//! Arguments are passed to the stack: `make bench ARGS="--data DIR"` measures one that persists its data.

mod events;
mod init;
mod load;
mod orders;

use std::path::PathBuf;
use std::time::Duration;

use end_to_end::measure::{Stack, arguments, usage};
use end_to_end::paths;

use crate::init::Built;

/// Clients per round.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// Requests before the rounds, which start the processes.
const WARM_UP: usize = 500;

/// Maximum wait for the consumers after the last request.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stack = Stack::start(&arguments()).await?;
    println!("The stack was ready after {:.2} s.", stack.started.as_secs_f64());
    starts(&stack).await?;
    requests(&stack).await?;
    events::run(&stack, PATIENCE).await?;
    processes(&stack).await?;
    stack.stop().await?;
    orders::run(PATIENCE).await
}

/// Size and time from exec to the first poll, of the builds for this machine and for Lambda.
async fn starts(stack: &Stack) -> anyhow::Result<()> {
    let functions = stack.functions()?;
    println!("\nStart of a function, from exec to its first poll, median of {}", init::RUNS);
    println!("| function       | Kafka | local, ms | deployed, ms | deployed, MB | built for |");
    println!("|----------------|-------|----------:|-------------:|-------------:|-----------|");
    let mut missing = false;
    for function in functions {
        let name = function.name.clone();
        let kafka = if function.environment.contains_key("KAFKA_AUTH") { "yes" } else { "no" };
        let local = init::median(paths::binary(&name), function.clone(), stack.addresses.aws.clone()).await?;
        let deployed: PathBuf = paths::root().join(".aws-sam/build").join(&function.logical_id).join("bootstrap");
        let built = Built::read(&deployed)?;
        missing |= built.is_none();
        let size = built.as_ref().map_or("-".to_owned(), |built| format!("{:.2}", built.megabytes));
        let machine = built.as_ref().map_or("-", |built| built.machine);
        let init = match &built {
            Some(built) if built.runs_here() => {
                format!("{:.2}", init::median(deployed, function, stack.addresses.aws.clone()).await?)
            }
            _ => "-".to_owned(),
        };
        println!("| {name:<14} | {kafka:<5} | {local:>9.2} | {init:>12} | {size:>12} | {machine:<9} |");
    }
    if missing {
        println!("`make build` builds what is deployed; what is not in .aws-sam/build was skipped.");
    }
    if let Some(api) = stack.functions()?.into_iter().find(|function| function.name == "orders-api") {
        let binary = paths::binary(&api.name);
        let [on, off] = init::with_access_and_without(binary, api, stack.addresses.aws.clone()).await?;
        println!("orders-api with API_AUTH on: {on:.2} ms, off: {off:.2} ms, medians of {} in turns.", init::TURNS);
    }
    println!("A binary for another machine than this one ({}) is not started.", std::env::consts::ARCH);
    Ok(())
}

async fn requests(stack: &Stack) -> anyhow::Result<()> {
    load::round(stack, 16, WARM_UP).await?;
    println!("\n`POST /products` through the whole stack");
    println!("| clients | requests | requests/s | p50 ms | p99 ms |");
    println!("|--------:|---------:|-----------:|-------:|-------:|");
    for clients in CLIENTS {
        let requests = if clients == 1 { 2_000 } else { 6_400 };
        let round = load::round(stack, clients, requests).await?;
        let (p50, p99) = (round.milliseconds_at(50), round.milliseconds_at(99));
        println!("| {clients:>7} | {:>8} | {:>10.0} | {p50:>6.2} | {p99:>6.2} |", round.count(), round.rate());
    }
    let drained = stack.drained(PATIENCE).await?;
    println!("The last of these events was in the log and in the archive {:.2} s after the last request.", drained[""]);
    Ok(())
}

async fn processes(stack: &Stack) -> anyhow::Result<()> {
    if !cfg!(target_os = "linux") {
        println!("\nProcessor time and memory are skipped: they are read from /proc, which only Linux has.");
        return Ok(());
    }
    println!("\nProcesses, from their start to the end of all this");
    println!("| process        | CPU s | peak memory MB |");
    println!("|----------------|------:|---------------:|");
    let mut all = vec![("local stack".to_owned(), stack.pid), ("the clients".to_owned(), std::process::id())];
    all.splice(1..1, stack.processes().await?);
    for (name, pid) in all {
        let usage = usage(pid)?;
        println!("| {name:<14} | {:>5.1} | {:>14.1} |", usage.cpu_seconds, usage.peak_megabytes);
    }
    Ok(())
}
