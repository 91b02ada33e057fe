//! `millrace-check` on a real stack: it finds everything conserved, and names what was tampered with.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use end_to_end::paths;
use end_to_end::stack::kafka::{self, TOPIC};
use end_to_end::stack::tables::{Item, number, text};
use end_to_end::stack::{Stack, product};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::future::join_all;
use krafka::Kafka;
use krafka::producer::Record;
use millrace_judge::Recorder;
use millrace_judge::journal::{Line, Sent};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

/// A stack, with its addresses and its journal in files that the program reads.
struct Checked {
    stack: Stack,
    files: TempDir,
}

/// The program's output.
struct Said {
    code: Option<i32>,
    text: String,
}

impl Checked {
    async fn start() -> Checked {
        let files = tempfile::tempdir().unwrap();
        let journal = Arc::new(Recorder::append(&files.path().join("journal")).unwrap());
        let stack = Stack::start_after(&[], journal).await;
        let line = format!("Ready.\n{}\n", serde_json::to_string(&stack.addresses).unwrap());
        std::fs::write(files.path().join("stack"), line).unwrap();
        Checked { stack, files }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    async fn check(&self, further: &[&str]) -> Said {
        let mut command = Command::new(paths::binary("millrace-check"));
        command.arg("--stack").arg(self.file("stack")).arg("--journal").arg(self.file("journal")).args(further);
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        Said { code: output.status.code(), text: String::from_utf8(text).unwrap() }
    }

    /// Checks that the program names the violation and fails.
    async fn names(&self, code: &str, of: &str) {
        let said = self.check(&["--no-fresh", "--patience", "20"]).await;
        let named = said.text.lines().any(|line| line.trim().starts_with(code) && line.contains(of));
        assert!(named && said.code == Some(1), "{code} {of}: {:?}\n{}", said.code, said.text);
    }

    async fn is_conserved(&self, further: &[&str]) {
        let said = self.check(further).await;
        assert_eq!(said.code, Some(0), "{}", said.text);
        assert!(said.text.contains("verdict  conserved"), "{}", said.text);
    }
}

/// Products that are created, changed, deleted and requested twice; refused requests; a record that is not an event.
async fn load(stack: &Stack) {
    for number in 0..10 {
        let mut new = product(&format!("Product {number}"));
        new["lowStockThreshold"] = json!(5);
        let keyed = || stack.request("POST", "/products").header("idempotency-key", format!("k-{number}")).json(&new);
        let created = stack.send(keyed()).await.with(201).json();
        assert_eq!(stack.send(keyed()).await.with(201).json(), created);
        let path = format!("/products/{}", created["id"].as_str().unwrap());
        stack.ask("PATCH", &path, &json!({"stock": number})).await.with(200);
        let stale = stack.request("PUT", &path).header("if-match", "\"1\"").json(&product("Stale"));
        stack.send(stale).await.with(412);
        if number % 5 == 4 {
            stack.send(stack.request("DELETE", &path)).await.with(204);
        }
    }
    stack.ask("POST", "/products", &json!({})).await.with(400);
    stack.produce(vec![Record::new(TOPIC, b"not json".to_vec()).key("p")]).await;
}

#[tokio::test]
async fn a_stack_that_conserves_everything_passes_also_with_events_that_wait_for_the_relay() {
    let checked = Checked::start().await;
    load(&checked.stack).await;
    checked.is_conserved(&[]).await;
    checked.stack.kafka_down(Duration::from_secs(3)).await;
    checked.stack.create(&product("Waits")).await;
    // The probe product of the first check is in the journal.
    checked.is_conserved(&[]).await;
    // A request whose answer the client never saw explains what it created; nothing else does.
    let unseen = reqwest::Client::new().post(format!("{}/products", checked.stack.addresses.http));
    let unseen = unseen.json(&product("Unseen")).send().await.unwrap().text().await.unwrap();
    let id = serde_json::from_str::<Value>(&unseen).unwrap()["id"].as_str().unwrap().to_owned();
    checked.names("invented", &id).await;
    let sent = Sent {
        method: "POST".to_owned(),
        path: "/products".to_owned(),
        body: product("Unseen").to_string(),
        ..Sent::default()
    };
    let sent = serde_json::to_string(&Line::Sent(Uuid::nil(), sent)).unwrap();
    let mut journal = std::fs::OpenOptions::new().append(true).open(checked.file("journal")).unwrap();
    writeln!(journal, "{sent}").unwrap();
    checked.is_conserved(&["--no-fresh"]).await;
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_never_done_twice_whatever_its_repeat_meets() {
    const CLIENTS: usize = 8;
    const CHANGES: usize = 20;
    let checked = Checked::start().await;
    let stack = &checked.stack;
    for kind in ["errorAfterCommit", "transactionConflict"] {
        stack.fault(kind, 0.3, Duration::from_secs(600)).await;
    }
    let client = async |client: usize| {
        for change in 0..CHANGES {
            // Each request takes effect once, or, if refused, not at all.
            let new = product(&format!("{client}-{change}"));
            let create = stack.request("POST", "/products").header("idempotency-key", format!("{client}-{change}"));
            let Ok(created) = serde_json::from_str::<Value>(&stack.send(create.json(&new)).await.text) else {
                continue;
            };
            let Some(id) = created["id"].as_str() else { continue };
            stack.ask("PATCH", &format!("/products/{id}"), &json!({"stock": change})).await;
        }
    };
    join_all((0..CLIENTS).map(client)).await;
    for kind in ["errorAfterCommit", "transactionConflict"] {
        stack.fault(kind, 0.3, Duration::ZERO).await;
    }
    checked.is_conserved(&[]).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_told_by_its_own_exit_code() {
    let checked = Checked::start().await;
    std::fs::write(checked.file("journal"), "no journal\n").unwrap();
    let said = checked.check(&[]).await;
    assert!(said.code == Some(2) && said.text.contains("line 1"), "{:?} {}", said.code, said.text);
    std::fs::write(checked.file("stack"), "nothing\n").unwrap();
    assert_eq!(checked.check(&[]).await.code, Some(2));
}

/// One after the other on one stack: each violation is named along with the earlier ones.
#[tokio::test]
async fn what_was_tampered_with_is_named() {
    let checked = Checked::start().await;
    let stack = &checked.stack;
    load(stack).await;
    stack.drained().await;
    checked.is_conserved(&["--no-fresh"]).await;

    let counters = stack.items("AnalyticsTable").await;
    let mut day = counters.into_iter().find(|item| text(item, "pk").starts_with("day#")).unwrap();
    day.insert("ProductCreated".to_owned(), AttributeValue::N("999".to_owned()));
    stack.dynamodb.put_item().table_name(stack.table("AnalyticsTable")).set_item(Some(day)).send().await.unwrap();
    checked.names("analytics-differ", "ProductCreated is Some(999)").await;

    let log = stack.items("EventLogTable").await;
    let (lost, changed) = (text(&log[0], "eventId"), text(&log[1], "eventId"));
    delete(stack, "EventLogTable", &["eventId", "sourceKey"], &log[0]).await;
    checked.names("log-missing", lost).await;
    set(stack, "EventLogTable", &["eventId", "sourceKey"], &log[1], "data", "{}").await;
    checked.names("log-differs", changed).await;

    let letters = stack.items("DeadLetterTable").await;
    assert_eq!(letters.len(), 2, "of the log and of the archive");
    delete(stack, "DeadLetterTable", &["id", "address"], &letters[0]).await;
    checked.names("dead-letter-missing", &format!(":{}", number(&letters[0], "offset"))).await;

    let products = stack.items("ProductsTable").await;
    let live: Vec<&Item> = products.iter().filter(|product| product.contains_key("body")).collect();
    set(stack, "ProductsTable", &["id"], live[0], "body", &text(live[0], "body").replace("Product", "Tampered")).await;
    checked.names("acknowledged-differs", text(live[0], "id")).await;
    checked.names("stored-differs", text(live[0], "id")).await;
    delete(stack, "ProductsTable", &["id"], live[1]).await;
    checked.names("acknowledged-missing", text(live[1], "id")).await;
    checked.names("event-without-product", text(live[1], "id")).await;

    tamper_with_the_archive(&checked).await;

    // Bypasses the journal, as only a bug would.
    let kafka = Kafka::builder(&stack.addresses.kafka).connect().await.unwrap();
    let producer = kafka.producer().build().await.unwrap();
    let stray = Record::new(TOPIC, kafka::event("stray").to_string()).key(kafka::KEY);
    assert_eq!(producer.send(stray).await.unwrap().topic, TOPIC);
    checked.names("event-without-product", kafka::KEY).await;
    checked.names("invented", kafka::KEY).await;
}

async fn tamper_with_the_archive(checked: &Checked) {
    let stack = &checked.stack;
    let keys = stack.objects("archive/").await;
    let bucket = &stack.addresses.buckets["ArchiveBucket"];
    let put = async |key: &str, body: Vec<u8>| {
        stack.s3.put_object().bucket(bucket).key(key).body(body.into()).send().await.unwrap();
    };
    let original = stack.object(&keys[0]).await;
    put(&keys[0], b"no gzip".to_vec()).await;
    checked.names("unreadable", &keys[0]).await;
    let mut empty = GzEncoder::new(Vec::new(), Compression::default());
    empty.flush().unwrap();
    put(&keys[0], empty.finish().unwrap()).await;
    let first = first_id(&original);
    checked.names("archive-missing", &first).await;
    // The same lines under another hour.
    put(&keys[0].replace("hour=", "hour=9"), original).await;
    checked.names("archive-misfiled", &first).await;
}

fn first_id(packed: &[u8]) -> String {
    let mut lines = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed), &mut lines).unwrap();
    let line: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    line["id"].as_str().unwrap().to_owned()
}

async fn delete(stack: &Stack, table: &str, key: &[&str], item: &Item) {
    let mut delete = stack.dynamodb.delete_item().table_name(stack.table(table));
    for name in key {
        delete = delete.key(*name, item[*name].clone());
    }
    delete.send().await.unwrap();
}

async fn set(stack: &Stack, table: &str, key: &[&str], item: &Item, name: &str, value: &str) {
    let mut item = item.clone();
    item.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
    assert!(key.iter().all(|name| item.contains_key(*name)));
    stack.dynamodb.put_item().table_name(stack.table(table)).set_item(Some(item)).send().await.unwrap();
}
