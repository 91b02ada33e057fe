//! Every version of a table's items, from its stream.

use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use local_lambda::mapping::stream_api::{RECORDS_PER_CALL, Start, StreamsApi};
use serde_json::Value;

use super::Stack;

/// A shard of a stream.
#[derive(Debug, Clone)]
pub struct Shard {
    /// ARN of the stream.
    pub stream: String,
    pub id: String,
    pub records: Vec<Value>,
}

impl Stack {
    /// Enables a stream on a table, so that [`Stack::history`] sees every write from now on.
    pub async fn keep_history(&self, logical_id: &str) {
        let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
        let update = self.dynamodb.update_table().table_name(self.table(logical_id));
        update.stream_specification(stream.build().unwrap()).send().await.unwrap();
    }

    /// Every version of every item, in write order, as DynamoDB JSON.
    pub async fn history(&self, logical_id: &str) -> Vec<Value> {
        let shards = self.stream(logical_id).await.into_iter();
        let records = shards.flat_map(|shard| shard.records);
        records.filter_map(|record| record.pointer("/dynamodb/NewImage").cloned()).collect()
    }

    /// The shards of the table's stream with their records, as a mapping reads them.
    pub async fn stream(&self, logical_id: &str) -> Vec<Shard> {
        let api = StreamsApi::new(reqwest::Client::builder().no_proxy().build().unwrap(), &self.addresses.aws);
        let arn = api.stream_arn(self.table(logical_id)).await.unwrap();
        let mut shards = Vec::new();
        for shard in api.shards(&arn).await.unwrap() {
            let mut records = Vec::new();
            let mut iterator = Some(api.iterator(&arn, &shard.shard_id, &Start::TrimHorizon).await.unwrap());
            while let Some(at) = iterator {
                let page = api.records(&at, RECORDS_PER_CALL).await.unwrap();
                // An open shard always has another page.
                iterator = page.next_shard_iterator.filter(|_| !page.records.is_empty());
                records.extend(page.records);
            }
            shards.push(Shard { stream: arn.clone(), id: shard.shard_id, records });
        }
        shards
    }
}
