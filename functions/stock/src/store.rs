//! Orders, products and ingredients in `DynamoDB`, and the transaction that decides orders.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::Client;
use futures::future::try_join_all;
use jiff::Timestamp;
use millrace_delivery::outbox::bundle;
use millrace_domain::id::{IngredientId, OrderId, ProductId};
use millrace_domain::order::Order;
use millrace_platform::dynamo::{Item, StoreError, batch_get, text, transact};
use millrace_store::ingredient;
use millrace_store::order;
use millrace_store::product::item::{self, Next, Stored};

use crate::fold::{Parts, Plan, parts};

/// The tables.
#[derive(Debug, Clone)]
pub struct Store {
    pub dynamo: Client,
    pub orders: String,
    pub products: String,
    pub ingredients: String,
    pub outbox: String,
    pub expanded: Expanded,
}

/// The bundles that this process has expanded most recently, so that it need not read them again when items refer to
/// them.
#[derive(Debug, Clone, Default)]
pub struct Expanded(Arc<Mutex<VecDeque<String>>>);

/// Most bundles that are remembered: more than a transaction has products.
const REMEMBERED: usize = 256;

impl Expanded {
    fn knows(&self, key: &str) -> bool {
        self.lock().iter().any(|known| known == key)
    }

    fn add(&self, key: &str) {
        let mut known = self.lock();
        if known.len() == REMEMBERED {
            known.pop_front();
        }
        known.push_back(key.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Known products and ingredients: as they are stored, or as this process has just written them. One that was read and
/// is not in `parts` does not exist.
#[derive(Debug, Default)]
pub struct Known {
    pub parts: Parts,
    products: BTreeSet<ProductId>,
    ingredients: BTreeSet<IngredientId>,
    /// Bundles that may still hold events of the known versions.
    bundles: BTreeSet<String>,
}

impl Store {
    /// These orders by id, and the bundles that they refer to; an order that cannot be read has an error instead.
    pub async fn orders(
        &self,
        ids: &[OrderId],
    ) -> Result<(BTreeMap<String, Result<Order, String>>, BTreeSet<String>), StoreError> {
        let items = batch_get(&self.dynamo, &self.orders, ids.iter().map(OrderId::as_str)).await?;
        let mut orders = BTreeMap::new();
        for item in &items {
            let order = order::item::order(item).map_err(|error| error.to_string());
            orders.insert(text(item, "id")?.to_owned(), order);
        }
        Ok((orders, bundle::named(items.iter())))
    }

    /// Reads the products and ingredients that these orders may need and that are not known yet.
    pub async fn read(&self, orders: &[Order], known: &mut Known) -> Result<(), StoreError> {
        let (mut products, mut ingredients) = (BTreeSet::new(), BTreeSet::new());
        for order in orders {
            let (of_products, of_ingredients) = parts(order);
            products.extend(of_products.into_iter().filter(|id| !known.products.contains(*id)));
            ingredients.extend(of_ingredients.into_iter().filter(|id| !known.ingredients.contains(*id)));
        }
        let (product_items, ingredient_items): (Vec<Item>, Vec<Item>) = tokio::try_join!(
            batch_get(&self.dynamo, &self.products, products.iter().map(|id| id.as_str())),
            batch_get(&self.dynamo, &self.ingredients, ingredients.iter().map(|id| id.as_str()))
        )?;
        known.bundles.extend(bundle::named(product_items.iter().chain(&ingredient_items)));
        for item in &product_items {
            let id = ProductId::try_from(text(item, "id")?.to_owned());
            let id = id.map_err(|error| StoreError::Corrupt(error.to_string()))?;
            known.parts.products.insert(id, Stored::read(Some(item))?);
        }
        for item in &ingredient_items {
            let kept = ingredient::item::read(item)?.kept;
            known.parts.ingredients.insert(kept.ingredient.id.clone(), kept);
        }
        known.products.extend(products.into_iter().cloned());
        known.ingredients.extend(ingredients.into_iter().cloned());
        Ok(())
    }

    /// Moves the events of bundles to their aggregates. This precedes every commit, so that the events of a version are
    /// in the outbox before the next version is committed.
    pub async fn expand(&self, bundles: &mut BTreeSet<String>) -> Result<(), StoreError> {
        let expand = async |key: &String| {
            let aggregates = bundle::expand(&self.dynamo, &self.outbox, key).await?;
            // A bundle without entries may belong to a transaction whose items are still becoming visible.
            if !aggregates.is_empty() {
                self.expanded.add(key);
            }
            Ok::<(), StoreError>(())
        };
        // Concurrently, because the state that a decision is based on may change in the meantime.
        try_join_all(bundles.iter().filter(|key| !self.expanded.knows(key)).map(expand)).await?;
        bundles.clear();
        Ok(())
    }

    /// Commits a plan, on condition that the state that it is based on is unchanged, and moves its events to the
    /// outbox.
    pub async fn commit(&self, plan: &Plan, known: &mut Known, key: String, now: Timestamp) -> Result<(), StoreError> {
        self.expand(&mut known.bundles).await?;
        let mut actions = bundle::put(&self.outbox, &key, &plan.entries, now)?;
        for order in &plan.orders {
            actions.push(order::item::decide(&self.orders, order, &key)?);
        }
        for product in &plan.products {
            actions.push(item::put(&self.products, product.version - 1, Next::Live(product), Some(&key))?);
        }
        for kept in &plan.ingredients {
            actions.push(ingredient::item::put(&self.ingredients, kept, Some(&key))?);
        }
        transact(&self.dynamo, actions).await?;
        known.learn(plan, key);
        // The orders are decided whatever happens here: events left in the bundle are found by its next reader.
        if let Err(error) = self.expand(&mut known.bundles).await {
            tracing::warn!(%error, "events stay in their bundle for now");
        }
        Ok(())
    }
}

impl Known {
    fn learn(&mut self, plan: &Plan, bundle: String) {
        for product in &plan.products {
            let stored = Stored { state: item::State::Live(product.clone()), bundle: None };
            self.parts.products.insert(product.id.clone(), stored);
        }
        for kept in &plan.ingredients {
            self.parts.ingredients.insert(kept.ingredient.id.clone(), kept.clone());
        }
        self.bundles.insert(bundle);
    }
}
