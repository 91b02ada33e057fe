//! `make bench`: 50,000 events of 1,000 users from `POST /events/batch` to DynamoDB, with the processor killed
//! half-way, and the verdict of an independent checker.
//!
//! All numbers are of this machine and everything on it at once. Nothing here fails because it is slow; a verdict that
//! is not clean fails.
//!
//! Arguments are passed to the stack, as in the other benchmark. `MILLRACE_USERS` sets another number of users.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use end_to_end::measure::{Stack, arguments, usage};
use end_to_end::pipeline::{Load, PROCESSOR, Plan, Progress, Sender, Stored, TOPIC, Verdict};
use local_aws_client::Access;
use millrace_judge::read::topic;

/// Users, with 50 events each.
const USERS: usize = 1_000;
/// Concurrent requests.
const AT_ONCE: usize = 8;
/// Polling interval of the lag.
const POLL: Duration = Duration::from_millis(50);
/// Maximum wait for a consumer.
const PATIENCE: Duration = Duration::from_secs(300);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let users = std::env::var("MILLRACE_USERS").ok().map_or(Ok(USERS), |users| users.parse())?;
    let plan = Plan::new(&Load::new(users));
    let stack = Stack::start(&arguments()).await?;
    let access = Access::external(&stack.addresses.aws, |_| None);
    let table = |id: &str| stack.addresses.tables.get(id).cloned().with_context(|| format!("there is no {id}"));
    let (activity, dead_letters) = (table("ActivityTable")?, table("DeadLetterTable")?);

    let (progress, start) = (Progress::default(), Instant::now());
    let acknowledged = run(&stack, &plan, &progress, start).await?;
    let caught_up = drained(&stack, start).await?;
    let processed = caught_up.get(PROCESSOR).copied().context("the processor reads nothing")?;
    let events = plan.events.len();
    let sent: usize = plan.batches.iter().map(Vec::len).sum();
    println!(
        "\n{events} events of {users} users, sent as {sent} in {} requests, {} more on Kafka",
        plan.batches.len(),
        plan.on_kafka.len()
    );
    println!("| until                        |     s | events/s |");
    println!("|------------------------------|------:|---------:|");
    row("acknowledged by the API", acknowledged, events);
    row(&format!("lag 0 of {PROCESSOR}"), processed, events);
    for (function, seconds) in caught_up.iter().filter(|(function, _)| *function != PROCESSOR) {
        row(&format!("lag 0 of {function}"), *seconds, events);
    }
    for (name, pid) in stack.processes().await?.into_iter().chain([("local stack".to_owned(), stack.pid)]) {
        let usage = usage(pid)?;
        println!("{name:<16} {:>6.1} CPU s, {:>6.1} MB at most", usage.cpu_seconds, usage.peak_megabytes);
    }

    let dynamodb = access.dynamodb();
    let earlier = Stored::read(&dynamodb, &activity, &dead_letters).await?;
    sender(&stack).produce(&plan.on_kafka).await?;
    drained(&stack, Instant::now()).await?;
    let stored = Stored::read(&dynamodb, &activity, &dead_letters).await?;
    let verdict = Verdict::of(&progress.acknowledged(), &stored, &earlier);
    println!("The checker: {verdict}");
    ensure!(verdict.is_clean(), "the verdict is not clean");
    stack.stop().await
}

fn sender(stack: &Stack) -> Sender {
    Sender::new(stack.client.clone(), &stack.addresses.http, &stack.addresses.kafka)
}

fn row(until: &str, seconds: f64, events: usize) {
    println!("| {until:<28} | {seconds:>5.1} | {:>8.0} |", events as f64 / seconds);
}

/// Sends everything, kills the processor half-way, and returns the seconds until everything was acknowledged.
async fn run(stack: &Stack, plan: &Plan, progress: &Progress, start: Instant) -> anyhow::Result<f64> {
    let sender = sender(stack);
    let again = async {
        // Duplicates on the topic may arrive at any time.
        until(progress, plan.events.len() / 4).await;
        sender.produce(&plan.on_kafka).await
    };
    let kill = async {
        until(progress, plan.events.len() / 2).await;
        let kill = format!("{}/_local/functions/{PROCESSOR}/kill?signal=KILL", stack.addresses.http);
        stack.client.post(kill).send().await?.error_for_status()?;
        anyhow::Ok(())
    };
    let send = async {
        let again = sender.send(&plan.batches, AT_ONCE, progress).await?;
        if again > 0 {
            println!("{again} events were not acknowledged at once and were sent again.");
        }
        anyhow::Ok(start.elapsed().as_secs_f64())
    };
    let (seconds, (), ()) = tokio::try_join!(send, again, kill)?;
    Ok(seconds)
}

async fn until(progress: &Progress, count: usize) {
    while progress.count() < count {
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until every consumer has committed what is on the topic now; returns when each had, in seconds since `start`.
async fn drained(stack: &Stack, start: Instant) -> anyhow::Result<BTreeMap<String, f64>> {
    let ends = topic::ends(&stack.addresses.kafka, TOPIC).await?;
    let began = Instant::now();
    let mut caught_up: BTreeMap<String, f64> = BTreeMap::new();
    loop {
        let lag = stack.get("/_local/lag").await?;
        let items = lag["items"].as_array().context("no lag")?.iter().filter(|item| item["topic"] == TOPIC);
        let mut behind: BTreeMap<&str, usize> = BTreeMap::new();
        for item in items {
            let function = item["function"].as_str().context("a mapping without a function")?;
            let partition = item["partition"].as_i64().and_then(|partition| i32::try_from(partition).ok());
            let end = partition.and_then(|partition| ends.get(&partition)).context("an unknown partition")?;
            *behind.entry(function).or_default() += usize::from(item["committed"].as_i64() < Some(*end));
        }
        for (function, _) in behind.iter().filter(|(_, behind)| **behind == 0) {
            caught_up.entry((*function).to_owned()).or_insert(start.elapsed().as_secs_f64());
        }
        if !behind.is_empty() && caught_up.len() == behind.len() {
            return Ok(caught_up);
        }
        ensure!(began.elapsed() < PATIENCE, "the consumers still lag after {} s: {lag}", PATIENCE.as_secs());
        tokio::time::sleep(POLL).await;
    }
}
