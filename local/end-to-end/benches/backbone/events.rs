//! Events produced directly into Kafka, and how long they take to reach the log.

use std::time::{Duration, Instant};

use anyhow::Context;
use end_to_end::measure::Stack;
use futures::future::try_join_all;
use krafka::Kafka;
use krafka::producer::Record;
use serde_json::json;

/// Events per run.
const EVENTS: usize = 20_000;

/// The topic that both consumers read.
const TOPIC: &str = "product-events";

/// Produces the events as fast as possible and waits until each consumer has processed all of them.
pub async fn run(stack: &Stack, patience: Duration) -> anyhow::Result<()> {
    let kafka = Kafka::builder(&stack.addresses.kafka).connect().await?;
    let producer = kafka.producer().linger(Duration::from_millis(5)).build().await?;
    let now = jiff::Timestamp::now().to_string();
    let start = Instant::now();
    let mut acknowledged = Vec::with_capacity(EVENTS);
    for number in 0..EVENTS {
        let key = format!("bench-{number}");
        let record = Record::new(TOPIC, event(&key, &now).into_bytes()).key(key);
        acknowledged.push(producer.enqueue(record).await?);
    }
    try_join_all(acknowledged).await?;
    let produced = start.elapsed().as_secs_f64();
    let drained = stack.drained(patience).await?;
    println!("\n{EVENTS} events from produce to log");
    println!("| until                        |    s | events/s |");
    println!("|------------------------------|-----:|---------:|");
    row("acknowledged by Kafka", produced);
    for function in ["event-log", "archive"] {
        let behind = drained.get(function).with_context(|| format!("{function} reads nothing"))?;
        row(&format!("committed by {function}"), produced + behind);
    }
    Ok(())
}

fn row(until: &str, seconds: f64) {
    println!("| {until:<28} | {seconds:>4.1} | {:>8.0} |", EVENTS as f64 / seconds);
}

fn event(id: &str, time: &str) -> String {
    let product = json!({
        "id": id, "name": "Burger", "price": {"amount": 950, "currency": "EUR"}, "stock": 10, "recipe": [],
        "version": 1, "createdAt": time, "updatedAt": time
    });
    let event = json!({
        "specversion": "1.0", "id": id, "source": "urn:millrace:bench", "type": "ProductCreated", "subject": id,
        "time": time, "datacontenttype": "application/json", "dataschema": "urn:millrace:schema:ProductCreated:1",
        "aggregateversion": 1, "data": product
    });
    event.to_string()
}
