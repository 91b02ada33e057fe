//! Every version of a table's items, from its stream.

use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType};
use local_lambda::mapping::stream_api::{RECORDS_PER_CALL, Start, StreamsApi};
use serde_json::Value;

use super::Stack;

impl Stack {
    /// Enables a stream on a table, so that [`Stack::history`] sees every write from now on.
    pub async fn keep_history(&self, logical_id: &str) {
        let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewImage);
        let update = self.dynamodb.update_table().table_name(self.table(logical_id));
        update.stream_specification(stream.build().unwrap()).send().await.unwrap();
    }

    /// Every version of every item, in write order, as DynamoDB JSON.
    pub async fn history(&self, logical_id: &str) -> Vec<Value> {
        let api = StreamsApi::new(reqwest::Client::builder().no_proxy().build().unwrap(), &self.addresses.aws);
        let arn = api.stream_arn(self.table(logical_id)).await.unwrap();
        let mut images = Vec::new();
        for shard in api.shards(&arn).await.unwrap() {
            let mut iterator = Some(api.iterator(&arn, &shard.shard_id, &Start::TrimHorizon).await.unwrap());
            while let Some(at) = iterator {
                let page = api.records(&at, RECORDS_PER_CALL).await.unwrap();
                let image = |record: &Value| record.pointer("/dynamodb/NewImage").cloned();
                images.extend(page.records.iter().filter_map(image));
                // An open shard always has another page.
                iterator = page.next_shard_iterator.filter(|_| !page.records.is_empty());
            }
        }
        images
    }
}
