//! The ingredient, and the rule for when a low-stock alert is sent.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::email::EmailAddress;
use crate::id::IngredientId;

/// Longest unit, in characters.
pub const MAX_UNIT: usize = 20;

/// An ingredient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingredient {
    /// Id.
    pub id: IngredientId,
    /// Name, 1 to 200 characters.
    pub name: String,
    /// Unit of all its quantities, such as `g`.
    pub unit: String,
    /// Amount in stock.
    pub stock: u64,
    /// Amount of a full stock.
    pub full_level: u64,
    /// Recipient of low-stock alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert_email: Option<EmailAddress>,
    /// Counts the changes from 1.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An ingredient with its stored alert state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The ingredient.
    #[serde(flatten)]
    pub ingredient: Ingredient,
    /// Whether the next fall below half sends an alert. An alert disarms; stock above half arms again.
    pub armed: bool,
}

/// An ingredient that has fallen below half of its full level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notify {
    /// The ingredient.
    pub ingredient_id: IngredientId,
    /// Who is to be told; without it, the address of the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// Name of the ingredient.
    pub name: String,
    /// Amount left.
    pub stock: u64,
    /// Amount of a full stock.
    pub full_level: u64,
    /// Unit.
    pub unit: String,
    /// Version of the ingredient that this was seen at.
    pub version: u64,
}

/// Compares the stock with half of the full level.
fn half(stock: u64, full: u64) -> std::cmp::Ordering {
    (u128::from(stock) * 2).cmp(&u128::from(full))
}

impl Kept {
    /// A new ingredient. It is armed unless it starts below half, because then there is no fall to alert on.
    #[must_use]
    pub fn new(ingredient: Ingredient) -> Self {
        let armed = half(ingredient.stock, ingredient.full_level).is_ge();
        Self { ingredient, armed }
    }

    /// The next version, and the alert for the change, if any: an armed ingredient falls from half or more to less.
    #[must_use]
    pub fn change(&self, next: Ingredient) -> (Self, Option<Notify>) {
        let before = half(self.ingredient.stock, self.ingredient.full_level);
        let after = half(next.stock, next.full_level);
        let crossed = self.armed && before.is_ge() && after.is_lt();
        let notify = crossed.then(|| Notify {
            ingredient_id: next.id.clone(),
            email: next.alert_email.clone(),
            name: next.name.clone(),
            stock: next.stock,
            full_level: next.full_level,
            unit: next.unit.clone(),
            version: next.version,
        });
        let armed = after.is_gt() || (self.armed && !crossed);
        (Self { ingredient: next, armed }, notify)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ingredient(stock: u64, full_level: u64, version: u64) -> Ingredient {
        let at = "2026-11-21T06:00:00Z".parse().unwrap();
        let id = IngredientId::try_from("beef".to_owned()).unwrap();
        let (name, unit) = ("Beef".to_owned(), "g".to_owned());
        Ingredient { id, name, unit, stock, full_level, alert_email: None, version, created_at: at, updated_at: at }
    }

    /// Whether each stock in this sequence caused an alert.
    fn told(full: u64, stocks: &[u64]) -> Vec<bool> {
        let mut kept = Kept::new(ingredient(stocks[0], full, 1));
        let mut told = Vec::new();
        for stock in &stocks[1..] {
            let (next, notify) = kept.change(ingredient(*stock, full, kept.ingredient.version + 1));
            kept = next;
            told.push(notify.is_some());
        }
        told
    }

    #[test]
    fn the_fall_below_half_is_told_once_until_a_stock_above_half_arms_again() {
        assert_eq!(
            told(100, &[100, 50, 49, 10, 49, 50, 49, 51, 49]),
            [false, true, false, false, false, false, false, true]
        );
        // An ingredient that starts below half has not fallen.
        assert_eq!(told(100, &[49, 10, 60, 40]), [false, false, true]);
        assert_eq!(told(0, &[0, 5, 0]), [false, false]);
        assert_eq!(told(u64::MAX, &[u64::MAX, u64::MAX / 2]), [true]);
    }

    proptest! {
        /// This also covers changes of the full level.
        #[test]
        fn a_fall_is_told_unless_one_was_told_since_the_stock_was_above_half(
            levels in proptest::collection::vec((0_u64..=20, 1_u64..=20), 2..60)
        ) {
            let mut kept = Kept::new(ingredient(levels[0].0, levels[0].1, 1));
            let mut told = vec![false];
            for (stock, full) in &levels[1..] {
                let (next, notify) = kept.change(ingredient(*stock, *full, kept.ingredient.version + 1));
                kept = next;
                told.push(notify.is_some());
            }
            let below = |at: usize| levels[at].0 * 2 < levels[at].1;
            let above = |at: usize| levels[at].0 * 2 > levels[at].1;
            for at in 1..levels.len() {
                let falls = !below(at - 1) && below(at);
                let armed = match (0..at).rfind(|before| told[*before]) {
                    Some(last) => (last..at).any(above),
                    None => !below(0) || (0..at).any(above),
                };
                prop_assert_eq!(told[at], falls && armed);
            }
        }
    }
}
