//! What a request does to a product: pure, time and ids are arguments.

use jiff::Timestamp;
use millrace::event::{Event, EventType};
use millrace::id::ProductId;
use millrace::outbox::{Entry, EntryError};
use millrace::product::{LowStockWarning, Product, ProductDeleted};
use uuid::Uuid;

use crate::input::ProductInput;

/// Kind of the aggregate, in the outbox's keys.
pub const AGGREGATE: &str = "product";

const SOURCE: &str = "products-api";

/// When a change happened and what it belongs to.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: Timestamp,
    pub event_ids: [Uuid; 2],
    pub traceparent: Option<String>,
}

/// A product made of its input.
pub fn product(
    id: ProductId,
    input: ProductInput,
    version: u64,
    now: Timestamp,
    created: Option<Timestamp>,
) -> Product {
    let ProductInput { name, description, price, stock, low_stock_threshold, recipe } = input;
    let created_at = created.unwrap_or(now);
    Product { id, name, description, price, stock, low_stock_threshold, recipe, version, created_at, updated_at: now }
}

/// The events of a created or changed product: the change, and a warning while the stock is low.
pub fn saved(kind: EventType, product: &Product, context: &Context) -> Result<Vec<Entry>, EntryError> {
    let [first, second] = context.event_ids;
    let trace = || context.traceparent.clone();
    let change = Event::new(kind, first, SOURCE, context.now, trace(), product.clone());
    let mut entries = vec![Entry::new(AGGREGATE, 0, &change)?];
    if let Some(low_stock_threshold) = product.low_stock_threshold.filter(|_| product.is_low()) {
        let warning = LowStockWarning {
            product_id: product.id.clone(),
            name: product.name.clone(),
            stock: product.stock,
            low_stock_threshold,
            version: product.version,
        };
        let warning = Event::new(EventType::LowStockWarning, second, SOURCE, context.now, trace(), warning);
        entries.push(Entry::new(AGGREGATE, 1, &warning)?);
    }
    Ok(entries)
}

/// The event of a deleted product.
pub fn deleted(id: ProductId, version: u64, context: &Context) -> Result<Vec<Entry>, EntryError> {
    let data = ProductDeleted { id, version, deleted_at: context.now };
    let [first, _] = context.event_ids;
    let event = Event::new(EventType::ProductDeleted, first, SOURCE, context.now, context.traceparent.clone(), data);
    Ok(vec![Entry::new(AGGREGATE, 0, &event)?])
}
