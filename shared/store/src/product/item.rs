//! The table item of a product, which several functions write.
//!
//! A deleted product leaves a small item with its version, so that versions continue when the id is used again. An item
//! may refer to the [bundle](millrace_delivery::outbox::bundle) that has the events of its version: a writer expands
//! that bundle before it commits the next version.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;

use millrace_domain::id::ProductId;
use millrace_domain::product::Product;
use millrace_platform::dynamo::shards::{SHARDS, shard_key, shard_of};
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

/// The stored state of a product id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its state.
    pub state: State,
    /// Key of the bundle that may still hold events of its version.
    pub bundle: Option<String>,
}

/// The state of an id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum State {
    /// Never used.
    #[default]
    Absent,
    /// A product.
    Live(Product),
    /// Deleted at this version.
    Deleted(u64),
}

impl Stored {
    /// The version; 0 if the id was never used.
    #[must_use]
    pub fn version(&self) -> u64 {
        match &self.state {
            State::Absent => 0,
            State::Live(product) => product.version,
            State::Deleted(version) => *version,
        }
    }

    /// The product, unless it was deleted.
    #[must_use]
    pub fn live(&self) -> Option<&Product> {
        match &self.state {
            State::Live(product) => Some(product),
            State::Absent | State::Deleted(_) => None,
        }
    }

    /// Reads an item; `None` means that the id was never used.
    ///
    /// # Errors
    /// The item cannot be read.
    pub fn read(item: Option<&Item>) -> Result<Self, StoreError> {
        let Some(item) = item else { return Ok(Self::default()) };
        let state = if item.contains_key("deletedAt") {
            State::Deleted(number(item, "version")?)
        } else {
            State::Live(product(item)?)
        };
        Ok(Self { state, bundle: text(item, "bundle").ok().map(str::to_owned) })
    }
}

/// The state that a change writes.
#[derive(Debug, Clone, Copy)]
pub enum Next<'a> {
    /// A product.
    Live(&'a Product),
    /// A deleted product.
    Deleted {
        /// Id.
        id: &'a ProductId,
        /// Version of the deletion.
        version: u64,
        /// Time of the deletion.
        at: Timestamp,
    },
}

/// The action that writes the next version, on condition that the stored version is `from`. `bundle` is the key of the
/// bundle with its events, if they are not entries of their own.
///
/// # Errors
/// The product has no JSON form.
pub fn put(table: &str, from: u64, next: Next<'_>, bundle: Option<&str>) -> Result<TransactWriteItem, StoreError> {
    let mut item = to_item(next)?;
    if let Some(bundle) = bundle {
        item.insert("bundle".to_owned(), s(bundle));
    }
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = if from == 0 {
        put.condition_expression("attribute_not_exists(id)")
    } else {
        put.condition_expression("version = :from").expression_attribute_values(":from", n(from))
    };
    let put = put.build().map_err(|error| StoreError::Corrupt(error.to_string()))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Reads the item of a product that is not deleted.
///
/// # Errors
/// The item cannot be read.
pub fn product(item: &Item) -> Result<Product, StoreError> {
    serde_json::from_str(text(item, "body")?).map_err(|error| StoreError::Corrupt(error.to_string()))
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
