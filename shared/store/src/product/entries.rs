//! The outbox entries of a product's changes. Pure: time and ids are arguments.

use millrace_delivery::outbox::{Entry, EntryError};
use millrace_domain::event::{Context, Event, EventType};
use millrace_domain::id::ProductId;
use millrace_domain::product::{LowStockWarning, Product, ProductDeleted};
use uuid::Uuid;

/// Kind of the aggregate, in the outbox's keys.
pub const AGGREGATE: &str = "product";

/// The events of a product that a client created or changed: the change, and a warning if the stock is low.
///
/// # Errors
/// The event is too large.
pub fn saved(kind: EventType, product: &Product, ids: [Uuid; 2], context: &Context) -> Result<Vec<Entry>, EntryError> {
    entries(kind, product, product.is_low(), ids, context)
}

/// The events of a product whose stock orders reduced from `before`: the change, and a warning if the stock crossed the
/// threshold.
///
/// # Errors
/// The event is too large.
pub fn stock_reduced(
    product: &Product,
    before: u64,
    ids: [Uuid; 2],
    context: &Context,
) -> Result<Vec<Entry>, EntryError> {
    let crossed = product.is_low() && product.low_stock_threshold.is_some_and(|threshold| before >= threshold);
    entries(EventType::ProductUpdated, product, crossed, ids, context)
}

/// The event of a deleted product.
///
/// # Errors
/// The event is too large.
pub fn deleted(id: ProductId, version: u64, event_id: Uuid, context: &Context) -> Result<Vec<Entry>, EntryError> {
    let data = ProductDeleted { id, version, deleted_at: context.now };
    Ok(vec![Entry::new(AGGREGATE, 0, &Event::of(EventType::ProductDeleted, event_id, context, data))?])
}

fn entries(
    kind: EventType,
    product: &Product,
    warn: bool,
    [first, second]: [Uuid; 2],
    context: &Context,
) -> Result<Vec<Entry>, EntryError> {
    let mut entries = vec![Entry::new(AGGREGATE, 0, &Event::of(kind, first, context, product.clone()))?];
    if let Some(low_stock_threshold) = product.low_stock_threshold.filter(|_| warn) {
        let warning = LowStockWarning {
            product_id: product.id.clone(),
            name: product.name.clone(),
            stock: product.stock,
            low_stock_threshold,
            version: product.version,
        };
        entries.push(Entry::new(AGGREGATE, 1, &Event::of(EventType::LowStockWarning, second, context, warning))?);
    }
    Ok(entries)
}
