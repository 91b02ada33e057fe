//! The table item of an order, which the orders API and the stock consumer write.
//!
//! `status` makes the stock consumer idempotent: the transaction that takes the stock changes it on condition that it
//! is `pending`, so an order is decided once, however often its event is delivered.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;

use millrace_domain::order::{Order, Status};
use millrace_platform::dynamo::shards::{SHARDS, shard_key, shard_of};
use millrace_platform::dynamo::{Item, StoreError, n, s, text};

/// Index of all orders by creation time.
pub const BY_TIME: &str = "byTime";

/// Index of the orders that a user has placed: partition key [`OWNER`], sort key [`TIME_ID`]. Sparse and of keys only, so
/// that an order is written to it once, and its decision not at all.
pub const BY_OWNER: &str = "byOwner";
/// The user who placed the order.
pub const OWNER: &str = "owner";
/// Sort key of both indexes: see [`time_id`].
pub const TIME_ID: &str = "timeId";

/// The action that stores a new order.
///
/// # Errors
/// The order has no JSON form.
pub fn insert(table: &str, order: &Order) -> Result<TransactWriteItem, StoreError> {
    let put = Put::builder().table_name(table).set_item(Some(to_item(order)?));
    let put = put.condition_expression("attribute_not_exists(id)").build();
    Ok(TransactWriteItem::builder().put(put.map_err(|error| StoreError::Corrupt(error.to_string()))?).build())
}

/// The action that stores the decision on an order, with the key of the bundle that has its event, on condition that
/// the order is pending.
///
/// # Errors
/// The order has no JSON form.
pub fn decide(table: &str, order: &Order, bundle: &str) -> Result<TransactWriteItem, StoreError> {
    let mut item = to_item(order)?;
    item.insert("bundle".to_owned(), s(bundle));
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression("#status = :pending")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":pending", s(Status::Pending.name()))
        .build();
    Ok(TransactWriteItem::builder().put(put.map_err(|error| StoreError::Corrupt(error.to_string()))?).build())
}

/// Reads an item.
///
/// # Errors
/// The item cannot be read.
pub fn order(item: &Item) -> Result<Order, StoreError> {
    serde_json::from_str(text(item, "body")?).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Sort key of the lists: time to the microsecond, so that text order is time order, then the id.
#[must_use]
pub fn time_id(created_at: Timestamp, id: &str) -> String {
    format!("{created_at:.6}#{id}")
}

fn to_item(order: &Order) -> Result<Item, StoreError> {
    let body = serde_json::to_string(order).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let id = order.id.as_str();
    let mut item = Item::from([
        ("id".to_owned(), s(id)),
        ("status".to_owned(), s(order.status.name())),
        ("version".to_owned(), n(order.version)),
        ("body".to_owned(), s(body)),
        ("createdAt".to_owned(), s(order.created_at.to_string())),
        ("shard".to_owned(), s(shard_key(shard_of(id, SHARDS)))),
        (TIME_ID.to_owned(), s(time_id(order.created_at, id))),
    ]);
    item.extend(order.owner.as_ref().map(|owner| (OWNER.to_owned(), s(owner.as_str()))));
    Ok(item)
}
