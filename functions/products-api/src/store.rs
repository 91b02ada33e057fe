//! Products in `DynamoDB`.
//!
//! One item per product. A deleted product leaves a small item behind that keeps its version, so that versions go on
//! when the id is used again. Lists read sparse indexes that are spread over shards.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;
use millrace::api::page::{self, SHARDS, shard_key, shard_of};
use millrace::dynamo::{Item, StoreError, n, number, s, text, transact};
use millrace::id::ProductId;
use millrace::outbox::Entry;
use millrace::product::Product;

/// What is known of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// Never used.
    Absent,
    /// A product.
    Live(Product),
    /// Deleted at this version.
    Deleted(u64),
}

impl Stored {
    /// Version; 0 when the id was never used.
    pub fn version(&self) -> u64 {
        match self {
            Self::Absent => 0,
            Self::Live(product) => product.version,
            Self::Deleted(version) => *version,
        }
    }
}

/// What a change leaves behind.
#[derive(Debug, Clone, Copy)]
pub enum Next<'a> {
    Live(&'a Product),
    Deleted { id: &'a ProductId, version: u64, at: Timestamp },
}

/// A change of one product with its events and, where it belongs to one, the stored answer of its request.
pub struct Change<'a> {
    /// The version that the change was decided on.
    pub from: u64,
    pub next: Next<'a>,
    pub entries: &'a [Entry],
    pub answer: Option<TransactWriteItem>,
}

/// Why a change was not made.
#[derive(Debug)]
pub enum Refused {
    /// The product has another version by now.
    Raced,
    /// The claim of the idempotency key was lost.
    ClaimLost,
    Store(StoreError),
}

#[derive(Debug, Clone)]
pub struct Store {
    dynamo: Client,
    table: String,
}

impl Store {
    pub fn new(dynamo: Client, table: String) -> Self {
        Self { dynamo, table }
    }

    /// Reads a product, consistently.
    pub async fn get(&self, id: &ProductId) -> Result<Stored, StoreError> {
        let get = self.dynamo.get_item().table_name(&self.table).key("id", s(id.as_str())).consistent_read(true);
        match get.send().await?.item() {
            Some(item) if item.contains_key("deletedAt") => Ok(Stored::Deleted(number(item, "version")?)),
            Some(item) => product(item).map(Stored::Live),
            None => Ok(Stored::Absent),
        }
    }

    /// Whether the table answers.
    pub async fn ready(&self) -> bool {
        let get = self.dynamo.get_item().table_name(&self.table).key("id", s("health"));
        get.send().await.inspect_err(|error| tracing::warn!(%error, "DynamoDB is not ready")).is_ok()
    }

    /// Makes a change: state, events and answer in one transaction, on condition that the version is `from`.
    pub async fn change(&self, outbox_table: &str, change: Change<'_>) -> Result<(), Refused> {
        let mut actions = vec![self.put(change.from, change.next).map_err(Refused::Store)?];
        for entry in change.entries {
            actions.push(entry.put(outbox_table).map_err(Refused::Store)?);
        }
        let answer_at = actions.len();
        actions.extend(change.answer);
        transact(&self.dynamo, actions).await.map_err(|error| match error {
            StoreError::Condition(failed) if failed.contains(&answer_at) => Refused::ClaimLost,
            StoreError::Condition(_) => Refused::Raced,
            other => Refused::Store(other),
        })
    }

    fn put(&self, from: u64, next: Next<'_>) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(to_item(next)?));
        let put = if from == 0 {
            put.condition_expression("attribute_not_exists(id)")
        } else {
            put.condition_expression("version = :from").expression_attribute_values(":from", n(from))
        };
        let put = put.build().map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The first products behind `after` in the order of their ids, and whether there may be more.
    pub async fn list(
        &self,
        limit: usize,
        after: Option<String>,
        low: bool,
    ) -> Result<(Vec<Product>, bool), StoreError> {
        let (index, key) = if low { ("lowStock", "lowStockShard") } else { ("byShard", "shard") };
        page::merge(
            limit,
            after,
            |product: &Product| product.id.to_string(),
            |shard, after, most| async move {
                let query = self.dynamo.query().table_name(&self.table).index_name(index);
                let query = match after {
                    Some(after) => query
                        .key_condition_expression("#shard = :shard AND id > :after")
                        .expression_attribute_values(":after", s(after)),
                    None => query.key_condition_expression("#shard = :shard"),
                };
                let answer = query
                    .expression_attribute_names("#shard", key)
                    .expression_attribute_values(":shard", s(shard_key(shard)))
                    .limit(i32::try_from(most).unwrap_or(i32::MAX))
                    .send()
                    .await?;
                let items = answer.items().iter().map(product).collect::<Result<Vec<_>, _>>()?;
                Ok((items, answer.last_evaluated_key().is_some()))
            },
        )
        .await
    }
}

fn to_item(next: Next<'_>) -> Result<Item, StoreError> {
    match next {
        Next::Live(product) => {
            let body = serde_json::to_string(product).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            let shard = shard_key(shard_of(product.id.as_str(), SHARDS));
            let mut item = Item::from([
                ("id".to_owned(), s(product.id.as_str())),
                ("version".to_owned(), n(product.version)),
                ("body".to_owned(), s(body)),
                ("shard".to_owned(), s(&shard)),
            ]);
            if product.is_low() {
                item.insert("lowStockShard".to_owned(), s(shard));
            }
            Ok(item)
        }
        Next::Deleted { id, version, at } => Ok(Item::from([
            ("id".to_owned(), s(id.as_str())),
            ("version".to_owned(), n(version)),
            ("deletedAt".to_owned(), s(at.to_string())),
        ])),
    }
}

fn product(item: &Item) -> Result<Product, StoreError> {
    serde_json::from_str(text(item, "body")?).map_err(|error| StoreError::Corrupt(error.to_string()))
}
