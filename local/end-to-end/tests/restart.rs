//! Start, stop, and start again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use end_to_end::paths;
use end_to_end::process::{self, Process};
use end_to_end::stack::tables::{Item, text};
use end_to_end::stack::{PATIENCE, Stack, product};
use futures::future::join_all;
use millrace_judge::Recorder;
use serde_json::{Value, json};

/// Ctrl-C stops everything within this time.
const STOP: Duration = Duration::from_secs(5);
const CLIENTS: usize = 8;

async fn start(data: &Path, journal: &Arc<Recorder>) -> Stack {
    Stack::start_after(&["--data", data.to_str().unwrap()], journal.clone()).await
}

/// Ids of all processes of the functions.
async fn functions(stack: &Stack) -> Vec<u32> {
    let functions = stack.get("/_local/functions").await.with(200).json();
    let pids = functions["items"].as_array().unwrap().iter().flat_map(|function| function["pids"].as_array().unwrap());
    pids.map(|pid| u32::try_from(pid.as_u64().unwrap()).unwrap()).collect()
}

/// What a stack persists: products, the outbox, the log with its positions, the archive, and each mapping's progress.
#[derive(Debug, PartialEq)]
struct Kept {
    products: Vec<Item>,
    pending: Vec<Item>,
    log: Vec<Item>,
    archive: BTreeMap<String, Vec<u8>>,
    committed: BTreeSet<String>,
}

async fn kept(stack: &Stack) -> Kept {
    let sorted = async |table: &str, key: &str| {
        let mut items = stack.items(table).await;
        items.sort_by_key(|item| text(item, key).to_owned());
        items
    };
    let mut archive = BTreeMap::new();
    for key in stack.objects("archive/").await {
        let bytes = stack.object(&key).await;
        archive.insert(key, bytes);
    }
    let lag = stack.get("/_local/lag").await.with(200).json();
    let place = |item: &Value| json!([item["function"], item["partition"], item["committed"], item["end"]]).to_string();
    Kept {
        products: sorted("ProductsTable", "id").await,
        pending: sorted("OutboxTable", "eventId").await,
        log: sorted("EventLogTable", "eventId").await,
        archive,
        committed: lag["items"].as_array().unwrap().iter().map(place).collect(),
    }
}

#[tokio::test]
async fn everything_in_the_data_directory_survives_a_restart_and_nothing_is_processed_again() {
    const PRODUCTS: usize = 40;
    let (data, journal) = (tempfile::tempdir().unwrap(), Arc::default());
    let first = start(data.path(), &journal).await;
    let names: Vec<Value> = (0..PRODUCTS).map(|number| product(&format!("Product {number}"))).collect();
    let created = join_all(names.iter().map(|new| first.create(new))).await;
    let path = |product: &Value| format!("/products/{}", product["id"].as_str().unwrap());
    first.ask("PATCH", &path(&created[0]), &json!({"stock": 3})).await.with(200);
    first.drained().await;
    let before = kept(&first).await;
    assert_eq!((before.products.len(), before.log.len(), before.pending.len()), (PRODUCTS, PRODUCTS + 1, 0));
    first.process.signal("TERM");
    let ended = first.process.ended(PATIENCE).await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);

    let second = start(data.path(), &journal).await;
    assert_eq!(kept(&second).await, before);
    second.caught_up().await;
    for function in second.get("/_local/functions").await.json()["items"].as_array().unwrap() {
        let consumer = ["event-log", "archive"].iter().any(|name| function["name"] == *name);
        assert!(!consumer || function["invocations"] == 0, "processed again: {function}");
    }
    assert_eq!(second.get(&path(&created[2])).await.with(200).json(), created[2]);
    second.ask("PATCH", &path(&created[1]), &json!({"stock": 4})).await.with(200);
    second.create(&product("New")).await;
    // One event stays behind in the outbox.
    second.kafka_down(PATIENCE).await;
    let last = second.create(&product("Pending")).await;
    assert_eq!(second.items("OutboxTable").await.len(), 1);
    second.process.signal("KILL");
    second.process.ended(PATIENCE).await;

    let third = start(data.path(), &journal).await;
    assert_eq!(third.get(&path(&last)).await.with(200).json(), last);
    third.relayed().await;
    assert_eq!(third.conserved().await, PRODUCTS + 1 + 2 + 1);
}

#[tokio::test]
async fn a_stack_that_is_killed_has_lost_no_acknowledged_product() {
    let (data, journal) = (tempfile::tempdir().unwrap(), Arc::default());
    let mut acknowledged = BTreeSet::new();
    for round in 0..2 {
        let stack = start(data.path(), &journal).await;
        let client = async |client: usize| {
            let mut created = Vec::new();
            loop {
                let new = product(&format!("Product {} of client {client} in round {round}", created.len()));
                match stack.try_send(stack.request("POST", "/products").json(&new)).await {
                    Ok(answer) if answer.status == 201 => {
                        created.push(answer.json()["id"].as_str().unwrap().to_owned());
                    }
                    // The functions may die before the stack does.
                    Ok(answer) => assert!(answer.status >= 500, "{}", answer.text),
                    Err(_) => return created,
                }
            }
        };
        let kill = async {
            let enough = async || {
                let stored = stack.items("EventLogTable").await.len();
                if stored >= acknowledged.len() + 50 { Ok(()) } else { Err(stored) }
            };
            stack.eventually("events are logged", enough).await;
            let pids = functions(&stack).await;
            stack.process.signal("KILL");
            process::gone(&pids, PATIENCE).await;
        };
        let (created, ()) = tokio::join!(join_all((0..CLIENTS).map(client)), kill);
        acknowledged.extend(created.into_iter().flatten());
    }
    let stack = start(data.path(), &journal).await;
    let products = stack.items("ProductsTable").await;
    let stored: BTreeSet<&str> = products.iter().map(|product| text(product, "id")).collect();
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !stored.contains(id.as_str())).collect();
    assert!(acknowledged.len() >= 100 && lost.is_empty(), "{lost:?} of {}", acknowledged.len());
    stack.create(&product("After")).await;
    stack.relayed().await;
    stack.conserved().await;
}

#[tokio::test]
async fn ctrl_c_ends_a_busy_stack_within_five_seconds_and_leaves_no_process_behind() {
    let stack = Stack::start().await;
    stack.create(&product("First")).await;
    stack.drained().await;
    // A frozen process does not receive SIGTERM.
    let frozen = stack.request("POST", "/_local/functions/archive/kill?signal=STOP");
    stack.send(frozen).await.with(200);
    let client = async || {
        while stack.try_send(stack.request("POST", "/products").json(&product("Busy"))).await.is_ok() {}
    };
    let stop = async {
        let busy = async || match stack.products("limit=100").await.concat().len() {
            few @ 0..20 => Err(few),
            _ => Ok(()),
        };
        stack.eventually("clients are at work", busy).await;
        let pids = functions(&stack).await;
        stack.process.signal("INT");
        (Instant::now(), pids)
    };
    let (_, (signalled, pids)) = tokio::join!(join_all((0..CLIENTS).map(|_| client())), stop);
    assert!(pids.len() >= 3, "the API and two consumers: {pids:?}");
    let ended = stack.process.ended(PATIENCE).await;
    let took = signalled.elapsed();
    assert!(took < STOP, "it took {took:?}");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(!pids.iter().any(|pid| process::runs(*pid)), "a function outlives its stack");
    let json: Vec<&String> = ended.stdout.iter().filter(|line| line.starts_with('{')).collect();
    assert_eq!(json.len(), 1, "{:?}", ended.stdout);
    assert_eq!(ended.stdout.last(), Some(json[0]), "the line for programs comes when all is ready");
}

#[tokio::test]
async fn what_keeps_a_stack_from_starting_is_told_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let template = std::fs::read_to_string(paths::root().join("template.yaml")).unwrap();
    let absent = files.path().join("absent.yaml").to_str().unwrap().to_owned();
    let no_yaml = file("no.yaml", "Resources: [");
    let unheard = template.replace("PointInTimeRecoverySpecification:", "UnheardOfProperty:");
    let unheard = file("unheard.yaml", &unheard);
    let dangling = file("dangling.yaml", &template.replace("!Ref ProductsTable", "!Ref ProductTable"));
    let occupied = file("occupied", "");
    let config = paths::root().join("samconfig.toml").to_str().unwrap().to_owned();
    let used = tempfile::tempdir().unwrap();
    let lock = std::fs::File::create(used.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let used = used.path().to_str().unwrap();
    let cases: [(&[&str], &[&str]); 9] = [
        (&["--http-port", &port], &[&port, "--http-port"]),
        (&["--aws-port", &port], &[&port, "--aws-port"]),
        (&["--kafka-port", &port], &[&port, "--kafka-port"]),
        (&["--template", &absent], &["absent.yaml", "--template"]),
        (&["--template", &no_yaml], &["no.yaml"]),
        (&["--template", &unheard, "--config-file", &config], &["unheard.yaml", "UnheardOfProperty"]),
        (&["--template", &dangling, "--config-file", &config], &["dangling.yaml", "ProductTable"]),
        (&["--data", &occupied], &["occupied", "--data"]),
        (&["--data", used], &["another stack", "--data"]),
    ];
    let binary = process::binary();
    for (args, parts) in cases {
        refuses(Process::spawn(&binary, args), parts).await;
    }

    // In an empty directory the stack finds no functions.
    let lonely = tempfile::tempdir_in(binary.parent().unwrap()).unwrap();
    let lonely_binary = lonely.path().join("millrace-local");
    std::fs::hard_link(&binary, &lonely_binary).unwrap();
    let missing = lonely.path().join("products-api");
    refuses(Process::spawn(&lonely_binary, &[]), &[missing.to_str().unwrap(), "archive", "make run"]).await;
}

/// Checks that the process fails, names all of these, and prints no line of JSON for programs.
async fn refuses(process: Process, parts: &[&str]) {
    let ended = process.ended(PATIENCE).await;
    assert!(ended.status.code().is_some_and(|code| code != 0), "{parts:?}: {:?}", ended.status);
    assert!(!ended.stdout.iter().any(|line| line.starts_with('{')), "{parts:?}: {:?}", ended.stdout);
    for part in parts {
        assert!(ended.stderr.contains(part), "{part} is not in: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
}
