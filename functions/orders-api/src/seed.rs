//! Loads the demo data that does not exist yet. Safe to repeat and to run concurrently.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use futures::future::try_join_all;
use http::{HeaderMap, StatusCode};
use millrace_api::change::{Change, Refused};
use millrace_api::idempotency::{self, Answer, Claim, Post};
use millrace_api::{Problem, resource};
use millrace_domain::event::EventType;
use millrace_domain::ingredient::{Ingredient, Kept};
use millrace_domain::product::Product;
use millrace_platform::clock;
use millrace_platform::telemetry::TraceContext;
use millrace_store::ingredient;
use millrace_store::product::entries;
use millrace_store::product::item::{self, Next};
use serde::Serialize;

use crate::api::{Api, context};
use crate::demo_data;

/// The demo data that exists now.
#[derive(Debug, Serialize)]
struct Seeded {
    ingredients: Vec<Ingredient>,
    products: Vec<Product>,
}

pub async fn load(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    post: Post,
) -> Result<Response, Problem> {
    if !api.seed {
        let detail = "demo data are off here; the parameter AllowSeed of the template turns them on";
        return Err(Problem::new(StatusCode::FORBIDDEN, "seed_disabled", detail));
    }
    let act = async |claim: Option<Claim>| seed(&api, &trace, claim).await;
    post.once(&api.changes.keys, "POST /orders/seed", act).await
}

async fn seed(api: &Api, trace: &TraceContext, claim: Option<Claim>) -> Result<Answer, Problem> {
    let now = clock::now();
    let ingredients = demo_data::ingredients(now)?.into_iter().map(|it| seed_ingredient(api, it));
    let ingredients = try_join_all(ingredients).await?;
    let products = try_join_all(demo_data::products(now)?.into_iter().map(|it| seed_product(api, it, trace))).await?;
    let answer = resource::json(StatusCode::OK, HeaderMap::new(), &Seeded { ingredients, products })?;
    if let Some(claim) = &claim {
        let change = Change { answer: Some((claim, &answer)), ..Change::default() };
        api.changes.commit(change, now).await.map_err(|refused| refused.or(idempotency::claim_lost))?;
    }
    Ok(answer)
}

async fn seed_ingredient(api: &Api, wanted: Ingredient) -> Result<Ingredient, Problem> {
    loop {
        if let Some(stored) = api.store.ingredient(&wanted.id).await? {
            return Ok(stored.kept.ingredient);
        }
        let put = ingredient::item::put(&api.store.ingredients, &Kept::new(wanted.clone()), None)?;
        match api.changes.commit(Change { actions: vec![put], ..Change::default() }, wanted.created_at).await {
            Ok(()) => return Ok(wanted),
            // Another request has created it.
            Err(Refused::Conflict) => {}
            Err(Refused::Problem(problem)) => return Err(problem),
        }
    }
}

async fn seed_product(api: &Api, mut wanted: Product, trace: &TraceContext) -> Result<Product, Problem> {
    loop {
        let stored = api.store.product(&wanted.id).await?;
        if let Some(product) = stored.live() {
            return Ok(product.clone());
        }
        api.changes.expand(stored.bundle.as_deref()).await?;
        let context = context(wanted.created_at, trace);
        wanted.version = stored.version() + 1;
        let ids = [clock::new_id(), clock::new_id()];
        let entries = entries::saved(EventType::ProductCreated, &wanted, ids, &context)?;
        let actions = vec![item::put(&api.store.products, stored.version(), Next::Live(&wanted), None)?];
        match api.changes.commit(Change { actions, entries, answer: None }, wanted.created_at).await {
            Ok(()) => return Ok(wanted),
            Err(Refused::Conflict) => {}
            Err(Refused::Problem(problem)) => return Err(problem),
        }
    }
}
