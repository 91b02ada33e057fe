//! Whether an order can be filled. Pure, and the central rule of this function.

use std::collections::BTreeMap;

use millrace_domain::id::{IngredientId, ProductId};
use millrace_domain::order::Order;

/// The remaining stock of all products and ingredients that the orders need. An absent one does not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// Stock by product.
    pub products: BTreeMap<ProductId, u64>,
    /// Stock and unit by ingredient.
    pub ingredients: BTreeMap<IngredientId, (u64, String)>,
}

/// Takes everything that an order needs; or takes nothing and returns the reason: a stable code and the product or
/// ingredient.
pub fn take(order: &Order, left: &mut Left) -> Result<(), String> {
    let mut products = Vec::with_capacity(order.lines.len());
    let mut needed: BTreeMap<&IngredientId, u128> = BTreeMap::new();
    for line in &order.lines {
        let id = &line.product_id;
        let stock = left.products.get(id).ok_or_else(|| format!("product_deleted: {id}"))?;
        let rest = stock.checked_sub(line.quantity).ok_or_else(|| format!("out_of_stock: product {id}"))?;
        products.push((id, rest));
        for item in &line.recipe {
            let id = &item.ingredient_id;
            let (_, unit) = left.ingredients.get(id).ok_or_else(|| format!("unknown_ingredient: {id}"))?;
            if *unit != item.unit {
                return Err(format!("unit_mismatch: {id}"));
            }
            *needed.entry(id).or_default() += u128::from(item.quantity) * u128::from(line.quantity);
        }
    }
    let mut ingredients = Vec::with_capacity(needed.len());
    for (id, amount) in needed {
        let stock = left.ingredients.get(id).map_or(0, |(stock, _)| *stock);
        let rest = u64::try_from(amount).ok().and_then(|amount| stock.checked_sub(amount));
        ingredients.push((id, rest.ok_or_else(|| format!("out_of_stock: ingredient {id}"))?));
    }
    for (id, rest) in products {
        left.products.insert(id.clone(), rest);
    }
    for (id, rest) in ingredients {
        if let Some((stock, _)) = left.ingredients.get_mut(id) {
            *stock = rest;
        }
    }
    Ok(())
}
