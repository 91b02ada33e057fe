//! The product, as the API returns it and as its events carry it.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{IngredientId, ProductId};

/// A product of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Id.
    pub id: ProductId,
    /// Name, 1 to 200 characters.
    pub name: String,
    /// Description, at most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Price of one piece.
    pub price: Price,
    /// Pieces in stock.
    pub stock: u64,
    /// Below this stock the product is low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock_threshold: Option<u64>,
    /// What one piece takes of each ingredient.
    pub recipe: Vec<RecipeItem>,
    /// Counts the changes of the product from 1, also across delete and re-create.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Product {
    /// Whether the stock is below the threshold; never, if there is no threshold.
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.low_stock_threshold.is_some_and(|threshold| self.stock < threshold)
    }
}

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// In the currency's minor unit (cents for EUR, yen for JPY).
    pub amount: u64,
    /// Currency.
    pub currency: Currency,
}

/// An ISO 4217 alphabetic code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Z]{3}$"))]
pub struct Currency(iso_currency::Currency);

/// The text is not an ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code")]
pub struct UnknownCurrency;

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        iso_currency::Currency::from_code(&code).map(Self).ok_or(UnknownCurrency)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code())
    }
}

/// How much of an ingredient one piece takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecipeItem {
    /// The ingredient.
    pub ingredient_id: IngredientId,
    /// Amount in `unit`, at least 1.
    pub quantity: u64,
    /// Unit of the ingredient, such as `g`.
    pub unit: String,
}

/// The payload of `ProductDeleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductDeleted {
    /// Id.
    pub id: ProductId,
    /// Version of the deletion.
    pub version: u64,
    /// When it was deleted.
    pub deleted_at: Timestamp,
}

/// The payload of `LowStockWarning`: a product whose stock is below its threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LowStockWarning {
    /// The product.
    pub product_id: ProductId,
    /// Its name.
    pub name: String,
    /// Pieces left.
    pub stock: u64,
    /// The threshold that the stock is below.
    pub low_stock_threshold: u64,
    /// Version of the product that this was seen at.
    pub version: u64,
}
