//! Products in `DynamoDB`. Lists are read from sparse, sharded indexes.

use aws_sdk_dynamodb::Client;
use millrace_domain::id::ProductId;
use millrace_domain::product::Product;
use millrace_platform::dynamo::shards::Direction;
use millrace_platform::dynamo::{List, OnTable, StoreError, s};
use millrace_store::product::item::{self, Stored};

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub dynamo: Client,
    pub table: String,
}

impl Store {
    /// Reads a product, consistently.
    pub async fn get(&self, id: &ProductId) -> Result<Stored, StoreError> {
        let get = self.dynamo.get_item().table_name(&self.table).key("id", s(id.as_str())).consistent_read(true);
        Stored::read(get.send().await.on(&self.table)?.item())
    }

    /// Whether the table answers.
    pub async fn ready(&self) -> bool {
        let get = self.dynamo.get_item().table_name(&self.table).key("id", s("health"));
        get.send().await.on(&self.table).inspect_err(|error| tracing::warn!(%error, "DynamoDB is not ready")).is_ok()
    }

    /// The first products after the key `after`, in the order of their ids, and whether there may be more.
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
