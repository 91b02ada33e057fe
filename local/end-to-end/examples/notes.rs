//! Three Lambda functions that are not part of Millrace, in one binary, for `tests/foreign_template`: records of a topic
//! become items of a table, `GET /notes/{id}` reads them, and an authorizer says who may.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use local_aws_client::Access;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let client = Access::external(&std::env::var("AWS_ENDPOINT_URL")?, |name| std::env::var(name).ok()).dynamodb();
    let table = std::env::var("NOTES_TABLE")?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| handle(&client, &table, event.payload).await))
        .await
}

async fn handle(client: &Client, table: &str, event: Value) -> Result<Value, Error> {
    if event["type"] == "REQUEST" {
        return gate(&event);
    }
    if let Some(id) = event.pointer("/pathParameters/id").and_then(Value::as_str) {
        let who = event.pointer("/requestContext/authorizer/lambda/who").cloned().unwrap_or_default();
        return read(client, table, id, &who).await;
    }
    let partitions = event["records"].as_object().into_iter().flatten();
    for record in partitions.filter_map(|(_, records)| records.as_array()).flatten() {
        let text = |name: &str| -> Result<AttributeValue, Error> {
            let encoded = record[name].as_str().ok_or("a record without a key or a value")?;
            Ok(AttributeValue::S(String::from_utf8(STANDARD.decode(encoded)?)?))
        };
        client.put_item().table_name(table).item("id", text("key")?).item("text", text("value")?).send().await?;
    }
    Ok(json!({"batchItemFailures": []}))
}

/// Lets everybody in whose key begins with `friend-`, and counts how often it was asked.
fn gate(event: &Value) -> Result<Value, Error> {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let key = event["identitySource"][0].as_str().ok_or("no identity")?;
    if key == "broken" {
        return Err("broken".into());
    }
    let who = format!("{key} {}", ASKED.fetch_add(1, Ordering::SeqCst));
    Ok(json!({"isAuthorized": key.starts_with("friend-"), "context": {"who": who}}))
}

async fn read(client: &Client, table: &str, id: &str, who: &Value) -> Result<Value, Error> {
    let found = client.get_item().table_name(table).key("id", AttributeValue::S(id.to_owned())).send().await?;
    let text = found.item().and_then(|item| item.get("text")?.as_s().ok());
    Ok(match text {
        Some(text) => json!({"statusCode": 200, "body": text, "headers": {"x-who": who.as_str().unwrap_or("nobody")}}),
        None => json!({"statusCode": 404}),
    })
}
