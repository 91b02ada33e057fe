//! Orders, ingredients and products in `DynamoDB`.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::Client;
use millrace_domain::activity::UserId;
use millrace_domain::id::{IngredientId, OrderId, ProductId};
use millrace_domain::ingredient::Ingredient;
use millrace_domain::order::Order;
use millrace_domain::product::Product;
use millrace_platform::dynamo::shards::Direction;
use millrace_platform::dynamo::{Item, List, OnTable, Partition, StoreError, batch_get, s, text};
use millrace_store::ingredient;
use millrace_store::order;
use millrace_store::product::item::Stored;

/// The tables.
#[derive(Debug, Clone)]
pub struct Store {
    pub dynamo: Client,
    pub orders: String,
    pub ingredients: String,
    pub products: String,
}

impl Store {
    pub async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        let item = self.item(&self.orders, id.as_str()).await?;
        item.as_ref().map(order::item::order).transpose()
    }

    pub async fn ingredient(&self, id: &IngredientId) -> Result<Option<ingredient::item::Stored>, StoreError> {
        let item = self.item(&self.ingredients, id.as_str()).await?;
        item.as_ref().map(ingredient::item::read).transpose()
    }

    pub async fn product(&self, id: &ProductId) -> Result<Stored, StoreError> {
        Stored::read(self.item(&self.products, id.as_str()).await?.as_ref())
    }

    async fn item(&self, table: &str, id: &str) -> Result<Option<Item>, StoreError> {
        let get = self.dynamo.get_item().table_name(table).key("id", s(id)).consistent_read(true);
        Ok(get.send().await.on(table)?.item)
    }

    /// Those of these products that exist.
    pub async fn products(&self, ids: BTreeSet<&ProductId>) -> Result<BTreeMap<ProductId, Product>, StoreError> {
        let items = batch_get(&self.dynamo, &self.products, ids.into_iter().map(ProductId::as_str)).await?;
        let mut products = BTreeMap::new();
        for item in &items {
            if let Some(product) = Stored::read(Some(item))?.live() {
                products.insert(product.id.clone(), product.clone());
            }
        }
        Ok(products)
    }

    /// The newest orders before the key `after`, and whether there may be more.
    pub async fn orders(&self, limit: usize, after: Option<String>) -> Result<(Vec<Order>, bool), StoreError> {
        let list = List {
            table: &self.orders,
            index: order::item::BY_TIME,
            shard: "shard",
            prefix: "",
            sort: order::item::TIME_ID,
            direction: Direction::Descending,
        };
        let key = |order: &Order| order::item::time_id(order.created_at, order.id.as_str());
        list.page(&self.dynamo, limit, after, key, order::item::order).await
    }

    /// The newest orders of a user before the key `after`, and whether there may be more. The index has only their keys.
    pub async fn orders_of(
        &self,
        owner: &UserId,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<Order>, bool), StoreError> {
        let list = Partition {
            table: &self.orders,
            index: order::item::BY_OWNER,
            key: (order::item::OWNER, owner.as_str()),
            sort: order::item::TIME_ID,
            direction: Direction::Descending,
        };
        let (keys, more) = list.page(&self.dynamo, limit, after.as_deref()).await?;
        let ids = keys.iter().map(|key| text(key, "id")).collect::<Result<Vec<_>, _>>()?;
        let items = batch_get(&self.dynamo, &self.orders, ids).await?;
        let mut orders = items.iter().map(order::item::order).collect::<Result<Vec<_>, _>>()?;
        orders.sort_by_cached_key(|order| Reverse(order::item::time_id(order.created_at, order.id.as_str())));
        Ok((orders, more))
    }

    /// The first ingredients after the key `after`, in the order of their ids, and whether there may be more.
    pub async fn ingredients(
        &self,
        limit: usize,
        after: Option<String>,
    ) -> Result<(Vec<Ingredient>, bool), StoreError> {
        let list = List {
            table: &self.ingredients,
            index: ingredient::item::BY_SHARD,
            shard: "shard",
            prefix: "",
            sort: "id",
            direction: Direction::Ascending,
        };
        let read = |item: &Item| Ok(ingredient::item::read(item)?.kept.ingredient);
        list.page(&self.dynamo, limit, after, |ingredient: &Ingredient| ingredient.id.to_string(), read).await
    }
}
