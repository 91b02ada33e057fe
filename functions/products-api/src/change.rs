//! What a request makes of a product: pure, time and ids are arguments.

use jiff::Timestamp;
use millrace::id::ProductId;
use millrace::product::Product;

use crate::input::ProductInput;

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
