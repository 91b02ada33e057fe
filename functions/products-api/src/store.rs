//! Products in `DynamoDB`. Lists read sparse indexes that are spread over shards.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::TransactWriteItem;
use millrace::api::page::Direction;
use millrace::dynamo::{List, StoreError, s, transact};
use millrace::id::ProductId;
use millrace::outbox::{Entry, Outbox};
use millrace::product::Product;
use millrace::product::item::{self, Next, Stored};

/// A change of one product with its events and, where it belongs to one, the stored answer of its request.
pub struct Change<'a> {
    /// What the change was decided on.
    pub from: &'a Stored,
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
        Stored::read(get.send().await?.item())
    }

    /// Whether the table answers.
    pub async fn ready(&self) -> bool {
        let get = self.dynamo.get_item().table_name(&self.table).key("id", s("health"));
        get.send().await.inspect_err(|error| tracing::warn!(%error, "DynamoDB is not ready")).is_ok()
    }

    /// Makes a change: state, events and answer in one transaction, on condition that the version is still the one of
    /// `from`. The events of that version are in the outbox by then.
    pub async fn change(&self, outbox: &Outbox, change: Change<'_>) -> Result<(), Refused> {
        if let Some(bundle) = &change.from.bundle {
            outbox.expand(bundle).await.map_err(Refused::Store)?;
        }
        let put = item::put(&self.table, change.from.version(), change.next, None);
        let mut actions = vec![put.map_err(Refused::Store)?];
        for entry in change.entries {
            actions.push(entry.put(outbox.table()).map_err(Refused::Store)?);
        }
        let answer_at = actions.len();
        actions.extend(change.answer);
        transact(&self.dynamo, actions).await.map_err(|error| match error {
            StoreError::Condition(failed) if failed.contains(&answer_at) => Refused::ClaimLost,
            StoreError::Condition(_) => Refused::Raced,
            other => Refused::Store(other),
        })
    }

    /// The first products behind `after` in the order of their ids, and whether there may be more.
    pub async fn list(
        &self,
        limit: usize,
        after: Option<String>,
        low: bool,
    ) -> Result<(Vec<Product>, bool), StoreError> {
        let (index, shard) = if low { ("lowStock", "lowStockShard") } else { ("byShard", "shard") };
        let list = List { table: &self.table, index, shard, prefix: "", sort: "id", direction: Direction::Ascending };
        list.page(&self.dynamo, limit, after, |product: &Product| product.id.to_string(), item::product).await
    }
}
