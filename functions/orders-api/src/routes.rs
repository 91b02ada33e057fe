//! The routes of orders, ingredients and demo data.

use axum::Router;
use axum::routing::{get, post};

use crate::api::Api;
use crate::{ingredients, orders, seed};

/// All routes of this function.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/orders", get(orders::list).post(orders::create))
        .route("/order", post(orders::create))
        .route("/orders/{id}", get(orders::read))
        .route("/orders/seed", post(seed::load))
        .route("/order/seed", post(seed::load))
        .route("/ingredients", get(ingredients::list).post(ingredients::create))
        .route("/ingredients/{id}", get(ingredients::read).put(ingredients::replace))
        .route("/ingredients/{id}/restock", post(ingredients::restock))
        .with_state(api)
}
