//! Reads what a running stack has stored, published, logged, archived and given up.
//!
//! The parts are read once, one after the other, so nothing may write meanwhile. What cannot be parsed is noted and
//! judged; an error means that a service does not answer.

mod items;
mod objects;
pub mod topic;

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Select;
use jiff::Timestamp;
use local_aws_client::Access;

use self::items::Item;
use super::analytics::Analytics;
use super::observed::Observed;
use crate::Addresses;

/// A stack to read from.
#[derive(Debug, Clone)]
pub struct Reader {
    addresses: Addresses,
    dynamodb: Client,
    s3: aws_sdk_s3::Client,
}

impl Reader {
    /// The stack at these addresses; credentials for a real endpoint come from the environment.
    pub fn new(addresses: &Addresses) -> Self {
        let access = Access::external(&addresses.aws, |name| std::env::var(name).ok());
        Self { addresses: addresses.clone(), dynamodb: access.dynamodb(), s3: access.s3() }
    }

    /// Where the stack is.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Reads everything.
    ///
    /// # Errors
    /// A service does not answer, or the addresses lack a table or bucket.
    pub async fn observe(&self) -> anyhow::Result<Observed> {
        let mut observed = Observed::default();
        for item in self.items("ProductsTable").await? {
            keep(items::product(&item), "ProductsTable", &mut observed.products, &mut observed.unreadable);
        }
        for item in self.items("OrdersTable").await? {
            keep(items::order(&item), "OrdersTable", &mut observed.orders, &mut observed.unreadable);
        }
        for item in self.items("IngredientsTable").await? {
            keep(items::ingredient(&item), "IngredientsTable", &mut observed.ingredients, &mut observed.unreadable);
        }
        for item in self.items("MailTable").await? {
            keep(items::mail(&item), "MailTable", &mut observed.mails, &mut observed.unreadable);
        }
        for item in self.items("TimersTable").await? {
            items::of_timers(&item, &mut observed);
        }
        observed.outbox = self.pending().await?;
        for name in &self.addresses.topics {
            observed.records.extend(topic::records(&self.addresses.kafka, name).await?);
        }
        for item in self.items("EventLogTable").await? {
            keep(items::logged(&item), "EventLogTable", &mut observed.log, &mut observed.unreadable);
        }
        let (analytics, unreadable) = self.analytics().await?;
        observed.analytics = Some((analytics, Timestamp::now()));
        observed.unreadable.extend(unreadable.into_iter().map(|why| ("AnalyticsTable".to_owned(), why)));
        self.read_archive(&mut observed).await?;
        for item in self.items("DeadLetterTable").await? {
            let letter = self.letter(&item).await?;
            keep(letter, "DeadLetterTable", &mut observed.dead_letters, &mut observed.unreadable);
        }
        self.read_feed(&mut observed).await?;
        Ok(observed)
    }

    async fn read_feed(&self, observed: &mut Observed) -> anyhow::Result<()> {
        if !self.addresses.tables.contains_key("NotificationsTable") {
            return Ok(());
        }
        let mut feed = Vec::new();
        for item in self.items("NotificationsTable").await? {
            keep(items::chunk(&item), "NotificationsTable", &mut feed, &mut observed.unreadable);
        }
        observed.feed = Some(feed.concat());
        Ok(())
    }

    /// Aggregate and entry of what is pending in the outbox.
    ///
    /// # Errors
    /// DynamoDB does not answer.
    pub async fn pending(&self) -> anyhow::Result<Vec<String>> {
        Ok(self.items("OutboxTable").await?.iter().map(items::pending).collect())
    }

    /// The analytics, and why items of it cannot be read.
    async fn analytics(&self) -> anyhow::Result<(Analytics, Vec<String>)> {
        let (mut analytics, mut unreadable) = (Analytics::default(), Vec::new());
        for item in self.items("AnalyticsTable").await? {
            unreadable.extend(items::of_analytics(&item, &mut analytics).err());
        }
        Ok((analytics, unreadable))
    }

    /// What of the log and of the outcomes is not counted yet, if anything.
    ///
    /// # Errors
    /// DynamoDB does not answer.
    pub async fn uncounted(&self) -> anyhow::Result<Option<String>> {
        let table = self.addresses.tables.get("EventLogTable").context("there is no EventLogTable")?;
        let scan = self.dynamodb.scan().table_name(table).consistent_read(true).select(Select::Count);
        let mut pages = scan.into_paginator().send();
        let mut logged: u128 = 0;
        while let Some(page) = pages.next().await {
            logged += u128::from(page.with_context(|| format!("cannot read {table}"))?.count().unsigned_abs());
        }
        let (analytics, _) = self.analytics().await?;
        let (events, (outcomes, told)) = (analytics.events(), analytics.outcomes());
        let uncounted = events < logged || outcomes < told;
        Ok(uncounted.then(|| format!("{events} of {logged} events and {outcomes} of {told} outcomes are counted")))
    }

    async fn items(&self, logical_id: &str) -> anyhow::Result<Vec<Item>> {
        let table = self.addresses.tables.get(logical_id).with_context(|| format!("there is no {logical_id}"))?;
        let scan = self.dynamodb.scan().table_name(table).consistent_read(true);
        let items: Result<Vec<Item>, _> = scan.into_paginator().items().send().collect().await;
        items.with_context(|| format!("cannot read {table}"))
    }
}

fn keep<T>(read: Result<T, String>, place: &str, kept: &mut Vec<T>, unreadable: &mut Vec<(String, String)>) {
    match read {
        Ok(read) => kept.push(read),
        Err(why) => unreadable.push((place.to_owned(), why)),
    }
}
