//! `make bench`: `POST /products` through the whole local stack, and how long its events take to the event log.
//!
//! All numbers are of this machine and of everything on it at once: API, functions, broker and database share its
//! cores. Compare runs by ratios.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use futures::future::try_join_all;
use millrace_local::cli::Args;
use millrace_local::stack::Stack;
use serde_json::{Value, json};

/// Requests of each round.
const REQUESTS: usize = 2_000;

/// Clients of the rounds.
const CLIENTS: [usize; 3] = [1, 16, 64];

/// Longest wait for the consumers after the last request.
const DRAIN: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let executable = std::env::current_exe()?;
    let target = executable.ancestors().nth(2).context("no target directory")?;
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = template.to_str().context("the path of the template is no text")?;
    let flags =
        ["bench", "--http-port", "0", "--aws-port", "0", "--kafka-port", "0", "--quiet", "--template", template];
    let stack = Stack::start(&Args::parse_from(flags), target).await?;
    let http = stack.addresses().http.clone();
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
    for _ in 0..50 {
        create(&client, &http).await?;
    }
    println!("POST /products, {REQUESTS} requests a round");
    println!("| clients | requests/s | p50 ms | p99 ms |");
    println!("|--------:|-----------:|-------:|-------:|");
    let first = Instant::now();
    for clients in CLIENTS {
        let (elapsed, mut times) = round(&client, &http, clients).await?;
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        let rate = times.len() as f64 / elapsed.as_secs_f64();
        println!("| {clients:>7} | {rate:>10.0} | {:>6.2} | {:>6.2} |", at(50), at(99));
    }
    let sent = first.elapsed();
    drained(&client, &http).await?;
    let consumed = first.elapsed();
    let events = REQUESTS * CLIENTS.len();
    let rate = events as f64 / consumed.as_secs_f64();
    println!(
        "{events} events: sent in {:.1} s, all consumed {:.1} s later; {rate:.0} events/s from request to log and archive",
        sent.as_secs_f64(),
        consumed.saturating_sub(sent).as_secs_f64()
    );
    println!("Processes and their peak memory:");
    for function in get(&client, &http, "/_local/functions").await?["items"].as_array().unwrap_or(&Vec::new()) {
        for pid in function["pids"].as_array().unwrap_or(&Vec::new()) {
            println!(
                "  {:<14} {:>6.1} MB",
                function["name"].as_str().unwrap_or("?"),
                peak_megabytes(&pid.to_string())?
            );
        }
    }
    println!("  {:<14} {:>6.1} MB", "local stack", peak_megabytes("self")?);
    stack.stop().await
}

async fn round(client: &reqwest::Client, http: &str, clients: usize) -> anyhow::Result<(Duration, Vec<Duration>)> {
    let start = Instant::now();
    let one = |_| async {
        let mut times = Vec::with_capacity(REQUESTS / clients);
        for _ in 0..REQUESTS / clients {
            let start = Instant::now();
            create(client, http).await?;
            times.push(start.elapsed());
        }
        anyhow::Ok(times)
    };
    let times = try_join_all((0..clients).map(one)).await?;
    Ok((start.elapsed(), times.concat()))
}

async fn create(client: &reqwest::Client, http: &str) -> anyhow::Result<()> {
    let body = json!({"name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": 10});
    let answer = client.post(format!("{http}/products")).json(&body).send().await?;
    ensure!(answer.status() == 201, "POST /products answered {}: {}", answer.status(), answer.text().await?);
    Ok(())
}

async fn drained(client: &reqwest::Client, http: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + DRAIN;
    loop {
        let lag = get(client, http, "/_local/lag").await?;
        let items = lag["items"].as_array().context("no lag")?;
        if !items.is_empty() && items.iter().all(|item| item["lag"] == 0) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the consumers still lag after {} s: {lag}", DRAIN.as_secs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn get(client: &reqwest::Client, http: &str, path: &str) -> anyhow::Result<Value> {
    Ok(client.get(format!("{http}{path}")).send().await?.json().await?)
}

/// `VmHWM` of a process.
fn peak_megabytes(pid: &str) -> anyhow::Result<f64> {
    let status =
        std::fs::read_to_string(format!("/proc/{pid}/status")).context("peak memory is read from /proc (Linux)")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kilobytes / 1024.0)
}
