//! The HTTP handlers for ingredients.

use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use millrace_api::change::{Change, Refused};
use millrace_api::etag::Conditions;
use millrace_api::idempotency::{Answer, Claim, Post};
use millrace_api::page::{self, PageQuery};
use millrace_api::{Params, Problem, Put, Segment, resource};
use millrace_domain::id::IngredientId;
use millrace_domain::ingredient::{Ingredient, Kept};
use millrace_platform::clock;
use millrace_platform::telemetry::TraceContext;
use millrace_store::ingredient;
use millrace_store::ingredient::item::{self, Stored};
use serde::{Deserialize, Serialize};

use crate::api::{Api, context};
use crate::input::{self, IngredientInput, MAX_AMOUNT};

/// How long a change that loses races is retried. Orders change a popular ingredient dozens of times a second, and a
/// retry by the client would do no better. Half of the function's timeout.
const CHANGE_BUDGET: Duration = Duration::from_secs(5);
/// Longest pause between two attempts. Short, because the winner has just committed and will not commit again at once.
const PAUSE: Duration = Duration::from_millis(10);

pub async fn create(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    post: Post,
) -> Result<Response, Problem> {
    let (input, id) = input::new_ingredient(&post.body)?;
    let act = async |claim: Option<Claim>| {
        let id = id.unwrap_or_else(|| IngredientId::from(clock::new_id()));
        let now = clock::now();
        let next = made(id, input, 1, now, None);
        match commit(&api, None, next, StatusCode::CREATED, claim.as_ref(), now, &trace).await? {
            Some(answer) => Ok(answer),
            None => Err(Problem::new(StatusCode::CONFLICT, "already_exists", "an ingredient with this id exists")),
        }
    };
    post.once(&api.changes.keys, "POST /ingredients", act).await
}

pub async fn read(State(api): State<Api>, Segment(id): Segment, headers: HeaderMap) -> Result<Response, Problem> {
    let stored = api.store.ingredient(&ingredient_id(id)?).await?.ok_or_else(|| Problem::not_found("ingredient"))?;
    let ingredient = stored.kept.ingredient;
    resource::found(&headers, &ingredient, ingredient.version)
}

/// Creates or replaces an ingredient.
pub async fn replace(State(api): State<Api>, put: Put) -> Result<Response, Problem> {
    let conditions = Conditions::read(&put.headers)?;
    let input = input::ingredient(&put.body)?;
    let id = ingredient_id(put.id)?;
    let began = Instant::now();
    while began.elapsed() < CHANGE_BUDGET {
        let stored = api.store.ingredient(&id).await?;
        let now = clock::now();
        conditions.check(stored.as_ref().map(|stored| stored.kept.ingredient.version))?;
        let (status, next) = if let Some(stored) = &stored {
            let current = &stored.kept.ingredient;
            let next = made(id.clone(), input.clone(), current.version + 1, now, Some(current.created_at));
            (StatusCode::OK, next)
        } else {
            (StatusCode::CREATED, made(id.clone(), input.clone(), 1, now, None))
        };
        if let Some(answer) = commit(&api, stored.as_ref(), next, status, None, now, &put.trace).await? {
            return Ok(answer.respond());
        }
        tokio::time::sleep(PAUSE.mul_f64(clock::fraction())).await;
    }
    Err(busy())
}

pub async fn restock(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    Segment(id): Segment,
    post: Post,
) -> Result<Response, Problem> {
    let conditions = Conditions::read(&post.headers)?;
    let quantity = input::restock(&post.body)?;
    let id = ingredient_id(id)?;
    // Inside, so that a request that is sent again gets its first answer, though the version is another one by now.
    let act = async |claim: Option<Claim>| add(&api, &id, quantity, &conditions, claim.as_ref(), &trace).await;
    post.once(&api.changes.keys, &format!("POST /ingredients/{id}/restock"), act).await
}

async fn add(
    api: &Api,
    id: &IngredientId,
    quantity: u64,
    conditions: &Conditions,
    claim: Option<&Claim>,
    trace: &TraceContext,
) -> Result<Answer, Problem> {
    let began = Instant::now();
    while began.elapsed() < CHANGE_BUDGET {
        let stored = api.store.ingredient(id).await?;
        conditions.check(stored.as_ref().map(|stored| stored.kept.ingredient.version))?;
        let stored = stored.ok_or_else(|| Problem::not_found("ingredient"))?;
        let now = clock::now();
        let mut next = stored.kept.ingredient.clone();
        next.stock = next.stock.saturating_add(quantity);
        if next.stock > MAX_AMOUNT {
            let detail = format!("the stock would be {}, more than {MAX_AMOUNT}", next.stock);
            return Err(Problem::unprocessable("stock_out_of_range", detail, Vec::new()));
        }
        next.version += 1;
        next.updated_at = now;
        if let Some(answer) = commit(api, Some(&stored), next, StatusCode::OK, claim, now, trace).await? {
            return Ok(answer);
        }
        tokio::time::sleep(PAUSE.mul_f64(clock::fraction())).await;
    }
    Err(busy())
}

/// Writes the next version of an ingredient, with the alert for the change if there is one, and publishes it. Returns
/// `None` if it lost a race and has to be decided again.
async fn commit(
    api: &Api,
    stored: Option<&Stored>,
    next: Ingredient,
    status: StatusCode,
    claim: Option<&Claim>,
    now: Timestamp,
    trace: &TraceContext,
) -> Result<Option<Answer>, Problem> {
    let (next, notify) = match stored {
        Some(stored) => stored.kept.change(next),
        None => (Kept::new(next), None),
    };
    let Ingredient { id, version, .. } = &next.ingredient;
    let location = (status == StatusCode::CREATED).then(|| format!("/ingredients/{id}"));
    let answer = resource::answer(status, &next.ingredient, *version, location)?;
    // The events of the previous version go first.
    api.changes.expand(stored.and_then(|stored| stored.bundle.as_deref())).await?;
    let actions = vec![item::put(&api.store.ingredients, &next, None)?];
    let context = context(now, trace);
    let entries =
        notify.into_iter().map(|notify| ingredient::entries::low_stock_alert(notify, clock::new_id(), &context));
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let change = Change { actions, entries, answer: claim.map(|claim| (claim, &answer)) };
    match api.changes.commit(change, now).await {
        Ok(()) => Ok(Some(answer)),
        Err(Refused::Conflict) => Ok(None),
        Err(Refused::Problem(problem)) => Err(problem),
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    after: IngredientId,
}

pub async fn list(State(api): State<Api>, Params(query): Params<PageQuery>) -> Result<Response, Problem> {
    let after = query.cursor::<Cursor>()?.map(|cursor| cursor.after.to_string());
    let (items, more) = api.store.ingredients(query.limit()?, after).await?;
    let next = items.last().filter(|_| more).map(|last| Cursor { after: last.id.clone() });
    page::answer(items, next.as_ref())
}

/// The ingredient that a client's input describes.
pub fn made(
    id: IngredientId,
    input: IngredientInput,
    version: u64,
    now: Timestamp,
    created: Option<Timestamp>,
) -> Ingredient {
    let IngredientInput { name, unit, stock, full_level, alert_email } = input;
    let created_at = created.unwrap_or(now);
    Ingredient { id, name, unit, stock, full_level, alert_email, version, created_at, updated_at: now }
}

/// No ingredient has an invalid id.
fn ingredient_id(id: String) -> Result<IngredientId, Problem> {
    IngredientId::try_from(id).map_err(|_| Problem::not_found("ingredient"))
}

fn busy() -> Problem {
    let detail = "the ingredient changes too often; try again";
    Problem::new(StatusCode::CONFLICT, "too_many_changes", detail).retry_after(1)
}
