//! Combines the decisions about several orders into one transaction. Pure: time and ids are arguments.
//!
//! Orders are decided in the order of the batch, each against the stock that the previous ones have left. Each product
//! and ingredient is written once for all orders, so a popular one, which is the normal case, costs one action instead
//! of one per order.

use std::collections::{BTreeMap, BTreeSet};

use millrace_delivery::outbox::{Entry, EntryError, bundle};
use millrace_domain::event::Context;
use millrace_domain::id::{IngredientId, OrderId, ProductId};
use millrace_domain::ingredient::Kept;
use millrace_domain::order::{Order, Status};
use millrace_domain::product::Product;
use millrace_store::ingredient;
use millrace_store::order;
use millrace_store::product;
use millrace_store::product::item::Stored;
use uuid::Uuid;

use crate::decide::{Left, take};

/// Most actions of a transaction (`TransactWriteItems`), less a reserve for the bundle: it has more than one item only
/// if an order is alone.
const MAX_ACTIONS: usize = 100;
const BUNDLE_ACTIONS: usize = 6;

/// Products and ingredients as they were read.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    pub products: BTreeMap<ProductId, Stored>,
    pub ingredients: BTreeMap<IngredientId, Kept>,
}

/// The writes of one transaction.
#[derive(Debug, Default)]
pub struct Plan {
    /// The decided orders, confirmed or rejected.
    pub orders: Vec<Order>,
    /// Next versions of the products whose stock they reduce.
    pub products: Vec<Product>,
    pub ingredients: Vec<Kept>,
    /// The events of all these changes.
    pub entries: Vec<Entry>,
}

/// Trace contexts by order.
pub type Traces = BTreeMap<OrderId, String>;

/// The products and ingredients that an order may need.
pub fn parts(order: &Order) -> (BTreeSet<&ProductId>, BTreeSet<&IngredientId>) {
    let recipes = order.lines.iter().flat_map(|line| &line.recipe);
    (order.lines.iter().map(|line| &line.product_id).collect(), recipes.map(|item| &item.ingredient_id).collect())
}

/// How many of these orders, from the first, are certain to fit into one transaction by their number of actions; at
/// least one.
pub fn fitting(orders: &[Order]) -> usize {
    let (mut products, mut ingredients) = (BTreeSet::new(), BTreeSet::new());
    let fits = orders.iter().enumerate().take_while(|(at, order)| {
        let (of_products, of_ingredients) = parts(order);
        products.extend(of_products);
        ingredients.extend(of_ingredients);
        at + 1 + products.len() + ingredients.len() <= MAX_ACTIONS - BUNDLE_ACTIONS
    });
    fits.count().max(1).min(orders.len())
}

/// Decides orders, from the first, as long as their events fit into one bundle item; at least one order. An order's
/// event continues the order's own trace; the events of products and ingredients continue the first order's.
pub fn fold(
    orders: &[Order],
    parts: &Parts,
    context: &Context,
    traces: &Traces,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<Plan, EntryError> {
    let mut left = left(parts);
    let mut plan = Plan::default();
    let mut bytes = 0;
    for order in orders {
        let mut after = left.clone();
        let decided = decided(order, take(order, &mut after), context);
        let entry = order::entries::entry(&decided, new_id(), &in_trace(context, traces.get(&order.id)))?;
        // A product's event contains the product, and so does its warning.
        let (products, _) = self::parts(order);
        let touched = products.into_iter().filter(|id| !plan.orders.iter().any(|other| has(other, id)));
        let touched = touched.filter_map(|id| parts.products.get(id)?.live());
        let products: usize = touched.map(|product| 2 * (json_size(product) + OVERHEAD)).sum();
        bytes += bundle::size(&entry) + products + order.lines.len() * OVERHEAD;
        if bytes > bundle::MAX_ITEM_BYTES && !plan.orders.is_empty() {
            break;
        }
        left = after;
        plan.orders.push(decided);
        plan.entries.push(entry);
    }
    let first = orders.first().and_then(|order| traces.get(&order.id));
    changes(&mut plan, parts, &left, &in_trace(context, first), new_id)?;
    Ok(plan)
}

fn in_trace(context: &Context, trace: Option<&String>) -> Context {
    Context { traceparent: trace.cloned(), ..context.clone() }
}

/// Size of an event's envelope, or of a `Notify` event, in bytes.
const OVERHEAD: usize = 2_048;

fn has(order: &Order, id: &ProductId) -> bool {
    order.lines.iter().any(|line| line.product_id == *id)
}

fn json_size(product: &Product) -> usize {
    serde_json::to_vec(product).map_or(0, |json| json.len())
}

fn left(parts: &Parts) -> Left {
    let live = |(id, stored): (&ProductId, &Stored)| Some((id.clone(), stored.live()?.stock));
    let kept = |(id, kept): (&IngredientId, &Kept)| (id.clone(), (kept.ingredient.stock, kept.ingredient.unit.clone()));
    Left {
        products: parts.products.iter().filter_map(live).collect(),
        ingredients: parts.ingredients.iter().map(kept).collect(),
    }
}

fn decided(order: &Order, taken: Result<(), String>, context: &Context) -> Order {
    let (status, reason) = match taken {
        Ok(()) => (Status::Confirmed, None),
        Err(reason) => (Status::Rejected, Some(reason)),
    };
    Order { status, reason, version: order.version + 1, updated_at: context.now, ..order.clone() }
}

/// The next versions of products and ingredients whose stock was reduced, and their events.
fn changes(
    plan: &mut Plan,
    parts: &Parts,
    left: &Left,
    context: &Context,
    mut new_id: impl FnMut() -> Uuid,
) -> Result<(), EntryError> {
    for (id, stock) in &left.products {
        let Some(before) = parts.products.get(id).and_then(Stored::live) else { continue };
        if before.stock != *stock {
            let (version, updated_at) = (before.version + 1, context.now);
            let next = Product { stock: *stock, version, updated_at, ..before.clone() };
            let ids = [new_id(), new_id()];
            plan.entries.extend(product::entries::stock_reduced(&next, before.stock, ids, context)?);
            plan.products.push(next);
        }
    }
    for (id, (stock, _)) in &left.ingredients {
        let Some(before) = parts.ingredients.get(id) else { continue };
        if before.ingredient.stock != *stock {
            let mut next = before.ingredient.clone();
            (next.stock, next.version, next.updated_at) = (*stock, next.version + 1, context.now);
            let (next, notify) = before.change(next);
            if let Some(notify) = notify {
                plan.entries.push(ingredient::entries::low_stock_alert(notify, new_id(), context)?);
            }
            plan.ingredients.push(next);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const AT: &str = "2026-11-21T06:00:00Z";
    const FULL: u64 = 60;

    fn order(number: usize, lines: &[(u8, u64)]) -> Order {
        let price = json!({"amount": 1, "currency": "EUR"});
        let lines: Vec<Value> = lines
            .iter()
            .map(|(of, quantity)| {
                // Product n needs n + 1 of the ingredients n and n + 1.
                let recipe: Vec<Value> = [*of, of + 1]
                    .iter()
                    .map(|id| json!({"ingredientId": format!("i{id}"), "quantity": of + 1, "unit": "g"}))
                    .collect();
                json!({"productId": format!("p{of}"), "name": "P", "quantity": quantity, "unitPrice": price,
                    "total": price, "recipe": recipe})
            })
            .collect();
        serde_json::from_value(json!({
            "id": format!("o{number}"), "status": "pending", "lines": lines, "total": price, "version": 1,
            "createdAt": AT, "updatedAt": AT
        }))
        .unwrap()
    }

    fn parts_of(products: &[u64], ingredients: &[u64]) -> Parts {
        let mut parts = Parts::default();
        for (id, stock) in products.iter().enumerate() {
            let product: Product = serde_json::from_value(json!({
                "id": format!("p{id}"), "name": "P", "price": {"amount": 1, "currency": "EUR"}, "stock": stock,
                "lowStockThreshold": 3, "recipe": [], "version": 1, "createdAt": AT, "updatedAt": AT
            }))
            .unwrap();
            let stored = Stored { state: product::item::State::Live(product.clone()), bundle: None };
            parts.products.insert(product.id, stored);
        }
        for (id, stock) in ingredients.iter().enumerate() {
            let ingredient: millrace_domain::ingredient::Ingredient = serde_json::from_value(json!({
                "id": format!("i{id}"), "name": "I", "unit": "g", "stock": stock, "fullLevel": FULL, "version": 1,
                "createdAt": AT, "updatedAt": AT
            }))
            .unwrap();
            parts.ingredients.insert(ingredient.id.clone(), Kept::new(ingredient));
        }
        parts
    }

    fn apply(plan: &Plan, parts: &mut Parts) {
        for product in &plan.products {
            let stored = Stored { state: product::item::State::Live(product.clone()), bundle: None };
            let before = parts.products.insert(product.id.clone(), stored).unwrap();
            assert_eq!(before.version() + 1, product.version);
        }
        for kept in &plan.ingredients {
            parts.ingredients.insert(kept.ingredient.id.clone(), kept.clone());
        }
    }

    /// The reference model: one order after the other, in signed numbers, looking only at the parts that the order
    /// needs.
    fn model(orders: &[Vec<(u8, u64)>], products: &mut [i64], ingredients: &mut [i64]) -> Vec<bool> {
        let fill = |lines: &Vec<(u8, u64)>| {
            let (mut p, mut i) = (products.to_vec(), ingredients.to_vec());
            for (of, quantity) in lines {
                let (at, each) = (usize::from(*of), i64::from(*of) + 1);
                p[at] -= *quantity as i64;
                i[at] -= each * *quantity as i64;
                i[at + 1] -= each * *quantity as i64;
            }
            let filled = p.iter().chain(&i).all(|left| *left >= 0);
            if filled {
                products.copy_from_slice(&p);
                ingredients.copy_from_slice(&i);
            }
            filled
        };
        orders.iter().map(fill).collect()
    }

    fn lines() -> impl Strategy<Value = Vec<(u8, u64)>> {
        proptest::collection::btree_map(0_u8..3, 1_u64..4, 1..3).prop_map(|lines| lines.into_iter().collect())
    }

    proptest! {
        #[test]
        fn orders_take_what_the_reference_says_however_they_are_cut_into_transactions(
            lines in proptest::collection::vec(lines(), 1..40),
            cuts in proptest::collection::vec(1_usize..9, 40),
            products in proptest::collection::vec(0_u64..30, 3),
            ingredients in proptest::collection::vec(0_u64..=FULL, 4),
        ) {
            let orders: Vec<Order> = lines.iter().enumerate().map(|(at, lines)| order(at, lines)).collect();
            let signed = |numbers: &[u64]| numbers.iter().map(|it| *it as i64).collect::<Vec<_>>();
            let (mut p, mut i) = (signed(&products), signed(&ingredients));
            let filled = model(&lines, &mut p, &mut i);
            let mut parts = parts_of(&products, &ingredients);
            let context = Context { now: AT.parse().unwrap(), source: "stock", traceparent: None };
            let (mut rest, mut decided, mut kinds) = (orders.as_slice(), Vec::new(), Vec::new());
            for cut in cuts.iter().cycle() {
                let most = (*cut).min(fitting(rest));
                if most == 0 {
                    break;
                }
                let plan = fold(&rest[..most], &parts, &context, &Traces::new(), Uuid::nil).unwrap();
                rest = &rest[plan.orders.len()..];
                apply(&plan, &mut parts);
                decided.extend(plan.orders);
                kinds.extend(plan.entries.into_iter().map(|entry| (entry.topic, entry.key)));
            }
            let confirmed: Vec<bool> = decided.iter().map(|order| order.status == Status::Confirmed).collect();
            prop_assert_eq!(confirmed, filled);
            let stocks = parts.products.values().map(|stored| stored.live().unwrap().stock as i64);
            prop_assert_eq!(stocks.collect::<Vec<_>>(), p);
            let stocks = parts.ingredients.values().map(|kept| kept.ingredient.stock as i64);
            prop_assert_eq!(stocks.collect::<Vec<_>>(), i.clone());
            // Each ingredient that fell from half or more to less causes one alert.
            for (at, (before, after)) in ingredients.iter().zip(i).enumerate() {
                let told = kinds.iter().filter(|(topic, key)| topic == "notify" && *key == format!("i{at}")).count();
                prop_assert_eq!(told, usize::from(before * 2 >= FULL && after * 2 < FULL as i64));
            }
        }
    }

    #[test]
    fn an_order_that_cannot_be_filled_says_why() {
        let mut parts = parts_of(&[5, 5, 5], &[60, 60, 60]);
        let context = Context { now: AT.parse().unwrap(), source: "stock", traceparent: None };
        let reason = |parts: &Parts, lines: &[(u8, u64)]| {
            fold(&[order(0, lines)], parts, &context, &Traces::new(), Uuid::nil).unwrap().orders[0].reason.clone()
        };
        assert_eq!(reason(&parts, &[(0, 5)]), None);
        assert_eq!(reason(&parts, &[(0, 1), (1, 6)]).unwrap(), "out_of_stock: product p1");
        assert_eq!(reason(&parts, &[(2, 1)]).unwrap(), "unknown_ingredient: i3");
        assert_eq!(reason(&parts, &[(7, 1)]).unwrap(), "product_deleted: p7");
        for kept in parts.ingredients.values_mut() {
            (kept.ingredient.stock, kept.ingredient.unit) = (3, "g".to_owned());
        }
        assert_eq!(reason(&parts, &[(0, 4)]).unwrap(), "out_of_stock: ingredient i0");
        for kept in parts.ingredients.values_mut() {
            kept.ingredient.unit = "kg".to_owned();
        }
        assert_eq!(reason(&parts, &[(0, 1)]).unwrap(), "unit_mismatch: i0");
    }

    #[test]
    fn a_transaction_has_at_most_a_hundred_actions_and_many_orders_share_hot_parts() {
        let hot: Vec<Order> = (0..200).map(|at| order(at, &[(0, 1)])).collect();
        assert_eq!(fitting(&hot), 100 - BUNDLE_ACTIONS - 3);
        assert_eq!(fitting(&hot[..5]), 5);
    }
}
