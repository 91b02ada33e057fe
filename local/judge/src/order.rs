//! What an order and a notice are, defined here independently of the functions.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::product::{Price, RecipeItem};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Id.
    pub id: String,
    /// `pending`, `confirmed` or `rejected`.
    pub status: String,
    /// Lines.
    pub lines: Vec<Line>,
    /// Sum of the lines.
    pub total: Price,
    /// Why it was rejected.
    #[serde(default)]
    pub reason: Option<String>,
    /// Version.
    pub version: u64,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Product.
    pub product_id: String,
    /// Pieces.
    pub quantity: u64,
    /// Price of one piece.
    pub unit_price: Price,
    /// Price of the whole line.
    pub total: Price,
    /// Recipe of one piece.
    pub recipe: Vec<RecipeItem>,
}

/// An ingredient that has fallen below half.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notify {
    /// Ingredient.
    pub ingredient_id: String,
    /// Who is to be notified.
    #[serde(default)]
    pub email: Option<String>,
    /// Name of the ingredient.
    pub name: String,
    /// Amount left.
    pub stock: u64,
    /// Amount of a full stock.
    pub full_level: u64,
    /// Unit.
    pub unit: String,
    /// Version of the ingredient.
    pub version: u64,
}

/// Pieces by product.
pub type Pieces = BTreeMap<String, u64>;

/// What a body of `POST /orders` asks for; `None` if it is not an order.
pub fn asked(body: &str) -> Option<Pieces> {
    #[derive(Deserialize)]
    struct Body {
        lines: Vec<Asked>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Asked {
        product_id: String,
        quantity: u64,
    }
    let body: Body = serde_json::from_str(body).ok()?;
    Some(body.lines.into_iter().map(|line| (line.product_id, line.quantity)).collect())
}

impl Order {
    /// Pieces by product.
    pub fn pieces(&self) -> Pieces {
        self.lines.iter().map(|line| (line.product_id.clone(), line.quantity)).collect()
    }

    /// What it takes of each ingredient when it is confirmed.
    pub fn takes(&self) -> BTreeMap<&str, u128> {
        let mut takes: BTreeMap<&str, u128> = BTreeMap::new();
        for line in &self.lines {
            for item in &line.recipe {
                let amount = u128::from(line.quantity) * u128::from(item.quantity);
                *takes.entry(&item.ingredient_id).or_default() += amount;
            }
        }
        takes
    }

    /// Whether the totals match the lines.
    pub fn adds_up(&self) -> bool {
        let line = |line: &Line| {
            line.unit_price.amount.checked_mul(line.quantity) == Some(line.total.amount)
                && line.total.currency == self.total.currency
                && line.unit_price.currency == self.total.currency
        };
        let sum: u128 = self.lines.iter().map(|line| u128::from(line.total.amount)).sum();
        self.lines.iter().all(line) && sum == u128::from(self.total.amount)
    }
}
