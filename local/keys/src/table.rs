//! The table of keys. Every write is on condition that the key is still as it was read.

use anyhow::{Context, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use millrace_access::key::{ID, KeyId, KeyItem, PREVIOUS_HASH, PREVIOUS_UNTIL, REVOKED_AT, SECRET_HASH, stored};
use millrace_platform::dynamo::{OnTable, StoreError, n};

/// The table.
pub struct Table {
    dynamo: Client,
    name: String,
}

impl Table {
    pub fn new(dynamo: Client, name: String) -> Self {
        Self { dynamo, name }
    }

    /// Stores a new key.
    pub async fn create(&self, item: &KeyItem) -> anyhow::Result<()> {
        let put = self.dynamo.put_item().table_name(&self.name).set_item(Some(item.to_item()));
        let put = put.condition_expression("attribute_not_exists(#id)").expression_attribute_names("#id", ID);
        put.send().await.on(&self.name).context("the key is not stored")?;
        Ok(())
    }

    /// The key with this id.
    pub async fn read(&self, id: &KeyId) -> anyhow::Result<Option<KeyItem>> {
        let get = self.dynamo.get_item().table_name(&self.name).set_key(Some(KeyItem::key(id))).consistent_read(true);
        let found = get.send().await.on(&self.name)?;
        Ok(found.item.as_ref().map(KeyItem::read).transpose()?)
    }

    /// Every key, oldest first.
    pub async fn list(&self) -> anyhow::Result<Vec<KeyItem>> {
        let scan = self.dynamo.scan().table_name(&self.name).consistent_read(true);
        let mut pages = scan.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.on(&self.name)?;
            for item in page.items() {
                keys.push(KeyItem::read(item)?);
            }
        }
        keys.sort_by_key(|key| key.created_at);
        Ok(keys)
    }

    /// Replaces the secrets of the key that was read as `before`.
    pub async fn rotate(&self, before: &KeyItem, after: &KeyItem) -> anyhow::Result<()> {
        let update = self
            .update(&before.id)
            .condition_expression("#hash = :before AND attribute_not_exists(#revoked)")
            .expression_attribute_names("#hash", SECRET_HASH)
            .expression_attribute_names("#previous", PREVIOUS_HASH)
            .expression_attribute_names("#until", PREVIOUS_UNTIL)
            .expression_attribute_names("#revoked", REVOKED_AT)
            .expression_attribute_values(":before", stored(&before.hash))
            .expression_attribute_values(":hash", stored(&after.hash));
        let update = match after.previous {
            Some(previous) => update
                .update_expression("SET #hash = :hash, #previous = :previous, #until = :until")
                .expression_attribute_values(":previous", stored(&previous.hash))
                .expression_attribute_values(":until", n(previous.until)),
            None => update.update_expression("SET #hash = :hash REMOVE #previous, #until"),
        };
        self.written(update, "the key was changed by somebody else meanwhile").await
    }

    /// Revokes a key. Revoked again, it keeps its first time.
    pub async fn revoke(&self, id: &KeyId, now: i64) -> anyhow::Result<()> {
        let update = self
            .update(id)
            .update_expression("SET #revoked = if_not_exists(#revoked, :now)")
            .condition_expression("attribute_exists(#id)")
            .expression_attribute_names("#id", ID)
            .expression_attribute_names("#revoked", REVOKED_AT)
            .expression_attribute_values(":now", n(now));
        self.written(update, "there is no such key").await
    }

    fn update(&self, id: &KeyId) -> UpdateItemFluentBuilder {
        self.dynamo.update_item().table_name(&self.name).set_key(Some(KeyItem::key(id)))
    }

    async fn written(&self, update: UpdateItemFluentBuilder, otherwise: &str) -> anyhow::Result<()> {
        match update.send().await.on(&self.name) {
            Ok(_) => Ok(()),
            Err(StoreError::Condition(_)) => bail!("{otherwise}"),
            Err(error) => Err(error.into()),
        }
    }
}
