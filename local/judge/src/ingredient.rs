//! What an ingredient is and what a request makes of it, defined here independently of the functions.

use serde::Deserialize;

/// An ingredient.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ingredient {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u64,
    /// What its client decides.
    #[serde(flatten)]
    pub content: Content,
}

/// What a client decides of an ingredient; orders take of its stock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// Name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// Amount in stock: never below zero.
    pub stock: u64,
    /// Amount of a full stock.
    pub full_level: u64,
    /// Who is told when it runs low.
    #[serde(default)]
    pub alert_email: Option<String>,
}

impl Content {
    /// What the body of a POST or PUT asks for; none where it is no ingredient.
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// How a stock compares with half of the full level.
    pub fn half(&self, stock: u64) -> std::cmp::Ordering {
        (2 * u128::from(stock)).cmp(&u128::from(self.full_level))
    }
}

/// How much the body of a restock adds; none where it is none.
pub fn restocked(body: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(body).ok()?.get("quantity")?.as_u64()
}
