//! The routes of orders, ingredients and demo data.

use axum::Router;
use axum::routing::{get, post};
use millrace_api::Problem;

use crate::api::Api;
use crate::{ingredients, orders, seed};

/// All routes of this function.
pub fn router(api: Api) -> Router {
    let get_post = || async { Problem::method_not_allowed("GET, POST") };
    let get_put = || async { Problem::method_not_allowed("GET, PUT") };
    let only_get = || async { Problem::method_not_allowed("GET") };
    let only_post = || async { Problem::method_not_allowed("POST") };
    Router::new()
        .route("/orders", get(orders::list).post(orders::create).fallback(get_post))
        .route("/order", post(orders::create).fallback(only_post))
        .route("/orders/{id}", get(orders::read).fallback(only_get))
        .route("/orders/seed", post(seed::load).fallback(only_post))
        .route("/order/seed", post(seed::load).fallback(only_post))
        .route("/ingredients", get(ingredients::list).post(ingredients::create).fallback(get_post))
        .route("/ingredients/{id}", get(ingredients::read).put(ingredients::replace).fallback(get_put))
        .route("/ingredients/{id}/restock", post(ingredients::restock).fallback(only_post))
        .with_state(api)
}
