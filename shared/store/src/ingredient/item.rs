//! The table item of an ingredient, which the orders API and the stock consumer write.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use millrace_domain::ingredient::Kept;
use millrace_platform::dynamo::shards::{SHARDS, shard_key, shard_of};
use millrace_platform::dynamo::{Item, StoreError, n, s, text};

/// Index of all ingredients by id.
pub const BY_SHARD: &str = "byShard";

/// A stored ingredient, with the key of the bundle that may still hold events of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The ingredient.
    pub kept: Kept,
    /// Key of the bundle.
    pub bundle: Option<String>,
}

/// Reads an item.
///
/// # Errors
/// The item cannot be read.
pub fn read(item: &Item) -> Result<Stored, StoreError> {
    let kept = serde_json::from_str(text(item, "body")?).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(Stored { kept, bundle: text(item, "bundle").ok().map(str::to_owned) })
}

/// The action that writes the next version, on condition that the stored version is the previous one; for version 1,
/// that the id is unused. `bundle` is the key of the bundle with its events, if they are not entries of their own.
///
/// # Errors
/// The ingredient has no JSON form.
pub fn put(table: &str, next: &Kept, bundle: Option<&str>) -> Result<TransactWriteItem, StoreError> {
    let body = serde_json::to_string(next).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let (id, version) = (next.ingredient.id.as_str(), next.ingredient.version);
    let mut item = Item::from([
        ("id".to_owned(), s(id)),
        ("version".to_owned(), n(version)),
        ("body".to_owned(), s(body)),
        ("shard".to_owned(), s(shard_key(shard_of(id, SHARDS)))),
    ]);
    if let Some(bundle) = bundle {
        item.insert("bundle".to_owned(), s(bundle));
    }
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = match version.saturating_sub(1) {
        0 => put.condition_expression("attribute_not_exists(id)"),
        from => put.condition_expression("version = :from").expression_attribute_values(":from", n(from)),
    };
    let put = put.build().map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}
