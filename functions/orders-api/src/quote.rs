//! Computes an order from its lines and the current products. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use millrace_api::Problem;
use millrace_domain::activity::UserId;
use millrace_domain::id::{OrderId, ProductId};
use millrace_domain::order::{Line, MAX_PARTS, Order, Status};
use millrace_domain::product::{Price, Product};
use millrace_domain::validation::FieldError;

use crate::input::LineInput;

/// Largest total in minor units: the largest integer that a JavaScript number holds exactly.
const MAX_TOTAL: u64 = (1 << 53) - 1;

/// The order of `owner` for these lines. `products` are those that exist.
pub fn quote(
    id: OrderId,
    owner: Option<UserId>,
    lines: &[LineInput],
    products: &BTreeMap<ProductId, Product>,
    now: Timestamp,
) -> Result<Order, Problem> {
    let mut unknown = Vec::new();
    let mut known: Vec<(&LineInput, &Product)> = Vec::with_capacity(lines.len());
    for (at, line) in lines.iter().enumerate() {
        match products.get(&line.product_id) {
            Some(product) => known.push((line, product)),
            None => unknown.push(field(at, "unknown_product", format!("there is no product {}", line.product_id))),
        }
    }
    if !unknown.is_empty() {
        return Err(Problem::unprocessable("unknown_product", "a line names a product that does not exist", unknown));
    }
    let Some((_, first)) = known.first() else {
        return Err(Problem::invalid_field("/lines", "too_few", "at least one line was expected"));
    };
    let currency = first.price.currency;
    let others = known.iter().enumerate().filter(|(_, (_, product))| product.price.currency != currency);
    let others: Vec<FieldError> = others
        .map(|(at, (_, product))| {
            let detail = format!("its price is in {}, and the first line's in {currency}", product.price.currency);
            field(at, "mixed_currencies", detail)
        })
        .collect();
    if !others.is_empty() {
        return Err(Problem::unprocessable("mixed_currencies", "an order has one currency", others));
    }
    check_parts(&known)?;
    let lines: Option<Vec<Line>> = known.into_iter().map(|(line, product)| priced(line, product)).collect();
    let sum = |lines: &[Line]| lines.iter().try_fold(0_u64, |sum, line| sum.checked_add(line.total.amount));
    let priced = lines.and_then(|lines| Some((sum(&lines).filter(|amount| *amount <= MAX_TOTAL)?, lines)));
    let Some((amount, lines)) = priced else {
        let detail = format!("the total is over {MAX_TOTAL}");
        return Err(Problem::unprocessable("total_out_of_range", detail, Vec::new()));
    };
    let total = Price { amount, currency };
    Ok(Order {
        id,
        status: Status::Pending,
        lines,
        total,
        reason: None,
        owner,
        version: 1,
        created_at: now,
        updated_at: now,
    })
}

fn field(at: usize, code: &'static str, detail: String) -> FieldError {
    FieldError { field: format!("/lines/{at}/productId"), code, detail }
}

fn priced(line: &LineInput, product: &Product) -> Option<Line> {
    let amount = product.price.amount.checked_mul(line.quantity)?;
    Some(Line {
        product_id: product.id.clone(),
        name: product.name.clone(),
        quantity: line.quantity,
        unit_price: product.price,
        total: Price { amount, currency: product.price.currency },
        recipe: product.recipe.clone(),
    })
}

fn check_parts(lines: &[(&LineInput, &Product)]) -> Result<(), Problem> {
    let ingredients = lines.iter().flat_map(|(_, product)| &product.recipe).map(|item| &item.ingredient_id);
    let parts = lines.len() + ingredients.collect::<BTreeSet<_>>().len();
    if parts <= MAX_PARTS {
        return Ok(());
    }
    let detail = format!("the order has {parts} distinct products and ingredients, more than {MAX_PARTS}; split it");
    Err(Problem::unprocessable("too_many_parts", detail, Vec::new()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn product(id: &str, amount: u64, currency: &str, ingredients: usize) -> Product {
        let recipe: Vec<Value> = (0..ingredients)
            .map(|number| json!({"ingredientId": format!("{id}-{number}"), "quantity": 1, "unit": "g"}))
            .collect();
        serde_json::from_value(json!({
            "id": id, "name": id, "price": {"amount": amount, "currency": currency}, "stock": 0, "recipe": recipe,
            "version": 1, "createdAt": "2026-11-21T06:00:00Z", "updatedAt": "2026-11-21T06:00:00Z"
        }))
        .unwrap()
    }

    fn quoted(products: &[Product], lines: &[(&str, u64)]) -> Result<Order, &'static str> {
        let id = |id: &str| ProductId::try_from(id.to_owned()).unwrap();
        let products = products.iter().map(|product| (product.id.clone(), product.clone())).collect();
        let lines: Vec<LineInput> =
            lines.iter().map(|(of, quantity)| LineInput { product_id: id(of), quantity: *quantity }).collect();
        let order = OrderId::try_from("o".to_owned()).unwrap();
        quote(order, None, &lines, &products, "2026-11-21T06:00:00Z".parse().unwrap()).map_err(|problem| problem.code)
    }

    #[test]
    fn an_order_keeps_prices_and_recipes_as_they_were_and_adds_up() {
        let order = quoted(&[product("a", 950, "EUR", 2), product("b", 1, "EUR", 0)], &[("a", 3), ("b", 7)]).unwrap();
        assert_eq!(order.total.amount, 2857);
        assert_eq!(order.lines.iter().map(|line| line.total.amount).collect::<Vec<_>>(), [2850, 7]);
        assert_eq!(order.lines[0].recipe.len(), 2);
    }

    #[test]
    fn what_cannot_be_ordered_has_its_code() {
        let all = [
            product("a", 1, "EUR", 45),
            product("b", 1, "EUR", 43),
            product("c", 1, "EUR", 44),
            product("yen", 1, "JPY", 0),
            product("dear", 1_000_000_000_000, "EUR", 0),
        ];
        assert!(quoted(&all, &[("a", 1), ("b", 1)]).is_ok(), "90 parts");
        for (lines, code) in [
            (&[("a", 1), ("c", 1)][..], "too_many_parts"),
            (&[("a", 1), ("yen", 1)], "mixed_currencies"),
            (&[("a", 1), ("gone", 1)], "unknown_product"),
            (&[("dear", 9_008)], "total_out_of_range"),
        ] {
            assert_eq!(quoted(&all, lines).unwrap_err(), code);
        }
    }
}
