//! The rules of Lambda's Kafka mappings as a table of cases. Each names its source: a page of Lambda's developer guide
//! (LDG), botocore's API model (BC), or both. A source "here" is a choice of this stack where the documentation is
//! silent. Longer than other files, because a table is read as a whole.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use local_template::model::Delivery;
use serde_json::json;
use tokio::sync::watch;

use super::batch::PAYLOAD_BYTES;
use super::memory::{Answer, Kept, Log, Script, TOPIC, delivery, now, poller, record, until};
use super::record::Record;
use super::retry::PartialRetry::{FromFirstFailure, ReportedOnly};
use crate::mapping::PartialRetry;
use crate::stop::{STOP_GRACE, Stop};

const BUCKET: &str = "arn:aws:s3:::failures";

struct Case {
    name: &'static str,
    source: &'static str,
    records: Vec<Record>,
    setup: fn(&mut Delivery),
    partial: PartialRetry,
    script: Vec<(i32, Answer)>,
    /// Offsets of each invocation, by partition.
    invocations: Vec<(i32, Vec<Vec<i64>>)>,
    /// Every commit, by partition.
    commits: Vec<(i32, Vec<i64>)>,
    /// Place, condition, invocations and offsets of each message to the destination.
    destination: Vec<(&'static str, &'static str, u64, Vec<i64>)>,
}

impl Case {
    fn new(name: &'static str, source: &'static str, records: Vec<Record>) -> Self {
        Self {
            name,
            source,
            records,
            setup: |_| {},
            partial: ReportedOnly,
            script: Vec::new(),
            invocations: Vec::new(),
            commits: Vec::new(),
            destination: Vec::new(),
        }
    }

    fn with(mut self, setup: fn(&mut Delivery)) -> Self {
        self.setup = setup;
        self
    }

    fn partial(mut self, partial: PartialRetry) -> Self {
        self.partial = partial;
        self
    }

    fn answers(mut self, answers: &[Answer]) -> Self {
        self.script = answers.iter().map(|answer| (0, answer.clone())).collect();
        self
    }

    /// Expects these invocations and commits of partition 0.
    fn expect(mut self, invocations: &[&[i64]], commits: &[i64]) -> Self {
        self.invocations.push((0, invocations.iter().map(|offsets| offsets.to_vec()).collect()));
        self.commits.push((0, commits.to_vec()));
        self
    }

    fn gives_up(mut self, place: &'static str, condition: &'static str, invocations: u64, offsets: &[i64]) -> Self {
        self.destination.push((place, condition, invocations, offsets.to_vec()));
        self
    }
}

fn records(count: i64) -> Vec<Record> {
    (0..count).map(|offset| record(0, offset, "{}")).collect()
}

fn values(values: &[&str]) -> Vec<Record> {
    (0..).zip(values).map(|(offset, value)| record(0, offset, value)).collect()
}

fn aged(seconds: &[i64]) -> Vec<Record> {
    let aged = |(offset, age): (i64, &i64)| Record {
        timestamp: now().as_millisecond() - age * 1_000,
        ..record(0, offset, "{}")
    };
    (0..).zip(seconds).map(aged).collect()
}

fn batching() -> Vec<Case> {
    let large = "x".repeat(2_500_000);
    let too_large = "x".repeat(PAYLOAD_BYTES);
    vec![
        Case::new("BatchSize bounds an invocation", "BC lambda BatchSize", records(5))
            .with(|delivery| delivery.batch_size = 2)
            .expect(&[&[0, 1], &[2, 3], &[4]], &[2, 4, 5]),
        Case::new("a window gathers what is there", "BC lambda MaximumBatchingWindowInSeconds", records(3))
            .with(|delivery| delivery.window = Duration::from_millis(30))
            .expect(&[&[0, 1, 2]], &[3]),
        Case::new("6 MB of payload bound an invocation", "BC lambda", values(&[&large, &large, &large]))
            .expect(&[&[0], &[1], &[2]], &[1, 2, 3]),
        Case::new(
            "a record over 6 MB goes to the destination",
            "LDG/kafka-on-failure",
            values(&["a", &too_large, "b"]),
        )
        .with(|delivery| delivery.on_failure = Some(BUCKET.into()))
        .expect(&[&[0], &[2]], &[1, 2, 3])
        .gives_up("failures", "MaximumPayloadSizeExceeded", 0, &[1]),
        Case::new(
            "a filter drops records and commits them",
            "LDG/kafka-filtering",
            values(&[r#"{"type":"a"}"#, r#"{"type":"b"}"#, r#"{"type":"a"}"#, "no json"]),
        )
        .with(|delivery| delivery.filters = vec![json!({"value": {"type": ["a"]}})])
        .expect(&[&[0, 2]], &[4]),
        Case::new("nothing passes the filter", "LDG/kafka-filtering", records(3))
            .with(|delivery| delivery.filters = vec![json!({"value": {"type": ["a"]}})])
            .expect(&[], &[3]),
    ]
}

fn answers() -> Vec<Case> {
    const DDB: &str = "LDG/services-ddb-batchfailurereporting (for streams)";
    let report = "LDG/kafka-retry-configurations; Powertools python base.py@0233a9d";
    let malformed = |name, source, answer| {
        Case::new(name, source, records(2)).answers(&[Answer::Raw(answer)]).expect(&[&[0, 1], &[0, 1]], &[2])
    };
    let success =
        |name, answer| Case::new(name, DDB, records(2)).answers(&[Answer::Raw(answer)]).expect(&[&[0, 1]], &[2]);
    vec![
        success("a null answer is success", "null"),
        success("an empty answer is success", "{}"),
        success("an empty list is success", r#"{"batchItemFailures":[]}"#),
        success("a null list is success", r#"{"batchItemFailures":null}"#),
        malformed("a null identifier fails the batch", DDB, r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#),
        malformed("an empty identifier fails the batch", DDB, r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#),
        malformed(
            "a wrong key fails the batch",
            DDB,
            r#"{"batchItemFailures":[{"item":{"partition":"topic-0","offset":0}}]}"#,
        ),
        malformed(
            "an unknown record fails the batch",
            "here",
            r#"{"batchItemFailures":[{"itemIdentifier":{"partition":"topic-0","offset":7}}]}"#,
        ),
        malformed("an answer without the list fails the batch", "here", r#"{"statusCode":200}"#),
        Case::new("without ReportBatchItemFailures answers are not read", DDB, records(2))
            .with(|delivery| delivery.report_batch_item_failures = false)
            .answers(&[Answer::Failed(&[0, 1])])
            .expect(&[&[0, 1]], &[2]),
        Case::new("only reported records are retried", report, records(5))
            .answers(&[Answer::Failed(&[1, 3]), Answer::Failed(&[3])])
            .expect(&[&[0, 1, 2, 3, 4], &[1, 3], &[3]], &[1, 3, 5]),
        Case::new("or everything from the first failure on", "unconfirmed; --partial-retry", records(5))
            .partial(FromFirstFailure)
            .answers(&[Answer::Failed(&[3, 1]), Answer::Failed(&[3])])
            .expect(&[&[0, 1, 2, 3, 4], &[1, 2, 3, 4], &[3, 4]], &[1, 3, 5]),
        Case::new("a report of all is a failure of all", report, records(2))
            .answers(&[Answer::Failed(&[0, 1])])
            .expect(&[&[0, 1], &[0, 1]], &[2]),
    ]
}

fn failing() -> Vec<Case> {
    let retry = "LDG/kafka-retry-configurations";
    vec![
        Case::new("an error retries the whole batch", "LDG/with-msk-process", records(3))
            .answers(&[Answer::Error, Answer::Error])
            .expect(&[&[0, 1, 2], &[0, 1, 2], &[0, 1, 2]], &[3]),
        Case::new("MaximumRetryAttempts does not count the first invocation", retry, records(2))
            .with(|delivery| {
                delivery.maximum_retry_attempts = Some(2);
                delivery.batch_size = 1;
            })
            .answers(&[Answer::Error, Answer::Error, Answer::Error])
            .expect(&[&[0], &[0], &[0], &[1]], &[1, 2]),
        Case::new("what is given up goes to the bucket, with its event", "LDG/kafka-on-failure", records(2))
            .with(|delivery| {
                delivery.maximum_retry_attempts = Some(0);
                delivery.on_failure = Some(BUCKET.into());
            })
            .answers(&[Answer::Error])
            .expect(&[&[0, 1]], &[2])
            .gives_up("failures", "RetryAttemptsExhausted", 1, &[0, 1]),
        Case::new("only what failed is given up", retry, records(3))
            .with(|delivery| {
                delivery.maximum_retry_attempts = Some(1);
                delivery.on_failure = Some(BUCKET.into());
            })
            .answers(&[Answer::Failed(&[1]), Answer::Failed(&[1])])
            .expect(&[&[0, 1, 2], &[1]], &[1, 3])
            .gives_up("failures", "RetryAttemptsExhausted", 2, &[1]),
        Case::new("a Kafka destination gets each record by itself", "LDG/kafka-on-failure-destination", records(2))
            .with(|delivery| {
                delivery.maximum_retry_attempts = Some(0);
                delivery.on_failure = Some("kafka://dead-letters".into());
            })
            .answers(&[Answer::Error])
            .expect(&[&[0, 1]], &[2])
            .gives_up("dead-letters", "RetryAttemptsExhausted", 1, &[0])
            .gives_up("dead-letters", "RetryAttemptsExhausted", 1, &[1]),
        Case::new("unlimited retries with a destination end after 10", retry, records(1))
            .with(|delivery| delivery.on_failure = Some(BUCKET.into()))
            .answers(&[Answer::ErrorForEver])
            .expect(&[&[0_i64] as &[i64]; 11], &[1])
            .gives_up("failures", "RetryAttemptsExhausted", 11, &[0]),
        Case::new(
            "a batch is split, and splitting uses no retry",
            "LDG/kafka-retry-configurations; LDG/kinesis-on-failure-destination",
            records(4),
        )
        .with(|delivery| {
            delivery.bisect = true;
            delivery.maximum_retry_attempts = Some(1);
            delivery.on_failure = Some(BUCKET.into());
        })
        // All; the first half; its records 0 and 1 alone, 1 with its retry; the second half.
        .answers(&[Answer::Error, Answer::Error, Answer::Ok, Answer::Error, Answer::Error, Answer::Ok])
        .expect(&[&[0, 1, 2, 3], &[0, 1], &[0], &[1], &[1], &[2, 3]], &[1, 2, 4])
        .gives_up("failures", "RetryAttemptsExhausted", 4, &[1]),
        Case::new(
            "a partial answer is a split as well",
            "LDG/services-ddb-batchfailurereporting (for streams)",
            records(3),
        )
        .with(|delivery| {
            delivery.bisect = true;
            delivery.maximum_retry_attempts = Some(0);
        })
        .answers(&[Answer::Failed(&[1, 2]), Answer::Failed(&[2])])
        .expect(&[&[0, 1, 2], &[1, 2], &[2]], &[1, 2, 3]),
        Case::new("records over MaximumRecordAgeInSeconds are not sent", retry, aged(&[61, 59]))
            .with(|delivery| {
                delivery.maximum_record_age = Some(Duration::from_secs(60));
                delivery.on_failure = Some(BUCKET.into());
            })
            .expect(&[&[1]], &[1, 2])
            .gives_up("failures", "RecordAgeExceeded", 0, &[0]),
        Case::new(
            "a throttled invocation uses no retry",
            "LDG/kinesis-on-failure-destination (for streams)",
            records(1),
        )
        .with(|delivery| delivery.maximum_retry_attempts = Some(0))
        .answers(&[Answer::Throttle, Answer::Throttle, Answer::Throttle])
        .expect(&[&[0_i64] as &[i64]; 4], &[1]),
    ]
}

#[tokio::test]
async fn mappings_follow_the_table() {
    for case in batching().into_iter().chain(answers()).chain(failing()) {
        run(case).await;
    }
}

async fn run(case: Case) {
    let label = format!("{} ({})", case.name, case.source);
    let mut delivery = delivery();
    (case.setup)(&mut delivery);
    let (script, log, kept) = (Script::new(&case.script), Arc::new(Log::default()), Arc::new(Kept::default()));
    for record in case.records {
        log.append(record);
    }
    let (stop, signal) = watch::channel(false);
    let running = tokio::spawn(poller(&delivery, case.partial, &script, &log, &kept).run(Stop::new(signal)));
    until(&label, || case.commits.iter().all(|(partition, commits)| log.commits(*partition).last() == commits.last()))
        .await;
    stop.send(true).unwrap();
    running.await.unwrap();
    for (partition, invocations) in case.invocations {
        assert_eq!(script.of_partition(partition), invocations, "{label}: invocations");
    }
    for (partition, commits) in case.commits {
        assert_eq!(log.commits(partition), commits, "{label}: commits");
    }
    assert_eq!(messages(&kept), case.destination, "{label}: destination");
    assert!(script.largest.load(Ordering::SeqCst) <= PAYLOAD_BYTES, "{label}: payload");
}

/// What the destination received; also checks that it is as documented.
fn messages(kept: &Kept) -> Vec<(&'static str, &'static str, u64, Vec<i64>)> {
    let messages = kept.messages.lock().unwrap();
    messages
        .iter()
        .map(|(place, key, document)| {
            let info = &document["KafkaBatchInfo"];
            let event = match document["payload"].as_str() {
                Some(text) => serde_json::from_str(text).unwrap(),
                None => document["payload"].clone(),
            };
            let sent = event["records"][format!("{TOPIC}-0")].as_array().unwrap();
            let offsets: Vec<i64> = sent.iter().map(|record| record["offset"].as_i64().unwrap()).collect();
            assert_eq!(info["batchSize"], offsets.len());
            assert_eq!(info["bootstrapServers"], "broker:9092");
            let place = if place == "failures" {
                let range = &info["recordsInfo"][format!("{TOPIC}-0")];
                assert_eq!(range["firstRecordOffset"], offsets[0].to_string());
                assert_eq!(range["lastRecordOffset"], offsets[offsets.len() - 1].to_string());
                "failures"
            } else {
                assert_eq!(key.as_deref(), Some(format!("key-{}", offsets[0]).as_bytes()));
                assert_eq!(info["recordInfo"]["offset"], offsets[0].to_string());
                "dead-letters"
            };
            let context = &document["requestContext"];
            let condition = match context["condition"].as_str().unwrap() {
                "RetryAttemptsExhausted" => "RetryAttemptsExhausted",
                "RecordAgeExceeded" => "RecordAgeExceeded",
                "MaximumPayloadSizeExceeded" => "MaximumPayloadSizeExceeded",
                other => unreachable!("{other}"),
            };
            (place, condition, context["approximateInvokeCount"].as_u64().unwrap(), offsets)
        })
        .collect()
}

#[tokio::test]
async fn a_failing_batch_blocks_its_partition_and_no_other() {
    let log = Arc::new(Log::default());
    for offset in 0..6 {
        log.append(record(0, offset, "{}"));
        log.append(record(1, offset, "{}"));
    }
    let mut delivery = delivery();
    delivery.batch_size = 2;
    let script = Script::new(&[(0, Answer::ErrorForEver)]);
    let (stop, signal) = watch::channel(false);
    let poller = poller(&delivery, ReportedOnly, &script, &log, &Arc::default());
    let running = tokio::spawn(poller.run(Stop::new(signal)));
    until("partition 1 goes on", || log.commits(1) == [2, 4, 6] && script.of_partition(0).len() > 5).await;
    stop.send(true).unwrap();
    running.await.unwrap();
    assert!(script.of_partition(0).iter().all(|offsets| *offsets == [0, 1]));
    assert_eq!(log.commits(0), [] as [i64; 0]);
}

#[tokio::test]
async fn a_restart_continues_from_the_commit() {
    let log = Arc::new(Log::default());
    for offset in 0..4 {
        log.append(record(0, offset, "{}"));
    }
    log.committed_before(0, 2);
    let script = Script::new(&[]);
    let (stop, signal) = watch::channel(false);
    let poller = poller(&delivery(), ReportedOnly, &script, &log, &Arc::default());
    let running = tokio::spawn(poller.run(Stop::new(signal)));
    until("the rest is committed", || log.commits(0) == [2, 4]).await;
    // A record that arrives later is a batch of its own.
    log.append(record(0, 4, "{}"));
    until("the late record is committed", || log.commits(0) == [2, 4, 5]).await;
    stop.send(true).unwrap();
    running.await.unwrap();
    assert_eq!(script.invocations(), [(0, vec![2, 3]), (0, vec![4])]);
}

#[tokio::test]
async fn a_stop_abandons_a_hanging_invocation_and_commits_what_was_completed() {
    let log = Arc::new(Log::default());
    for offset in 0..3 {
        log.append(record(0, offset, "{}"));
    }
    let script = Script::new(&[(0, Answer::Failed(&[1, 2])), (0, Answer::Hang)]);
    let (stop, signal) = watch::channel(false);
    let poller = poller(&delivery(), ReportedOnly, &script, &log, &Arc::default());
    let running = tokio::spawn(poller.run(Stop::new(signal)));
    until("the retry hangs", || script.invocations().len() == 2).await;
    stop.send(true).unwrap();
    let bound = STOP_GRACE + Duration::from_secs(1);
    tokio::time::timeout(bound, running).await.expect("it stops in time").unwrap();
    assert_eq!(log.commits(0), [1]);
}
