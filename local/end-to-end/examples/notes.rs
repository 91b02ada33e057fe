//! Two Lambda functions that are not part of Millrace, in one binary, for `tests/foreign_template`: records of a topic
//! become items of a table, and `GET /notes/{id}` reads them.

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
    if let Some(id) = event.pointer("/pathParameters/id").and_then(Value::as_str) {
        return read(client, table, id).await;
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

async fn read(client: &Client, table: &str, id: &str) -> Result<Value, Error> {
    let found = client.get_item().table_name(table).key("id", AttributeValue::S(id.to_owned())).send().await?;
    let text = found.item().and_then(|item| item.get("text")?.as_s().ok());
    Ok(match text {
        Some(text) => json!({"statusCode": 200, "body": text}),
        None => json!({"statusCode": 404}),
    })
}
