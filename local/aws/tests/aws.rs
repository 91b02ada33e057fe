//! The AWS endpoint as clients see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use aws_sdk_s3::primitives::ByteStream;
use futures::future::join_all;
use http::StatusCode;
use local_aws::{Access, AwsEndpoint, Settings};
use local_faults::{Fault, Faults, Kind};
use local_template::model::{Bucket, Table};
use serde_json::json;

const TABLE: &str = "outbox";
const BUCKET: &str = "archive";

fn tables() -> Vec<Table> {
    let create = json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {"Enabled": true},
    });
    vec![Table {
        logical_id: "OutboxTable".into(),
        name: TABLE.into(),
        create,
        ttl_attribute: Some("expiresAt".into()),
    }]
}

fn buckets() -> Vec<Bucket> {
    vec![Bucket { logical_id: "ArchiveBucket".into(), name: BUCKET.into() }]
}

struct Stack {
    endpoint: AwsEndpoint,
    access: Access,
    faults: Arc<Faults>,
}

async fn start(data: Option<PathBuf>) -> Stack {
    let faults = Arc::new(Faults::default());
    let endpoint = AwsEndpoint::start(Settings { port: 0, data, faults: faults.clone() }).await.unwrap();
    let access = Access::embedded(endpoint.address());
    local_aws::create_missing(&access, &tables(), &buckets()).await.unwrap();
    Stack { endpoint, access, faults }
}

impl Stack {
    fn fault(&self, kind: Kind, duration_ms: u64) {
        self.faults.start(Fault { kind, probability: 1.0, duration_ms, function: None, delay_ms: 0 });
    }

    /// A client without retries, so that each fault is visible.
    fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let once = aws_sdk_dynamodb::config::retry::RetryConfig::disabled();
        let config = self.access.dynamodb().config().to_builder().retry_config(once).build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }
}

fn string(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn put(id: &str) -> TransactWriteItem {
    let put = Put::builder().table_name(TABLE).item("id", string(id)).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

async fn exists(client: &aws_sdk_dynamodb::Client, id: &str) -> bool {
    client.get_item().table_name(TABLE).key("id", string(id)).send().await.unwrap().item.is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_condition_gives_the_old_item() {
    let stack = start(None).await;
    let client = stack.dynamodb();
    let put = |n: u32| {
        client
            .put_item()
            .table_name(TABLE)
            .item("id", string("a"))
            .item("n", AttributeValue::N(n.to_string()))
            .condition_expression("attribute_not_exists(id)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    };
    put(1).send().await.unwrap();
    let error = put(2).send().await.unwrap_err().into_service_error();
    let failed = match error {
        aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) => failed,
        other => panic!("{other:?}"),
    };
    assert_eq!(failed.item().unwrap()["n"], AttributeValue::N("1".into()));
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_table_does_nothing_and_can_still_be_described() {
    let stack = start(None).await;
    let client = stack.dynamodb();
    stack.fault(Kind::DynamodbThrottled, 60_000);
    let error = client.put_item().table_name(TABLE).item("id", string("a")).send().await.unwrap_err();
    assert!(error.into_service_error().is_provisioned_throughput_exceeded_exception());
    let error = client.transact_write_items().transact_items(put("a")).send().await.unwrap_err();
    assert!(error.into_service_error().is_provisioned_throughput_exceeded_exception());
    client.describe_table().table_name(TABLE).send().await.unwrap();
    stack.fault(Kind::DynamodbThrottled, 0);
    assert!(!exists(&client, "a").await);
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflicting_transaction_names_a_reason_for_each_item_and_writes_none() {
    let stack = start(None).await;
    let client = stack.dynamodb();
    stack.fault(Kind::TransactionConflict, 60_000);
    let transaction = || client.transact_write_items().transact_items(put("a")).transact_items(put("b"));
    let error = transaction().send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error:?}") };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["TransactionConflict", "None"]);
    client.put_item().table_name(TABLE).item("id", string("c")).send().await.unwrap();
    stack.fault(Kind::TransactionConflict, 0);
    assert!(!exists(&client, "a").await && !exists(&client, "b").await && exists(&client, "c").await);
    transaction().send().await.unwrap();
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_after_commit_has_committed_and_a_token_makes_the_retry_safe() {
    let stack = start(None).await;
    let client = stack.dynamodb();
    let add = Update::builder()
        .table_name(TABLE)
        .key("id", string("a"))
        .update_expression("ADD n :one")
        .expression_attribute_values(":one", AttributeValue::N("1".into()))
        .build()
        .unwrap();
    let transaction = || {
        let add = TransactWriteItem::builder().update(add.clone()).build();
        client.transact_write_items().transact_items(add).client_request_token("token-1")
    };
    stack.fault(Kind::ErrorAfterCommit, 60_000);
    let error = transaction().send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 500);
    assert!(error.into_service_error().is_internal_server_error());
    // Reads are not affected, and a failed condition is reported as such.
    assert!(exists(&client, "a").await);
    let refused = client.put_item().table_name(TABLE).item("id", string("a"));
    let refused = refused.condition_expression("attribute_not_exists(id)").send().await.unwrap_err();
    assert!(refused.into_service_error().is_conditional_check_failed_exception());
    stack.fault(Kind::ErrorAfterCommit, 0);
    transaction().send().await.unwrap();
    let item = client.get_item().table_name(TABLE).key("id", string("a")).send().await.unwrap().item.unwrap();
    assert_eq!(item["n"], AttributeValue::N("1".into()));
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_stream_hands_out_new_images() {
    let stack = start(None).await;
    let client = stack.dynamodb();
    let table = client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    client.put_item().table_name(TABLE).item("id", string("a")).send().await.unwrap();
    let stream = table.latest_stream_arn().unwrap();
    let call = |operation: &str, body: serde_json::Value| {
        reqwest::Client::new()
            .post(format!("http://{}/", stack.endpoint.address()))
            .header("x-amz-target", format!("DynamoDBStreams_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string())
            .send()
    };
    let described = call("DescribeStream", json!({"StreamArn": stream})).await.unwrap();
    let described: serde_json::Value = described.json().await.unwrap();
    let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
    let from = json!({"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
    let iterator: serde_json::Value = call("GetShardIterator", from).await.unwrap().json().await.unwrap();
    let at = json!({"ShardIterator": iterator["ShardIterator"]});
    let records: serde_json::Value = call("GetRecords", at).await.unwrap().json().await.unwrap();
    assert_eq!(records["Records"][0]["dynamodb"]["NewImage"], json!({"id": {"S": "a"}}), "{records}");
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_ttl_is_deleted_beyond_the_first_page_too_and_nothing_else() {
    let stack = start(None).await;
    let client = stack.dynamodb();
    let ttl = client.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    assert_eq!(ttl.time_to_live_description().unwrap().attribute_name(), Some("expiresAt"));
    let number = |seconds: i64| AttributeValue::N(seconds.to_string());
    let later = jiff::Timestamp::now().as_second() + 3_600;
    let text = AttributeValue::S("1".into());
    // More than two pages.
    for id in 0..120 {
        let put = client.put_item().table_name(TABLE).item("id", string(&format!("{id}")));
        let put = match id % 4 {
            0 => put.item("expiresAt", number(1)),
            1 => put.item("expiresAt", number(later)),
            2 => put.item("expiresAt", text.clone()),
            _ => put,
        };
        put.send().await.unwrap();
    }
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let left = async || {
        let scanned = client.scan().table_name(TABLE).consistent_read(true).send().await.unwrap();
        let ids = scanned.items().iter().map(|item| item["id"].as_s().unwrap().parse::<u32>().unwrap());
        ids.collect::<std::collections::BTreeSet<_>>()
    };
    while left().await.iter().any(|id| id % 4 == 0) {
        assert!(std::time::Instant::now() < deadline, "not all was deleted");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(left().await.len(), 90);
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_racing_conditional_puts_one_wins() {
    let stack = start(None).await;
    let client = stack.access.s3();
    for round in 0..5 {
        let key = format!("product-events/dt=2026-01-01/hour=00/0-{round}.ndjson.zst");
        let race = join_all((0..16).map(|writer| {
            let put = client.put_object().bucket(BUCKET).key(&key).if_none_match("*");
            put.body(ByteStream::from(vec![writer; 20_000])).send()
        }));
        let answers = race.await;
        let winners: Vec<u8> = (0..16).filter(|writer| answers[usize::from(*writer)].is_ok()).collect();
        assert_eq!(winners.len(), 1);
        for error in answers.into_iter().filter_map(Result::err) {
            assert_eq!(error.raw_response().unwrap().status().as_u16(), 412);
            assert_eq!(error.into_service_error().meta().code(), Some("PreconditionFailed"));
        }
        let body = client.get_object().bucket(BUCKET).key(&key).send().await.unwrap().body;
        assert_eq!(body.collect().await.unwrap().into_bytes(), vec![winners[0]; 20_000]);
    }
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_put_got_listed_and_presigned_with_any_key() {
    let stack = start(None).await;
    let other = aws_sdk_s3::config::Credentials::new("AKIAOTHER", "secret", Some("token".into()), None, "test");
    let config = stack.access.s3().config().to_builder().credentials_provider(other).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let keys: BTreeSet<_> = (0..25).map(|n| format!("a topic/dt=2026-01-01/hour=0{}/{n}+ü.txt", n % 3)).collect();
    for key in &keys {
        let put = client.put_object().bucket(BUCKET).key(key).metadata("events", "3").body(b"body".to_vec().into());
        put.send().await.unwrap();
    }
    let got = client.get_object().bucket(BUCKET).key(keys.first().unwrap()).send().await.unwrap();
    assert_eq!(got.metadata().unwrap()["events"], "3");
    assert_eq!(got.body.collect().await.unwrap().into_bytes(), "body");
    let mut listed = BTreeSet::new();
    let list = client.list_objects_v2().bucket(BUCKET).prefix("a topic/dt=2026-01-01/").max_keys(10);
    let mut pages = list.into_paginator().send();
    while let Some(page) = pages.next().await {
        listed.extend(page.unwrap().contents().iter().map(|object| object.key().unwrap().to_owned()));
    }
    assert_eq!(listed, keys);
    let hour = aws_sdk_s3::presigning::PresigningConfig::expires_in(std::time::Duration::from_secs(3_600)).unwrap();
    let link = client.get_object().bucket(BUCKET).key(keys.last().unwrap()).presigned(hour).await.unwrap();
    assert_eq!(reqwest::get(link.uri()).await.unwrap().text().await.unwrap(), "body");
    stack.endpoint.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_objects_survive_a_restart_in_the_data_directory() {
    let data = tempfile::tempdir().unwrap();
    for round in 0..2 {
        let stack = start(Some(data.path().into())).await;
        let (dynamodb, s3) = (stack.dynamodb(), stack.access.s3());
        if round == 0 {
            dynamodb.put_item().table_name(TABLE).item("id", string("a")).send().await.unwrap();
            s3.put_object().bucket(BUCKET).key("a").body(b"kept".to_vec().into()).send().await.unwrap();
        } else {
            assert!(exists(&dynamodb, "a").await);
            let body = s3.get_object().bucket(BUCKET).key("a").send().await.unwrap().body;
            assert_eq!(body.collect().await.unwrap().into_bytes(), "kept");
        }
        stack.endpoint.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_is_taken_into_the_inbox_and_bad_mail_is_refused() {
    let stack = start(None).await;
    let send = |body: serde_json::Value| {
        let url = format!("http://{}/v2/email/outbound-emails", stack.endpoint.address());
        reqwest::Client::new().post(url).json(&body).send()
    };
    let simple = json!({
        "FromEmailAddress": "shop@example.com",
        "Destination": {"ToAddresses": ["cook@example.com"], "CcAddresses": ["boss@example.com"]},
        "Content": {"Simple": {
            "Subject": {"Data": "Low stock: Flour", "Charset": "UTF-8"},
            "Body": {"Text": {"Data": "499 g left"}, "Html": {"Data": "<b>499 g</b> left"}},
        }},
        "EmailTags": [{"Name": "eventId", "Value": "e-1"}],
    });
    let answer = send(simple).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.json::<serde_json::Value>().await.unwrap()["MessageId"].is_string());
    let raw = json!({"Content": {"Raw": {
        "Data": "VG86IGNvb2tAZXhhbXBsZS5jb20NClN1YmplY3Q6IEEgbG9uZw0KIHN1YmplY3QNCg0KSGVsbG8="
    }}});
    assert_eq!(send(raw).await.unwrap().status(), StatusCode::OK);
    let template = json!({"Destination": {"ToAddresses": ["a@b"]}, "Content": {"Template": {
        "TemplateContent": {"Subject": "{{name}} is low", "Text": "{{left}} left"},
        "TemplateData": "{\"name\":\"Salt\",\"left\":4}",
    }}});
    assert_eq!(send(template).await.unwrap().status(), StatusCode::OK);
    let tagged = |name: &str, value: &str| {
        let content = json!({"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}});
        let tags = json!([{"Name": "eventId", "Value": "e-1"}, {"Name": name, "Value": value}]);
        send(json!({"Destination": {"ToAddresses": ["a@b"]}, "Content": content, "EmailTags": tags}))
    };
    let (longest, too_long) = ("a".repeat(256), "a".repeat(257));
    for (name, value) in [
        ("", "v"),
        ("n", ""),
        ("a b", "v"),
        ("n", "a.b"),
        ("n", "a@b"),
        ("n", "\u{fc}"),
        ("n", "a:b"),
        ("ses:x", "v"),
        ("n", "v\n"),
        (too_long.as_str(), "v"),
        ("n", too_long.as_str()),
    ] {
        let refused = tagged(name, value).await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{name:?} {value:?}");
        assert_eq!(refused.headers()["x-amzn-errortype"], "BadRequestException");
    }
    assert_eq!(tagged(&longest, &longest).await.unwrap().status(), StatusCode::OK);
    assert_eq!(tagged("_-aZ09", "-").await.unwrap().status(), StatusCode::OK);
    let nobody = send(json!({"Content": {"Simple": {"Subject": {"Data": ""}, "Body": {}}}})).await.unwrap();
    assert_eq!(nobody.status(), StatusCode::BAD_REQUEST);
    assert_eq!(nobody.headers()["x-amzn-errortype"], "BadRequestException");
    assert!(nobody.json::<serde_json::Value>().await.unwrap()["message"].is_string());

    let mut mails = serde_json::to_value(stack.endpoint.inbox().mails()).unwrap();
    for mail in mails.as_array_mut().unwrap() {
        assert!(mail.as_object_mut().unwrap().remove("at").unwrap().as_str().unwrap().ends_with('Z'));
    }
    let expected = json!([
        {"to": ["cook@example.com", "boss@example.com"], "subject": "Low stock: Flour", "text": "499 g left",
         "html": "<b>499 g</b> left", "tags": {"eventId": "e-1"}},
        {"to": ["cook@example.com"], "subject": "A long subject", "text": "Hello", "html": null, "tags": {}},
        {"to": ["a@b"], "subject": "Salt is low", "text": "4 left", "html": null, "tags": {}},
        {"to": ["a@b"], "subject": "s", "text": "t", "html": null, "tags": {"eventId": "e-1", &longest: &longest}},
        {"to": ["a@b"], "subject": "s", "text": "t", "html": null, "tags": {"eventId": "e-1", "_-aZ09": "-"}},
    ]);
    assert_eq!(mails, expected);
    stack.endpoint.stop().await;
}

#[tokio::test]
async fn a_taken_port_says_which_flag_to_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let Err(error) = AwsEndpoint::start(Settings { port, data: None, faults: Arc::default() }).await else {
        panic!("the port is taken");
    };
    assert!(error.to_string().contains(&format!("port {port} is taken")), "{error}");
    assert!(error.to_string().contains("--aws-port"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused() {
    let stack = start(None).await;
    let url = format!("http://{}/{BUCKET}/large", stack.endpoint.address());
    let body = vec![0_u8; 16 * 1024 * 1024 + 1];
    let answer = reqwest::Client::new().put(url).body(body).send().await;
    // The connection may be closed before the whole body is sent.
    assert!(answer.map_or(true, |answer| answer.status() == StatusCode::PAYLOAD_TOO_LARGE));
    assert!(stack.access.s3().head_object().bucket(BUCKET).key("large").send().await.is_err());
    stack.endpoint.stop().await;
}
