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

/// An alphabetic code as ISO 4217 has it. It may be one that is no longer in use: prices that were stored in it stay
/// readable. Only what a client sends has to be [in use](Currency::in_use).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Z]{3}$"))]
pub struct Currency([u8; 3]);

/// The text is not a currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an ISO 4217 currency code, such as EUR, was expected")]
pub struct UnknownCurrency;

/// In use beside the bolívar that `iso_currency` takes for its successor (ISO 4217, amendment 170 of 2021: both are).
const ALSO_IN_USE: &str = "VES";

impl Currency {
    /// Whether one can pay in it: neither withdrawn, nor a fund, nor a special code such as gold, tests or no currency.
    ///
    /// # Errors
    /// The code means no currency at all.
    pub fn in_use(self) -> Result<bool, UnknownCurrency> {
        let currency = iso_currency::Currency::from_code(&self.to_string()).ok_or(UnknownCurrency)?;
        let withdrawn = currency.is_superseded().is_some() && currency.code() != ALSO_IN_USE;
        Ok(!withdrawn && !currency.is_fund() && !currency.is_special())
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        let code: [u8; 3] = code.as_bytes().try_into().map_err(|_| UnknownCurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(UnknownCurrency) }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn in_use(code: &str) -> Result<bool, UnknownCurrency> {
        Currency::try_from(code.to_owned())?.in_use()
    }

    #[test]
    fn a_currency_is_in_use_if_one_can_pay_in_it() {
        for code in ["EUR", "USD", "JPY", "CHF", "XAF", "XOF", "XPF", "XCD", "XCG", "SLE", "ZWG", "VES", "VED", "CUP"] {
            assert_eq!(in_use(code), Ok(true), "{code}");
        }
        for code in ["XXX", "XTS", "XAU", "XDR", "XBA", "HRK", "BGN", "SLL", "ZWL", "CUC", "CHE", "BOV", "MXV", "CLF"] {
            assert_eq!(in_use(code), Ok(false), "{code}");
        }
        for code in ["XXQ", "ANG", "DEM", "AAA", "eur", "EU", "EURO", "", "€", "E R", "ÄB"] {
            assert_eq!(in_use(code), Err(UnknownCurrency), "{code}");
        }
    }

    #[test]
    fn a_price_in_a_currency_that_was_withdrawn_stays_readable() {
        for code in ["HRK", "ANG", "DEM", "XXX"] {
            let text = format!("{{\"amount\":950,\"currency\":\"{code}\"}}");
            let price: Price = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&price).unwrap(), text);
        }
        assert!(serde_json::from_str::<Price>("{\"amount\":950,\"currency\":\"hrk\"}").is_err());
    }
}
