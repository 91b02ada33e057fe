//! What a product is and what a request changes, defined here independently of the functions.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// The client-controlled part.
    #[serde(flatten)]
    pub content: Content,
}

/// The client-controlled part of a product.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Name.
    pub name: String,
    /// Description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Price.
    pub price: Price,
    /// Pieces in stock.
    pub stock: u64,
    /// Below this stock the product counts as low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<u64>,
    /// Recipe.
    #[serde(default)]
    pub recipe: Vec<RecipeItem>,
}

/// A price.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Price {
    /// Amount in minor units.
    pub amount: u64,
    /// ISO 4217 code.
    pub currency: String,
}

/// An ingredient of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecipeItem {
    /// Ingredient.
    pub ingredient_id: String,
    /// Amount.
    pub quantity: u64,
    /// Unit.
    pub unit: String,
}

impl Content {
    /// What the body of a POST or PUT asks for; `None` if it is not a product.
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// Applies the body of a PATCH, a JSON Merge Patch (RFC 7396).
    pub fn patched(&self, body: &str) -> Option<Self> {
        let (Ok(mut target), Ok(patch)) = (serde_json::to_value(self), serde_json::from_str(body)) else {
            return None;
        };
        merge(&mut target, patch);
        serde_json::from_value(target).ok()
    }

    /// Whether the stock is below the threshold.
    pub fn is_low(&self) -> bool {
        self.low_stock_threshold.is_some_and(|threshold| self.stock < threshold)
    }
}

/// The pseudo code of RFC 7396, section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(target) = target {
        for (name, value) in patch {
            if value.is_null() {
                target.remove(&name);
            } else {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
    }
}
