//! The order, as the API returns it and as its events carry it.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activity::UserId;
use crate::id::{OrderId, ProductId};
use crate::product::{Price, RecipeItem};

/// Most lines of an order.
pub const MAX_LINES: usize = 50;
/// Largest quantity of one line.
pub const MAX_QUANTITY: u64 = 1_000_000;
/// Most distinct products and ingredients of an order: all of them are written in one transaction, which has at most
/// 100 actions.
pub const MAX_PARTS: usize = 90;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Id.
    pub id: OrderId,
    /// What became of it.
    pub status: Status,
    /// What was ordered, each product once.
    pub lines: Vec<Line>,
    /// Sum of the lines.
    pub total: Price,
    /// Why it was rejected: a stable code and what it is about, such as `out_of_stock: product burger`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The user who placed it; absent if it was not placed with a user's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// 1 when it was made, 2 when it was decided.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// It waits for its stock.
    Pending,
    /// It has its stock.
    Confirmed,
    /// It could not be filled and took nothing.
    Rejected,
}

impl Status {
    /// The name on the wire and in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }
}

/// A line: a product as it was when it was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// Pieces.
    pub quantity: u64,
    /// Price of one piece.
    pub unit_price: Price,
    /// Price of all pieces.
    pub total: Price,
    /// What one piece takes of each ingredient.
    pub recipe: Vec<RecipeItem>,
}

/// The payload of `OrderCreated`: the order as it was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct OrderCreated(pub Order);
