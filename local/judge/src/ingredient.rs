//! What an ingredient is and what a request changes, defined here independently of the functions.

use serde::Deserialize;

/// An ingredient.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ingredient {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u64,
    /// The client-controlled part.
    #[serde(flatten)]
    pub content: Content,
}

/// The client-controlled part of an ingredient; orders only take from its stock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Amount in stock; never negative.
    pub stock: u64,
    /// Amount of a full stock.
    pub full_level: u64,
    /// Who is notified when it runs low.
    #[serde(default)]
    pub alert_email: Option<String>,
}

impl Content {
    /// What the body of a POST or PUT asks for; `None` if it is not an ingredient.
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// Compares a stock with half of the full level.
    pub fn half(&self, stock: u64) -> std::cmp::Ordering {
        (2 * u128::from(stock)).cmp(&u128::from(self.full_level))
    }
}

/// How much the body of a restock adds; `None` if it is invalid.
pub fn restocked(body: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(body).ok()?.get("quantity")?.as_u64()
}
