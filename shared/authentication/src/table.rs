//! The table of API keys.

use std::future::Future;

use aws_sdk_dynamodb::Client;
use millrace_access::key::{ID, KeyId, KeyItem, LAST_USED_AT};
use millrace_platform::dynamo::{OnTable, StoreError, n};

use crate::api_key::USE_NOTED_SECONDS;

/// Where the keys are.
pub trait KeyTable: Send + Sync {
    /// The key with this id.
    fn read(&self, id: &KeyId) -> impl Future<Output = Result<Option<KeyItem>, StoreError>> + Send;

    /// Notes that the key was used, unless that was noted within the hour.
    fn used(&self, id: &KeyId, now: i64) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The table in DynamoDB.
pub struct DynamoTable {
    dynamo: Client,
    table: String,
}

impl DynamoTable {
    pub fn new(dynamo: Client, table: String) -> Self {
        Self { dynamo, table }
    }
}

impl KeyTable for DynamoTable {
    async fn read(&self, id: &KeyId) -> Result<Option<KeyItem>, StoreError> {
        // Consistent, so that a key works once it is made, and no more once it is revoked.
        let get = self.dynamo.get_item().table_name(&self.table).set_key(Some(KeyItem::key(id))).consistent_read(true);
        let found = get.send().await.on(&self.table)?;
        found.item.as_ref().map(KeyItem::read).transpose()
    }

    async fn used(&self, id: &KeyId, now: i64) -> Result<(), StoreError> {
        let update = self.dynamo.update_item().table_name(&self.table).set_key(Some(KeyItem::key(id)));
        let update = update
            .update_expression("SET #used = :now")
            .condition_expression("attribute_exists(#id) AND (attribute_not_exists(#used) OR #used <= :before)")
            .expression_attribute_names("#id", ID)
            .expression_attribute_names("#used", LAST_USED_AT)
            .expression_attribute_values(":now", n(now))
            .expression_attribute_values(":before", n(now - USE_NOTED_SECONDS));
        match update.send().await.on(&self.table) {
            // Another instance has just noted it.
            Ok(_) | Err(StoreError::Condition(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
