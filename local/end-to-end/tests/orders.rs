//! Orders as a client sees them: what is refused, what is idempotent, and how they end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::BTreeMap;

use end_to_end::stack::kafka::events_of;
use end_to_end::stack::orders::{amount, decided, dish, ingredient, order, ordered};
use end_to_end::stack::{Answer, Stack, product, size};
use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use serde_json::{Value, json};

/// Concurrent requests.
const AT_ONCE: usize = 16;

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str, field: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{problem}");
    assert!(problem["errors"].as_array().into_iter().flatten().any(|it| it["field"] == field) || field.is_empty());
}

#[tokio::test]
async fn an_order_that_cannot_be_is_told_why_and_leaves_no_trace() {
    let stack = Stack::start().await;
    dish(&stack, "burger", 10, &[]).await;
    dish(&stack, "deleted", 10, &[]).await;
    stack.send(stack.request("DELETE", "/products/deleted")).await.with(204);
    let mut yen = product("yen");
    (yen["id"], yen["price"]) = (json!("yen"), json!({"amount": 1, "currency": "JPY"}));
    stack.create(&yen).await;
    for half in 0..2 {
        let recipe: Vec<(String, u64)> = (0..45).map(|number| (format!("i-{half}-{number}"), 1)).collect();
        let recipe: Vec<(&str, u64)> = recipe.iter().map(|(id, quantity)| (id.as_str(), *quantity)).collect();
        dish(&stack, &format!("rich-{half}"), 10, &recipe).await;
    }
    let quantity = |quantity: Value| json!({"lines": [{"productId": "burger", "quantity": quantity}]});
    let many: Vec<(String, u64)> = (0..51).map(|number| (format!("p-{number}"), 1)).collect();
    let many: Vec<(&str, u64)> = many.iter().map(|(id, quantity)| (id.as_str(), *quantity)).collect();
    let wrong = [
        (json!({}), 400, "invalid_request", "/lines"),
        (json!({"lines": null}), 400, "invalid_request", "/lines"),
        (json!({"lines": []}), 400, "invalid_request", "/lines"),
        (json!([]), 400, "invalid_request", ""),
        (quantity(json!(0)), 400, "invalid_request", "/lines/0/quantity"),
        (quantity(json!(-1)), 400, "invalid_request", "/lines/0/quantity"),
        (quantity(json!(1_000_000_000_000_u64)), 400, "invalid_request", "/lines/0/quantity"),
        (quantity(json!(1e12)), 400, "invalid_request", "/lines/0/quantity"),
        (quantity(json!(1.5)), 400, "invalid_request", "/lines/0/quantity"),
        (quantity(json!("1")), 400, "invalid_request", "/lines/0/quantity"),
        (order(&[("burger", 1), ("burger", 2)]), 400, "invalid_request", "/lines/1/productId"),
        (order(&[("no spaces", 1)]), 400, "invalid_request", "/lines/0/productId"),
        (order(&many), 400, "invalid_request", "/lines"),
        (order(&[("burger", 1), ("unknown", 1)]), 422, "unknown_product", "/lines/1/productId"),
        (order(&[("deleted", 1)]), 422, "unknown_product", "/lines/0/productId"),
        (order(&[("burger", 1), ("yen", 1)]), 422, "mixed_currencies", "/lines/1/productId"),
        (order(&[("rich-0", 1), ("rich-1", 1)]), 422, "too_many_parts", ""),
    ];
    for (body, status, code, field) in wrong {
        for path in ["/orders", "/order"] {
            let refused = stack.request("POST", path).header("idempotency-key", "refused").json(&body);
            assert_problem(&stack.send(refused).await, status, code, field);
        }
    }
    for (body, field) in [
        (json!({"name": "x", "unit": "g", "stock": -1, "fullLevel": 0}), "/fullLevel"),
        (
            json!({"name": "x", "unit": "g", "stock": 1, "fullLevel": 1, "alertEmail": "a@b\r\nBcc: c@d.e"}),
            "/alertEmail",
        ),
    ] {
        assert_problem(&stack.ask("POST", "/ingredients", &body).await, 400, "invalid_request", field);
    }
    ingredient(&stack, "beef", 10).await;
    assert_problem(
        &stack.ask("POST", "/ingredients/beef/restock", &json!({"quantity": 0})).await,
        400,
        "invalid_request",
        "/quantity",
    );
    assert_problem(
        &stack.ask("POST", "/ingredients/none/restock", &json!({"quantity": 1})).await,
        404,
        "not_found",
        "",
    );
    let full = json!({"quantity": 1_000_000_000_000_u64});
    assert_problem(&stack.ask("POST", "/ingredients/beef/restock", &full).await, 422, "stock_out_of_range", "");
    stack.drained().await;
    assert_eq!(stack.items("OrdersTable").await, []);
    assert_eq!(
        (events_of(&stack.addresses.kafka, "order_created").await.len(), amount(&stack, "/ingredients/beef").await),
        (0, 10)
    );
    stack.conserved().await;
}

#[tokio::test]
async fn a_key_sent_fifty_times_at_once_makes_one_order_and_one_restock() {
    let stack = Stack::start().await;
    ingredient(&stack, "beef", 1_000).await;
    dish(&stack, "burger", 10, &[("beef", 150)]).await;
    for (path, body, status) in
        [("/orders", order(&[("burger", 1)]), 201), ("/ingredients/beef/restock", json!({"quantity": 7}), 200)]
    {
        let send = async |body: &Value| {
            stack.send(stack.request("POST", path).header("idempotency-key", "storm").json(body)).await
        };
        let storm = join_all((0..50).map(|_| send(&body))).await;
        let (made, waiting): (Vec<&Answer>, Vec<&Answer>) = storm.iter().partition(|answer| answer.status == status);
        assert!(!made.is_empty() && made.iter().all(|answer| answer.text == made[0].text));
        for answer in waiting {
            assert_problem(answer, 409, "idempotency_key_in_progress", "");
        }
        let replay = send(&body).await.with(status);
        assert_eq!((replay.text.as_str(), replay.header("idempotency-replayed")), (made[0].text.as_str(), "true"));
        let other = if path == "/orders" { order(&[("burger", 2)]) } else { json!({"quantity": 8}) };
        assert_problem(&send(&other).await, 422, "idempotency_key_reused", "");
    }
    // The alias is the same route.
    let alias = stack.request("POST", "/order").header("idempotency-key", "storm").json(&order(&[("burger", 1)]));
    assert_eq!(stack.send(alias).await.with(201).header("idempotency-replayed"), "true");
    decided(&stack, 1).await;
    assert_eq!(amount(&stack, "/ingredients/beef").await, 1_000 - 150 + 7);
    stack.drained().await;
    stack.conserved().await;
}

#[tokio::test]
async fn the_demo_data_are_loaded_once_however_often_and_orders_are_confirmed_rejected_read_and_listed() {
    const ORDERS: usize = 60;
    let stack = Stack::start().await;
    let seeded = join_all((0..4).map(|_| stack.send(stack.request("POST", "/orders/seed")))).await;
    assert!(seeded.iter().all(|answer| answer.clone().with(200).text.contains("cheeseburger")));
    let products = stack.products("limit=100").await.concat();
    assert!(products.iter().all(|product| product["version"] == 1) && products.len() == 5);
    let first = stack.ask("POST", "/order", &order(&[("burger", 2), ("fries", 1)])).await.with(201);
    let body = first.json();
    assert_eq!((&body["status"], &body["total"]), (&json!("pending"), &json!({"amount": 2_250, "currency": "EUR"})));
    assert_eq!(body["lines"][0]["unitPrice"], json!({"amount": 950, "currency": "EUR"}));
    let many = stream::iter(1..ORDERS).map(|_| ordered(&stack, &[("cheeseburger", 3)]));
    many.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let orders = decided(&stack, ORDERS).await;
    assert!(orders.iter().all(|order| order["status"] == "confirmed"));
    let read = stack.get(first.header("location")).await.with(200);
    assert_eq!((&read.json()["status"], read.header("etag")), (&json!("confirmed"), "\"2\""));
    let beef = 2 * 150 + 3 * 150 * (ORDERS as u64 - 1);
    assert_eq!(amount(&stack, "/ingredients/beef").await, 60_000 - beef);
    assert_eq!(amount(&stack, "/products/cheeseburger").await, 1_000 - 3 * (ORDERS as u64 - 1));

    let (mut listed, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = stack.get(&format!("/orders?limit=7{cursor}")).await.with(200).json();
        listed.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let time = |order: &Value| order["createdAt"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let times: Vec<jiff::Timestamp> = listed.iter().map(time).collect();
    assert!(listed.len() == ORDERS && times.is_sorted_by(|a, b| a >= b), "newest first: {times:?}");

    let rejected = ordered(&stack, &[("fries", 1_000)]).await;
    decided(&stack, ORDERS + 1).await;
    let rejected = stack.get(&format!("/orders/{rejected}")).await.json();
    assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("rejected"), &json!("out_of_stock: product fries")));
    stack.drained().await;
    stack.conserved().await;
    // 177 cheeseburgers have taken more than half of the 300 slices; half of the buns is left.
    let told = events_of(&stack.addresses.kafka, "notify").await;
    let told: Vec<&str> = told.iter().map(|notify| notify.event.subject.as_str()).collect();
    assert_eq!(told.iter().filter(|id| **id == "cheese").count(), 1, "{told:?}");
    let off = Stack::start_with(&["--parameter", "AllowSeed=off"]).await;
    assert_problem(&off.ask("POST", "/orders/seed", &json!({})).await, 403, "seed_disabled", "");
}

#[tokio::test]
async fn of_two_orders_that_race_for_the_last_unit_one_wins() {
    let races = size(40, 500);
    let stack = Stack::start().await;
    for race in 0..races {
        dish(&stack, &format!("last-{race}"), 1, &[]).await;
    }
    let race = |race: usize| {
        let (stack, id) = (&stack, format!("last-{race}"));
        async move {
            let last = [(id.as_str(), 1)];
            tokio::join!(ordered(stack, &last), ordered(stack, &last))
        }
    };
    stream::iter(0..races).map(race).buffer_unordered(AT_ONCE / 2).collect::<Vec<_>>().await;
    let mut won: BTreeMap<String, usize> = BTreeMap::new();
    for order in decided(&stack, 2 * races).await {
        let id = order["lines"][0]["productId"].as_str().unwrap().to_owned();
        *won.entry(id).or_default() += usize::from(order["status"] == "confirmed");
    }
    assert!(won.len() == races && won.values().all(|winners| *winners == 1), "{won:?}");
    stack.drained().await;
    stack.conserved().await;
}

#[tokio::test]
async fn the_fall_below_half_is_told_once_and_again_after_a_restock_above_half() {
    let stack = Stack::start().await;
    ingredient(&stack, "beef", 100).await;
    dish(&stack, "burger", 1_000, &[("beef", 10)]).await;
    let told = async || {
        stack.drained().await;
        let told = events_of(&stack.addresses.kafka, "notify").await;
        told.iter().map(|notify| notify.event.data.get().to_owned()).collect::<Vec<_>>()
    };
    let mut orders = 0;
    let mut take = async |pieces: u64| {
        ordered(&stack, &[("burger", pieces)]).await;
        orders += 1;
        decided(&stack, orders).await;
    };
    take(5).await;
    assert_eq!(told().await.len(), 0, "at half nobody is told");
    take(1).await;
    take(1).await;
    let first = told().await;
    assert_eq!(first.len(), 1);
    let notify: Value = serde_json::from_str(&first[0]).unwrap();
    assert_eq!(
        (&notify["stock"], &notify["email"], &notify["unit"]),
        (&json!(40), &json!("a@example.com"), &json!("g"))
    );
    let restock = async |quantity: u64| {
        stack.ask("POST", "/ingredients/beef/restock", &json!({"quantity": quantity})).await.with(200);
    };
    // To exactly half, which does not re-arm the notice.
    restock(20).await;
    take(1).await;
    assert_eq!(told().await.len(), 1);
    restock(20).await;
    take(2).await;
    assert_eq!(told().await.len(), 2);
    stack.conserved().await;
}
