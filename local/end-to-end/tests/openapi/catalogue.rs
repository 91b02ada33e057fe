//! Products, orders and ingredients.

use end_to_end::contract::contract;
use end_to_end::stack::orders::order;
use end_to_end::stack::{Stack, product};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::asked::{Asked, listed_answers_came};

/// A body that the contract allows, with one field set.
fn with(base: &Value, pointer: &str, value: Value) -> String {
    let mut body = base.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body.to_string()
}

fn part(id: &str) -> Value {
    json!({"ingredientId": id, "quantity": 1, "unit": "g"})
}

#[tokio::test]
async fn every_answer_of_products_is_as_the_contract_says_and_it_lists_none_that_does_not_come() {
    let asked = Asked::start().await;
    let burger = product("Burger");
    let path = asked.ask("POST", "/products", None, Some(&burger.to_string())).await.with(201);
    let path = path.header("location").to_owned();
    let taken = with(&burger, "/id", json!("taken"));
    asked.ask("POST", "/products", None, Some(&taken)).await.with(201);
    asked.refused(&("POST", "/products", taken), 409, "already_exists").await;
    for (method, target) in [("POST", "/products"), ("PUT", path.as_str()), ("PATCH", path.as_str())] {
        mistakes_of_a_product(&asked, method, target).await;
        asked.bodies(method, target, &burger.to_string()).await;
    }
    let id = with(&burger, "/id", json!("no spaces"));
    asked.mistaken("POST", "/products", None, Some(&id)).await;
    changes(&asked, &path).await;
    asked.conditions("/products/taken").await;
    let bodies = (burger.to_string(), product("Other").to_string());
    asked.keys("/products", (&bodies.0, &bodies.1), "products-api", "ProductsTable").await;
    asked.lists("/products").await;
    asked.mistaken("GET", "/products?lowStock=maybe", None, None).await;
    for query in ["limit=1", "lowStock=true", "lowStock=false&limit=100", "unheardOf=1"] {
        asked.ask("GET", &format!("/products?{query}"), None, None).await.with(200);
    }
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        asked.refused(&(method, "/products/none", burger.to_string()), 404, "not_found").await;
        asked.refused(&(method, "/products/no%20id", burger.to_string()), 404, "not_found").await;
    }
    let requests = ["PUT", "PATCH", "DELETE", "GET"].map(|method| (method, path.as_str(), burger.to_string()));
    let others = [("GET", "/products", String::new()), ("POST", "/products", burger.to_string())];
    asked.throttled(&[&requests[..], &others].concat()).await;
    asked.with("DELETE", &path, &[], "").await.with(204);
    listed_answers_came(&["products"]);
}

async fn mistakes_of_a_product(asked: &Asked, method: &str, target: &str) {
    let base = product("Burger");
    let mistakes = [
        ("/name", json!(" \t ")),
        ("/name", json!("a\u{1}b")),
        ("/name", json!("")),
        ("/name", json!("x".repeat(201))),
        ("/name", json!(5)),
        ("/name", Value::Null),
        ("/description", json!("x".repeat(4_001))),
        ("/description", json!("\u{7f}")),
        ("/price", json!([])),
        ("/price/amount", json!(1_000_000_000_001_u64)),
        ("/price/currency", json!("euro")),
        ("/stock", json!("1")),
        ("/stock", json!(1.5)),
        ("/stock", json!(-1)),
        ("/lowStockThreshold", json!(-1)),
        ("/recipe", json!({})),
        ("/recipe", json!(vec![part("beef"); 51])),
        ("/recipe", json!([part("no spaces")])),
        ("/recipe", json!([{"ingredientId": "beef", "quantity": 0, "unit": "g"}])),
        ("/recipe", json!([{"ingredientId": "beef", "quantity": 1, "unit": "x".repeat(21)}])),
        ("/colour", json!("red")),
    ];
    for (pointer, value) in mistakes {
        asked.mistaken(method, target, None, Some(&with(&base, pointer, value))).await;
    }
    for body in ["{", "[]", "1"] {
        asked.mistaken(method, target, None, Some(body)).await;
    }
    // More than a schema sees.
    for (pointer, value) in [("/price/currency", json!("XXX")), ("/recipe", json!([part("beef"), part("beef")]))] {
        let request = (method, target, with(&base, pointer, value));
        asked.refused(&request, 400, "invalid_request").await;
    }
    if method != "POST" {
        asked.mistaken_with(method, target, &[("if-match", "1")], Some(&base.to_string())).await;
    }
}

/// What a schema has to allow, because the server does.
async fn changes(asked: &Asked, path: &str) {
    let read = asked.with("GET", path, &[], "").await.with(200).json();
    let full = json!({"name": "x".repeat(200), "description": "", "price": {"amount": 1_000_000_000_000_u64, "currency": "JPY"},
        "stock": 0, "lowStockThreshold": 1.0, "recipe": (0..50).map(|id| part(&format!("i-{id}"))).collect::<Vec<_>>()});
    for body in [read.clone(), full.clone(), with_server_fields()] {
        asked.with("PUT", path, &[], &body.to_string()).await.with(200);
    }
    asked.with("POST", "/products", &[], &full.to_string()).await.with(201);
    let patches = [
        json!({}),
        read,
        json!({"description": null, "lowStockThreshold": null, "recipe": null, "id": null, "unheardOf": null}),
        json!({"price": {"amount": 1, "unheardOf": null}, "version": "any"}),
    ];
    for patch in patches {
        for kind in ["application/json", "application/merge-patch+json", "application/x-www-form-urlencoded"] {
            asked.with("PATCH", path, &[("content-type", kind)], &patch.to_string()).await.with(200);
        }
    }
    for (name, value) in [("if-match", "\"77\""), ("if-none-match", "*")] {
        for method in ["PUT", "PATCH", "DELETE"] {
            asked.with(method, path, &[(name, value)], &product("Burger").to_string()).await.with(412);
        }
    }
    asked.mistaken_with("DELETE", path, &[("if-none-match", "1")], None).await;
}

fn with_server_fields() -> Value {
    let mut body = product("Burger");
    for name in ["id", "version", "createdAt", "updatedAt"] {
        body[name] = json!(["anything"]);
    }
    body
}

#[tokio::test]
async fn every_answer_of_orders_is_as_the_contract_says_and_it_lists_none_that_does_not_come() {
    let asked = Asked::start().await;
    asked.ask("POST", "/orders/seed", None, None).await.with(200);
    let body = order(&[("burger", 1)]).to_string();
    products_that_cannot_be_ordered(&asked).await;
    let mut path = String::new();
    for target in ["/orders", "/order"] {
        asked.ask("POST", target, None, Some(&body)).await.with(201).header("location").clone_into(&mut path);
        mistakes_of_an_order(&asked, target).await;
        asked.bodies("POST", target, &body).await;
        let refused: [(&[(&str, u64)], &str); 4] = [
            (&[("burger", 1), ("unknown", 1)], "unknown_product"),
            (&[("burger", 1), ("yen", 1)], "mixed_currencies"),
            (&[("rich-0", 1), ("rich-1", 1)], "too_many_parts"),
            (&[("dear", 9_008)], "total_out_of_range"),
        ];
        for (lines, code) in refused {
            asked.refused(&("POST", target, order(lines).to_string()), 422, code).await;
        }
        let wide: Vec<(String, u64)> = (0..50).map(|id| (format!("wide-{id}"), 1)).collect();
        let wide: Vec<(&str, u64)> = wide.iter().map(|(id, quantity)| (id.as_str(), *quantity)).collect();
        asked.refused(&("POST", target, order(&wide).to_string()), 413, "event_too_large").await;
    }
    let other = order(&[("burger", 2)]).to_string();
    asked.keys("/orders", (&body, &other), "orders-api", "OrdersTable").await;
    // The keys of the one are those of the other.
    asked.ask("POST", "/order", Some("first"), Some(&body)).await.with(201);
    asked.ask("POST", "/order", Some("first"), Some(&other)).await.with(422);
    asked.ask("POST", "/order", Some(&"k".repeat(255)), Some(&body)).await.with(409);
    asked.stack.drained().await;
    asked.conditions(&path).await;
    asked.lists("/orders").await;
    asked.ask("GET", "/orders?limit=1", None, None).await.with(200);
    for id in ["none", "no%20id"] {
        asked.refused(&("GET", &format!("/orders/{id}"), String::new()), 404, "not_found").await;
    }
    demo_data(&asked).await;
    let requests = [("GET", "/orders"), ("GET", path.as_str()), ("POST", "/orders"), ("POST", "/order")];
    let mut requests = requests.map(|(method, target)| (method, target, body.clone())).to_vec();
    requests.extend(["/orders/seed", "/order/seed"].map(|target| ("POST", target, String::new())));
    asked.throttled(&requests).await;
    listed_answers_came(&["orders"]);
}

async fn products_that_cannot_be_ordered(asked: &Asked) {
    let recipe = |ids: Vec<String>| {
        let part = |id: String| json!({"ingredientId": id, "quantity": 1_000_000_000_000_u64, "unit": "x".repeat(20)});
        ids.into_iter().map(part).collect::<Vec<_>>()
    };
    let named = |id: &str| {
        let mut body = product(id);
        body["id"] = json!(id);
        body
    };
    let mut products = vec![named("yen"), named("dear"), named("rich-0"), named("rich-1")];
    products[0]["price"]["currency"] = json!("JPY");
    products[1]["price"]["amount"] = json!(1_000_000_000_000_u64);
    for half in 0..2 {
        products[2 + half]["recipe"] = json!(recipe((0..45).map(|id| format!("i-{half}-{id}")).collect()));
    }
    for id in 0..50 {
        let mut wide = named(&format!("wide-{id}"));
        wide["recipe"] = json!(recipe((0..40).map(|id| format!("{id:064}")).collect()));
        products.push(wide);
    }
    let made = products.iter().map(|body| asked.stack.create(body));
    join_all(made).await;
}

async fn mistakes_of_an_order(asked: &Asked, target: &str) {
    let line = |product: Value, quantity: Value| json!({"lines": [{"productId": product, "quantity": quantity}]});
    let one = json!({"productId": "burger", "quantity": 1});
    let mistakes = [
        json!({}),
        json!([]),
        json!({"lines": null}),
        json!({"lines": {}}),
        json!({"lines": []}),
        json!({"lines": vec![one.clone(); 51]}),
        json!({"lines": [1]}),
        json!({"lines": [one], "note": "x"}),
        line(json!("no spaces"), json!(1)),
        line(json!(5), json!(1)),
        line(json!("burger"), json!("1")),
        line(json!("burger"), json!(0)),
        line(json!("burger"), json!(1_000_001)),
    ];
    for body in mistakes {
        asked.mistaken("POST", target, None, Some(&body.to_string())).await;
    }
    asked.mistaken("POST", target, None, Some("{")).await;
    asked.mistaken("POST", target, Some(&"k".repeat(256)), Some(&order(&[("burger", 1)]).to_string())).await;
    // More than a schema sees.
    let twice = order(&[("burger", 1), ("burger", 2)]).to_string();
    asked.refused(&("POST", target, twice), 400, "invalid_request").await;
}

async fn demo_data(asked: &Asked) {
    for target in ["/orders/seed", "/order/seed"] {
        asked.ask("POST", target, None, None).await.with(200);
        asked.bodies("POST", target, "{}").await;
        asked.mistaken("POST", target, Some(&"k".repeat(256)), None).await;
    }
    asked.keys("/orders/seed", ("{}", "[]"), "orders-api", "IdempotencyTable").await;
    asked.ask("POST", "/order/seed", Some("first"), Some("{}")).await.with(200);
    asked.ask("POST", "/order/seed", Some("first"), Some("[]")).await.with(422);
    asked.ask("POST", "/order/seed", Some(&"k".repeat(255)), Some("{}")).await.with(409);
    let off = Asked { stack: Stack::start_with(&["--parameter", "AllowSeed=off"]).await };
    for target in ["/orders/seed", "/order/seed"] {
        off.refused(&("POST", target, String::new()), 403, "seed_disabled").await;
    }
}

#[tokio::test]
async fn every_answer_of_ingredients_is_as_the_contract_says_and_it_lists_none_that_does_not_come() {
    let asked = Asked::start().await;
    let salt = json!({"name": "Salt", "unit": "g", "stock": 5, "fullLevel": 9, "alertEmail": "a.b+c@mail.example.com"});
    let (path, restocks, one) = ("/ingredients/salt", "/ingredients/salt/restock", json!({"quantity": 1}).to_string());
    asked.with("PUT", path, &[("if-none-match", "*")], &salt.to_string()).await.with(201);
    let read = asked.with("PUT", path, &[], &salt.to_string()).await.with(200).text;
    asked.with("PUT", path, &[], &read).await.with(200);
    asked.refused(&("POST", "/ingredients", read), 409, "already_exists").await;
    for (method, target) in [("POST", "/ingredients"), ("PUT", path)] {
        mistakes_of_an_ingredient(&asked, method, target, &salt).await;
        asked.bodies(method, target, &salt.to_string()).await;
    }
    let id = with(&salt, "/id", json!("no spaces"));
    asked.mistaken("POST", "/ingredients", None, Some(&id)).await;
    for body in ["{", "[]", "{}", r#"{"quantity": 0}"#, r#"{"quantity": "1"}"#, r#"{"quantity": 1, "unit": "g"}"#] {
        asked.mistaken("POST", restocks, None, Some(body)).await;
    }
    asked.bodies("POST", restocks, &one).await;
    for (method, target, body) in [("PUT", path, salt.to_string()), ("POST", restocks, one.clone())] {
        asked.mistaken_with(method, target, &[("if-match", "1")], Some(&body)).await;
        asked.with(method, target, &[("if-match", "\"77\"")], &body).await.with(412);
        asked.refused(&(method, &target.replace("salt", "no%20id"), body), 404, "not_found").await;
    }
    let full = json!({"quantity": 1_000_000_000_000_u64}).to_string();
    asked.refused(&("POST", restocks, full), 422, "stock_out_of_range").await;
    asked.conditions(path).await;
    asked.refused(&("GET", "/ingredients/none", String::new()), 404, "not_found").await;
    let bodies = (salt.to_string(), with(&salt, "/stock", json!(6)));
    asked.keys("/ingredients", (&bodies.0, &bodies.1), "orders-api", "IngredientsTable").await;
    let two = json!({"quantity": 2}).to_string();
    asked.keys(restocks, (&one, &two), "orders-api", "IngredientsTable").await;
    asked.lists("/ingredients").await;
    asked.ask("GET", "/ingredients?limit=100", None, None).await.with(200);
    let requests = [("GET", "/ingredients"), ("POST", "/ingredients"), ("GET", path), ("PUT", path)];
    let mut requests = requests.map(|(method, target)| (method, target, salt.to_string())).to_vec();
    requests.push(("POST", restocks, one));
    asked.throttled(&requests).await;
    listed_answers_came(&["ingredients"]);
}

async fn mistakes_of_an_ingredient(asked: &Asked, method: &str, target: &str, base: &Value) {
    let mistakes = [
        ("/name", json!(" ")),
        ("/name", json!("a\u{1}b")),
        ("/name", json!("")),
        ("/name", json!("x".repeat(201))),
        ("/name", json!(5)),
        ("/unit", Value::Null),
        ("/unit", json!("x".repeat(21))),
        ("/stock", json!(-1)),
        ("/stock", json!("1")),
        ("/fullLevel", json!(0)),
        ("/alertEmail", json!("a@b\r\nBcc: c@d.e")),
        ("/alertEmail", json!("kitchen")),
        ("/colour", json!("white")),
    ];
    for (pointer, value) in mistakes {
        asked.mistaken(method, target, None, Some(&with(base, pointer, value))).await;
    }
    for body in ["{", "[]"] {
        asked.mistaken(method, target, None, Some(body)).await;
    }
}

/// A client that checks an address by the contract's pattern finds what the server finds.
#[test]
fn the_pattern_of_an_address_takes_what_the_server_takes() {
    let label = "x".repeat(63);
    let (local, long) = ("x".repeat(64), [label.as_str(); 3].join("."));
    let texts = [
        "a@b.c",
        "a.b+c@mail.example.com",
        "!#$%&'*+/=?^_`{|}~-@a.b",
        "a@b",
        "@a.b",
        "a@",
        ".a@b.c",
        "a.@b.c",
        "a..b@c.d",
        "a b@c.d",
        "a@b_c.d",
        "a@-b.c",
        "a@b-.c",
        "a@b..c",
        "a@b.c.",
        "a@b.c\n",
        "ä@b.c",
        "a@ä.c",
        "\"a\"@b.c",
        "a@b@c.d",
    ];
    let mut texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    texts.extend([format!("{local}@b.c"), format!("a@{label}.c"), format!("a@{label}x.c"), format!("{local}@{long}")]);
    for text in texts {
        let taken = millrace_domain::email::EmailAddress::try_from(text.clone()).is_ok();
        let found = contract().validate("/components/schemas/EmailAddress", &json!(text)).is_ok();
        assert_eq!(found, taken, "{text:?}");
    }
}
