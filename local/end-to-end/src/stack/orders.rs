//! Orders, and what they take.

use serde_json::{Value, json};

use super::{Stack, product, tables};

pub fn order(lines: &[(&str, u64)]) -> Value {
    let line = |(product, quantity): &(&str, u64)| json!({"productId": product, "quantity": quantity});
    json!({"lines": lines.iter().map(line).collect::<Vec<_>>()})
}

/// Creates a product with a recipe of ingredients and amounts, in `g`.
pub async fn dish(stack: &Stack, id: &str, stock: u64, recipe: &[(&str, u64)]) {
    let mut dish = product(id);
    let item = |(id, quantity): &(&str, u64)| json!({"ingredientId": id, "quantity": quantity, "unit": "g"});
    (dish["id"], dish["stock"]) = (json!(id), json!(stock));
    dish["recipe"] = recipe.iter().map(item).collect();
    stack.create(&dish).await;
}

pub async fn ingredient(stack: &Stack, id: &str, amount: u64) {
    let body = json!({"name": id, "unit": "g", "stock": amount, "fullLevel": amount, "alertEmail": "a@example.com"});
    stack.ask("PUT", &format!("/ingredients/{id}"), &body).await.with(201);
}

/// Creates an order and returns its id.
pub async fn ordered(stack: &Stack, lines: &[(&str, u64)]) -> String {
    let answer = stack.ask("POST", "/orders", &order(lines)).await.with(201).json();
    answer["id"].as_str().unwrap().to_owned()
}

/// Waits until every order is decided; returns them all.
pub async fn decided(stack: &Stack, orders: usize) -> Vec<Value> {
    stack
        .eventually("every order is decided", async || {
            let items = stack.items("OrdersTable").await;
            let pending = items.iter().filter(|item| tables::text(item, "status") == "pending").count();
            if items.len() == orders && pending == 0 { Ok(()) } else { Err((items.len(), pending)) }
        })
        .await;
    let items = stack.items("OrdersTable").await;
    items.iter().map(|item| serde_json::from_str(tables::text(item, "body")).unwrap()).collect()
}

pub async fn amount(stack: &Stack, path: &str) -> u64 {
    stack.get(path).await.with(200).json()["stock"].as_u64().unwrap()
}
