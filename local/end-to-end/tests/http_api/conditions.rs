//! Conditional requests.

use end_to_end::stack::{Stack, product};
use serde_json::json;

use super::{fields, salt, send, told};

#[tokio::test]
async fn a_condition_that_does_not_hold_changes_nothing_on_any_resource() {
    let stack = Stack::start().await;
    let failed = (412, "version_mismatch".to_owned());
    // Nothing is there: If-Match fails, and If-None-Match makes.
    let (ingredient, body) = ("/ingredients/salt", salt(5).to_string());
    for value in ["*", "\"1\"", ""] {
        assert_eq!(told(&send(&stack, "PUT", ingredient, &[("if-match", value)], &body).await), failed, "{value}");
        let condition = [("if-match", value)];
        let restock = send(&stack, "POST", "/ingredients/salt/restock", &condition, "{\"quantity\":1}").await;
        assert_eq!(told(&restock), failed, "{value}");
    }
    for method in ["PUT", "PATCH", "DELETE"] {
        let product = product("Burger").to_string();
        assert_eq!(
            told(&send(&stack, method, "/products/x", &[("if-match", "*")], &product).await),
            failed,
            "{method}"
        );
        assert_eq!(send(&stack, method, "/products/x", &[("if-none-match", "*")], &product).await.status, 404);
    }
    send(&stack, "PUT", ingredient, &[("if-none-match", "*")], &body).await.with(201);
    let mut burger = product("Burger");
    burger["id"] = json!("x");
    stack.create(&burger).await;

    // Something is there, at version 1.
    let refusing: &[&[(&str, &str)]] = &[
        &[("if-none-match", "*")],
        &[("if-none-match", "\"1\"")],
        &[("if-none-match", "W/\"1\"")],
        &[("if-none-match", ", \"9\",, \"1\" ,")],
        &[("if-none-match", "\"9\""), ("if-none-match", "\"1\"")],
        &[("if-match", "\"2\"")],
        &[("if-match", "W/\"1\"")],
        &[("if-match", "\"01\"")],
        &[("if-match", ",")],
        &[("if-match", "\"1\""), ("if-none-match", "*")],
    ];
    let changes = [
        ("PUT", ingredient, salt(7).to_string()),
        ("POST", "/ingredients/salt/restock", json!({"quantity": 1}).to_string()),
        ("PUT", "/products/x", product("Other").to_string()),
        ("PATCH", "/products/x", json!({"stock": 1}).to_string()),
        ("DELETE", "/products/x", String::new()),
    ];
    for (method, path, body) in &changes {
        for headers in refusing {
            assert_eq!(told(&send(&stack, method, path, headers, body).await), failed, "{method} {path} {headers:?}");
        }
        let malformed = send(&stack, method, path, &[("if-none-match", "1")], body).await;
        assert_eq!(fields(&malformed), [("if-none-match".to_owned(), "invalid_etag".to_owned())]);
    }
    // What holds goes through.
    let holding = [("if-match", "\"5\", \"1\""), ("if-none-match", "\"2\"")];
    let patched = send(&stack, "PATCH", "/products/x", &holding, "{\"stock\":1}").await.with(200);
    assert_eq!(patched.header("etag"), "\"2\"");
    let restocked = send(&stack, "POST", "/ingredients/salt/restock", &holding, "{\"quantity\":1}").await.with(200);
    assert_eq!((restocked.header("etag"), &restocked.json()["stock"]), ("\"2\"", &json!(6)));
    send(&stack, "DELETE", "/products/x", &[("if-match", "*")], "").await.with(204);
}

#[tokio::test]
async fn a_restock_that_is_sent_again_gets_its_first_answer_though_its_condition_does_not_hold_any_more() {
    let stack = Stack::start().await;
    stack.ask("PUT", "/ingredients/salt", &salt(5)).await.with(201);
    let headers = [("if-match", "\"1\""), ("idempotency-key", "once")];
    let restock =
        async || send(&stack, "POST", "/ingredients/salt/restock", &headers, "{\"quantity\": 1}").await.with(200);
    let (first, again) = (restock().await, restock().await);
    assert_eq!((again.header("idempotency-replayed"), &again.text), ("true", &first.text));
}

#[tokio::test]
async fn a_read_of_what_the_client_has_is_answered_without_it_by_get_and_head() {
    let stack = Stack::start().await;
    stack.ask("PUT", "/ingredients/salt", &salt(5)).await.with(201);
    let other = stack.create(&product("Fries")).await["id"].clone();
    let order = json!({"lines": [{"productId": &other, "quantity": 1}]});
    let order = stack.ask("POST", "/orders", &order).await.with(201).header("location").to_owned();
    // From here on neither changes any more.
    stack.drained().await;
    let of_product = format!("/products/{}", other.as_str().unwrap());
    for path in ["/ingredients/salt", of_product.as_str(), order.as_str(), "/openapi.json"] {
        let read = stack.get(path).await.with(200);
        let tag = read.header("etag");
        for method in ["GET", "HEAD"] {
            for known in [tag, &format!("W/{tag}"), "*", &format!("\"a,b\", {tag}")] {
                let unchanged = send(&stack, method, path, &[("if-none-match", known)], "").await.with(304);
                assert_eq!((unchanged.header("etag"), unchanged.text.as_str()), (tag, ""), "{method} {path}");
                assert_eq!(unchanged.header("cache-control"), read.header("cache-control"));
            }
            for other in ["\"0\"", "W/\"0\", \"x\"", ""] {
                send(&stack, method, path, &[("if-none-match", other)], "").await.with(200);
            }
            send(&stack, method, path, &[("if-match", tag)], "").await.with(200);
            send(&stack, method, path, &[("if-match", "\"0\"")], "").await.with(412);
        }
    }
}
