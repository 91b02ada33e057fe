//! DynamoDB stream mappings against the embedded DynamoDB.
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use local_aws::AwsEndpoint;
use local_lambda::mapping::retry::Backoff;
use local_lambda::mapping::{Mappings, Settings};
use local_lambda::{Invoke, Outcome};
use local_template::model::{Delivery, StreamMapping, Template};
use serde_json::{Value, json};
use tokio::sync::watch;

const QUICK: Backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(2) };
const PATIENCE: Duration = Duration::from_secs(30);

fn delivery() -> Delivery {
    Delivery { report_batch_item_failures: true, ..Delivery::new("Mapping", "function") }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A DynamoDB with one table that has a stream.
struct Fixture {
    endpoint: String,
    http: reqwest::Client,
    /// Length of the windows of its mappings.
    tumbling: Option<Duration>,
    /// Stops when dropped.
    _aws: AwsEndpoint,
}

impl Fixture {
    async fn start() -> Self {
        let settings = local_aws::Settings { port: 0, data: None, faults: Arc::default() };
        let aws = AwsEndpoint::start(settings).await.unwrap();
        let endpoint = format!("http://{}", aws.address());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let fixture = Self { endpoint, http, tumbling: None, _aws: aws };
        let table = json!({
            "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        });
        fixture.call("CreateTable", table).await;
        fixture
    }

    async fn call(&self, operation: &str, body: Value) {
        let answer = self
            .http
            .post(&self.endpoint)
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
            .header("x-amz-date", "20260101T000000Z")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{operation}: {}", answer.text().await.unwrap());
    }

    async fn put(&self, id: &str, kind: &str) {
        let item = json!({"id": {"S": id}, "kind": {"S": kind}});
        self.call("PutItem", json!({"TableName": "table", "Item": item})).await;
    }

    fn map<I: Invoke>(
        &self,
        consumer: &Arc<I>,
        delivery: Delivery,
        data_dir: Option<PathBuf>,
    ) -> (Mappings, watch::Sender<bool>) {
        let mapping = StreamMapping { delivery, table: "table".into(), tumbling: self.tumbling };
        let template = Template { stream_mappings: vec![mapping], ..Template::default() };
        let mut settings = Settings::new("127.0.0.1:1", &self.endpoint);
        settings.backoff = QUICK;
        settings.data_dir = data_dir;
        let (stop, signal) = watch::channel(false);
        (Mappings::start(&template, &settings, Arc::clone(consumer), signal).unwrap(), stop)
    }
}

/// Keeps the ids of each invocation; reports the record with the id `bad` this many times.
struct Consumer {
    invocations: Mutex<Vec<Vec<String>>>,
    bad: Mutex<usize>,
}

impl Consumer {
    fn new(bad: usize) -> Arc<Self> {
        Arc::new(Self { invocations: Mutex::default(), bad: Mutex::new(bad) })
    }

    fn invocations(&self) -> Vec<Vec<String>> {
        self.invocations.lock().unwrap().clone()
    }

    fn ids(&self) -> Vec<String> {
        self.invocations().concat()
    }
}

impl Invoke for Consumer {
    async fn invoke(&self, _: &str, payload: Bytes) -> Outcome {
        let event: Value = serde_json::from_slice(&payload).unwrap();
        let records = event["Records"].as_array().unwrap();
        let id = |record: &Value| record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap().to_owned();
        for record in records {
            assert_eq!(record["eventSource"], "aws:dynamodb");
            assert!(record["eventSourceARN"].as_str().unwrap().contains("table/table/stream/"));
            assert!(record["eventID"].is_string() && record["dynamodb"]["SequenceNumber"].is_string());
        }
        self.invocations.lock().unwrap().push(records.iter().map(id).collect());
        let mut bad = self.bad.lock().unwrap();
        let failed = records.iter().find(|record| *bad > 0 && id(record) == "bad");
        let Some(failed) = failed else { return Outcome::Success("null".into()) };
        *bad -= 1;
        let answer = json!({"batchItemFailures": [{"itemIdentifier": failed["dynamodb"]["SequenceNumber"]}]});
        Outcome::Success(answer.to_string().into())
    }
}

#[tokio::test]
async fn a_stream_is_filtered_and_retried_from_its_first_failure() {
    let fixture = Fixture::start().await;
    for (id, kind) in [("a", "x"), ("b", "y"), ("bad", "x"), ("c", "x")] {
        fixture.put(id, kind).await;
    }
    let consumer = Consumer::new(2);
    let mut delivery = delivery();
    delivery.filters = vec![json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["x"]}}}})];
    let (mappings, stop) = fixture.map(&consumer, delivery, None);
    until("three invocations", || consumer.invocations().len() == 3).await;
    fixture.put("late", "x").await;
    until("the late record", || consumer.ids().contains(&"late".to_owned())).await;
    stop.send(true).unwrap();
    mappings.stopped().await;
    assert_eq!(consumer.invocations(), [vec!["a", "bad", "c"], vec!["bad", "c"], vec!["bad", "c"], vec!["late"]]);
}

#[tokio::test]
async fn a_restart_with_a_data_directory_continues_from_the_checkpoint() {
    let fixture = Fixture::start().await;
    let directory = tempfile::tempdir().unwrap();
    fixture.put("a", "x").await;
    let first = Consumer::new(0);
    let (mappings, stop) = fixture.map(&first, delivery(), Some(directory.path().into()));
    until("the first record", || first.ids() == ["a"]).await;
    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(5), mappings.stopped()).await.unwrap();
    fixture.put("b", "x").await;
    let second = Consumer::new(0);
    let (mappings, stop) = fixture.map(&second, delivery(), Some(directory.path().into()));
    until("the second record", || !second.ids().is_empty()).await;
    stop.send(true).unwrap();
    mappings.stopped().await;
    assert_eq!(second.ids(), ["b"]);
}

/// Sums the records of a window in its state, and keeps the sum of each window that is over; fails every other time.
#[derive(Default)]
struct Summing {
    calls: Mutex<u64>,
    sums: Mutex<Vec<(String, u64)>>,
}

impl Invoke for Summing {
    async fn invoke(&self, _: &str, payload: Bytes) -> Outcome {
        let event: Value = serde_json::from_slice(&payload).unwrap();
        let calls = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        let over = event["isFinalInvokeForWindow"].as_bool().unwrap();
        match calls % 4 {
            0 => return Outcome::FunctionError("{}".into()),
            2 if !over => return Outcome::Success("{}".into()),
            _ => {}
        }
        assert!(event["shardId"].as_str().unwrap().starts_with("shardId-"), "{event}");
        assert!(event["eventSourceARN"].as_str().unwrap().contains("table/table/stream/"));
        let records = event["Records"].as_array().unwrap().len() as u64;
        let sum = event["state"]["n"].as_u64().unwrap_or(0) + records;
        assert_eq!(over, records == 0);
        if over {
            let start = event["window"]["start"].as_str().unwrap().to_owned();
            self.sums.lock().unwrap().push((start, sum));
        }
        Outcome::Success(json!({"state": {"n": sum}}).to_string().into())
    }
}

#[tokio::test]
async fn a_window_hands_its_state_from_batch_to_batch_and_ends_with_an_invocation_of_its_own() {
    const RECORDS: u64 = 12;
    let mut fixture = Fixture::start().await;
    fixture.tumbling = Some(Duration::from_secs(2));
    let summing = Arc::new(Summing::default());
    let delivery = Delivery { batch_size: 2, ..delivery() };
    let delivery = Delivery { report_batch_item_failures: false, ..delivery };
    let (mappings, stop) = fixture.map(&summing, delivery, None);
    for id in 0..RECORDS {
        fixture.put(&id.to_string(), "x").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sum = || summing.sums.lock().unwrap().iter().map(|(_, sum)| sum).sum::<u64>();
    until("every record is in the sum of its window", || sum() == RECORDS).await;
    stop.send(true).unwrap();
    mappings.stopped().await;
    let sums = summing.sums.lock().unwrap().clone();
    assert!(sums.is_sorted() && sums.windows(2).all(|two| two[0].0 != two[1].0), "{sums:?}");
}
