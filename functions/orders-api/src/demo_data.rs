//! The demo data: a small burger kitchen.
//!
//! A few hundred orders for one burger each bring beef, buns and cheese below half before any product runs out.

use millrace_api::Problem;
use millrace_domain::id::{IngredientId, ProductId};
use millrace_domain::ingredient::Ingredient;
use millrace_domain::product::{Currency, Price, Product, RecipeItem};
use millrace_platform::dynamo::StoreError;

use jiff::Timestamp;

/// Id, name, unit, full level, and alert address.
const INGREDIENTS: [(&str, &str, &str, u64, &str); 8] = [
    ("beef", "Beef", "g", 60_000, "kitchen@example.com"),
    ("bun", "Bun", "piece", 400, "bakery@example.com"),
    ("cheese", "Cheese", "slice", 300, "kitchen@example.com"),
    ("onion", "Onion", "g", 9_000, "kitchen@example.com"),
    ("lettuce", "Lettuce", "g", 8_000, "kitchen@example.com"),
    ("tomato", "Tomato", "g", 12_000, "kitchen@example.com"),
    ("potato", "Potato", "g", 80_000, "kitchen@example.com"),
    ("bacon", "Bacon", "g", 10_000, "kitchen@example.com"),
];

/// Id, name, price in cents, and recipe.
type Dish = (&'static str, &'static str, u64, &'static [(&'static str, u64)]);

const PRODUCTS: [Dish; 5] = [
    ("burger", "Burger", 950, &[("beef", 150), ("bun", 1), ("onion", 20), ("lettuce", 15), ("tomato", 25)]),
    (
        "cheeseburger",
        "Cheeseburger",
        1_050,
        &[("beef", 150), ("bun", 1), ("cheese", 1), ("onion", 20), ("lettuce", 15), ("tomato", 25)],
    ),
    ("double-cheeseburger", "Double cheeseburger", 1_390, &[("beef", 300), ("bun", 1), ("cheese", 2), ("onion", 20)]),
    ("bacon-burger", "Bacon burger", 1_190, &[("beef", 150), ("bun", 1), ("cheese", 1), ("bacon", 30)]),
    ("fries", "Fries", 350, &[("potato", 200)]),
];

/// Stock of each product.
const STOCK: u64 = 1_000;
/// Low-stock threshold of each product.
const THRESHOLD: u64 = 100;

/// The ingredients, each with a full stock.
pub fn ingredients(now: Timestamp) -> Result<Vec<Ingredient>, Problem> {
    let made = |(id, name, unit, full_level, email): &(&str, &str, &str, u64, &str)| {
        Ok(Ingredient {
            id: IngredientId::try_from((*id).to_owned()).map_err(|error| wrong(&error))?,
            name: (*name).to_owned(),
            unit: (*unit).to_owned(),
            stock: *full_level,
            full_level: *full_level,
            alert_email: Some((*email).to_owned().try_into().map_err(|error| wrong(&error))?),
            version: 1,
            created_at: now,
            updated_at: now,
        })
    };
    INGREDIENTS.iter().map(made).collect()
}

/// The products, at version 1.
pub fn products(now: Timestamp) -> Result<Vec<Product>, Problem> {
    let currency = Currency::try_from("EUR".to_owned()).map_err(|error| wrong(&error))?;
    let made = |(id, name, amount, recipe): &Dish| {
        Ok(Product {
            id: ProductId::try_from((*id).to_owned()).map_err(|error| wrong(&error))?,
            name: (*name).to_owned(),
            description: None,
            price: Price { amount: *amount, currency },
            stock: STOCK,
            low_stock_threshold: Some(THRESHOLD),
            recipe: recipe.iter().map(recipe_item).collect::<Result<_, _>>()?,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    };
    PRODUCTS.iter().map(made).collect()
}

fn recipe_item((id, quantity): &(&str, u64)) -> Result<RecipeItem, Problem> {
    let unit = INGREDIENTS.iter().find(|(other, ..)| other == id).map_or("", |(_, _, unit, ..)| unit);
    let ingredient_id = IngredientId::try_from((*id).to_owned()).map_err(|error| wrong(&error))?;
    Ok(RecipeItem { ingredient_id, quantity: *quantity, unit: unit.to_owned() })
}

/// Never in practice: a test reads all demo data.
fn wrong(error: &impl ToString) -> Problem {
    StoreError::Corrupt(error.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_takes_ingredients_that_are_there_and_many_orders_take_two_below_half() {
        let now = "2026-11-21T06:00:00Z".parse().unwrap();
        let ingredients = ingredients(now).unwrap();
        let products = products(now).unwrap();
        let of = |item: &RecipeItem| ingredients.iter().find(|it| it.id == item.ingredient_id).unwrap();
        assert!(products.iter().flat_map(|product| &product.recipe).all(|item| of(item).unit == item.unit));
        // 300 orders for one piece each, cycling through the products.
        let pieces = 300 / products.len() as u64;
        let low = ingredients.iter().filter(|ingredient| {
            let recipes = products.iter().flat_map(|product| &product.recipe);
            let used: u64 = recipes.filter(|item| item.ingredient_id == ingredient.id).map(|it| it.quantity).sum();
            assert!(used * pieces < ingredient.stock, "{} runs out", ingredient.id);
            (ingredient.stock - used * pieces) * 2 < ingredient.full_level
        });
        assert!(low.count() >= 2 && pieces < STOCK);
    }
}
