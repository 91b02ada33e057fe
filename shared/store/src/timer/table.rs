//! The timers table. Its write actions belong in the transaction of a change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use super::DueEntry;
use super::item::{EXPIRES_AT, key, read, to_item};
use millrace_domain::id::TimerId;
use millrace_domain::timer::Timer;
use millrace_platform::dynamo::{Item, OnTable, StoreError, batch_get_keys, n};
use millrace_platform::settings::{self, MissingSetting};

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// The timers table.
#[derive(Debug, Clone)]
pub struct Table {
    dynamo: Client,
    name: String,
    /// How long a finished timer is kept.
    keep: Duration,
}

impl Table {
    /// The table `name`, which keeps finished timers for `keep`.
    #[must_use]
    pub fn new(dynamo: Client, name: String, keep: Duration) -> Self {
        Self { dynamo, name, keep }
    }

    /// The table that the setting `TIMERS_TABLE` names, with the retention of `TIMER_DAYS`.
    ///
    /// # Errors
    /// A setting is missing.
    pub fn from_env(dynamo: Client) -> Result<Self, MissingSetting> {
        let days: u32 = settings::parsed("TIMER_DAYS")?;
        Ok(Self::new(dynamo, settings::setting("TIMERS_TABLE")?, Duration::from_secs(u64::from(days) * DAY)))
    }

    /// Its client.
    #[must_use]
    pub fn dynamo(&self) -> &Client {
        &self.dynamo
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A timer, read consistently.
    ///
    /// # Errors
    /// The store does not answer, or the item cannot be read.
    pub async fn get(&self, id: &TimerId) -> Result<Option<Timer>, StoreError> {
        let get = self.dynamo.get_item().table_name(&self.name).set_key(Some(key(id))).consistent_read(true);
        get.send().await.on(&self.name)?.item().map(read).transpose()
    }

    /// Those of these timers that exist, read consistently.
    ///
    /// # Errors
    /// The store does not answer, or an item cannot be read.
    pub async fn get_all(&self, ids: &BTreeSet<&TimerId>) -> Result<BTreeMap<TimerId, Timer>, StoreError> {
        let keys: Vec<Item> = ids.iter().map(|id| key(id)).collect();
        let items = batch_get_keys(&self.dynamo, &self.name, &keys).await?;
        items.iter().map(|item| read(item).map(|timer| (timer.id.clone(), timer))).collect()
    }

    /// Stores a new timer.
    ///
    /// # Errors
    /// The timer has no item form.
    pub fn insert(&self, timer: &Timer) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.name).set_item(Some(self.item(timer)?));
        put_action(put.condition_expression("attribute_not_exists(pk)"))
    }

    /// Stores the next version of a timer, on condition that the stored version is the previous one.
    ///
    /// # Errors
    /// The timer has no item form.
    pub fn replace(&self, timer: &Timer) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.name).set_item(Some(self.item(timer)?));
        let put = put.condition_expression("version = :before");
        put_action(put.expression_attribute_values(":before", n(timer.version.saturating_sub(1))))
    }

    /// Adds the next attempt of a timer to the due index.
    ///
    /// # Errors
    /// Never in practice: a required field of the request is missing.
    pub fn add_due(&self, timer: &Timer) -> Result<TransactWriteItem, StoreError> {
        DueEntry::of(timer).put(&self.name)
    }

    /// Removes the next attempt of a timer (as it was before a change) from the due index; the entry need not exist.
    ///
    /// # Errors
    /// As [`Table::add_due`].
    pub fn remove_due(&self, timer: &Timer) -> Result<TransactWriteItem, StoreError> {
        DueEntry::of(timer).delete(&self.name)
    }

    fn item(&self, timer: &Timer) -> Result<Item, StoreError> {
        let mut item = to_item(timer)?;
        if timer.status.is_final() {
            let keep = i64::try_from(self.keep.as_secs()).unwrap_or(i64::MAX);
            item.insert(EXPIRES_AT.to_owned(), n(timer.updated_at.as_second().saturating_add(keep)));
        }
        Ok(item)
    }
}

fn put_action(put: PutBuilder) -> Result<TransactWriteItem, StoreError> {
    let put = put.build().map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}
