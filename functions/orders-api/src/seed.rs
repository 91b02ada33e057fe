//! Loads the demo data where it is absent; twice, or at once, without harm.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use futures::future::try_join_all;
use http::{HeaderMap, StatusCode};
use millrace::api::{Problem, resource};
use millrace::clock;
use millrace::event::EventType;
use millrace::idempotency::{self, Answer, Claim, Post, Refused};
use millrace::ingredient::{self, Ingredient, Kept};
use millrace::product::Product;
use millrace::product::events;
use millrace::product::item::{self, Next};
use millrace::telemetry::TraceContext;
use serde::Serialize;

use crate::routes::{Api, context};
use crate::story;

/// What there is.
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
    post.once(&api.keys, "POST /orders/seed", act).await
}

async fn seed(api: &Api, trace: &TraceContext, claim: Option<Claim>) -> Result<Answer, Problem> {
    let now = clock::now();
    let ingredients = story::ingredients(now)?.into_iter().map(|it| seed_ingredient(api, it));
    let ingredients = try_join_all(ingredients).await?;
    let products = try_join_all(story::products(now)?.into_iter().map(|it| seed_product(api, it, trace))).await?;
    let answer = resource::json(StatusCode::OK, HeaderMap::new(), &Seeded { ingredients, products })?;
    if let Some(claim) = claim {
        match api.store.commit(Vec::new(), Some(api.keys.complete(&claim, &answer, now)?)).await {
            Ok(()) => {}
            Err(Refused::Raced) => return Err(idempotency::claim_lost()),
            Err(Refused::Problem(problem)) => return Err(problem),
        }
    }
    Ok(answer)
}

async fn seed_ingredient(api: &Api, wanted: Ingredient) -> Result<Ingredient, Problem> {
    loop {
        if let Some(stored) = api.store.ingredient(&wanted.id).await? {
            return Ok(stored.kept.ingredient);
        }
        let put = ingredient::item::put(&api.store.ingredients, &Kept::new(wanted.clone()), None)?;
        match api.store.commit(vec![put], None).await {
            Ok(()) => return Ok(wanted),
            // Somebody else made it.
            Err(Refused::Raced) => {}
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
        if let Some(bundle) = &stored.bundle {
            api.outbox.expand(bundle).await?;
        }
        let context = context(wanted.created_at, trace);
        wanted.version = stored.version() + 1;
        let ids = [clock::new_id(), clock::new_id()];
        let entries = events::saved(EventType::ProductCreated, &wanted, ids, &context)?;
        let mut actions = vec![item::put(&api.store.products, stored.version(), Next::Live(&wanted), None)?];
        for entry in &entries {
            actions.push(entry.put(api.outbox.table())?);
        }
        match api.store.commit(actions, None).await {
            Ok(()) => {
                api.outbox.after_commit(entries).await;
                return Ok(wanted);
            }
            Err(Refused::Raced) => {}
            Err(Refused::Problem(problem)) => return Err(problem),
        }
    }
}
