//! The HTTP handlers for products.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use millrace_api::change::{Change, Changes, Refused};
use millrace_api::etag::Conditions;
use millrace_api::idempotency::{Answer, Claim, Post};
use millrace_api::page::{self, PageQuery};
use millrace_api::{Params, Problem, Put, Segment, health, resource};
use millrace_delivery::outbox::Entry;
use millrace_domain::event::{Context, EventType};
use millrace_domain::id::ProductId;
use millrace_domain::product::Product;
use millrace_platform::clock;
use millrace_platform::kafka::Publisher;
use millrace_platform::telemetry::TraceContext;
use millrace_store::product::entries;
use millrace_store::product::item::{self, Next, Stored};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::input::{self, ProductInput};
use crate::store::Store;

/// Name of this function, as the source of its events.
const SOURCE: &str = "products-api";

/// Attempts of a change without `If-Match` that loses races.
const CHANGE_TRIES: u32 = 5;

/// The dependencies of the routes.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub changes: Changes,
    pub publisher: Arc<dyn Publisher>,
}

/// All routes of this function.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/products", get(list).post(create))
        .route("/products/{id}", get(read).put(replace).patch(patch).delete(remove))
        .route("/health", get(health::live))
        .route("/health/ready", get(ready))
        .with_state(api)
}

async fn ready(State(api): State<Api>) -> Response {
    let kafka = async {
        let ready = api.publisher.ready(health::DEPENDENCY_TIMEOUT).await;
        ready.inspect_err(|error| tracing::warn!(%error, "Kafka is not ready")).is_ok()
    };
    let dynamodb = tokio::time::timeout(health::DEPENDENCY_TIMEOUT, api.store.ready());
    let (dynamodb, kafka) = tokio::join!(dynamodb, kafka);
    health::ready([("dynamodb", dynamodb.unwrap_or(false)), ("kafka", kafka)])
}

async fn create(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    post: Post,
) -> Result<Response, Problem> {
    let (input, id) = input::create(&post.body)?;
    let act = async |claim: Option<Claim>| insert(&api, input, id, &trace, claim.as_ref()).await;
    post.once(&api.changes.keys, "POST /products", act).await
}

async fn insert(
    api: &Api,
    input: ProductInput,
    id: Option<ProductId>,
    trace: &TraceContext,
    claim: Option<&Claim>,
) -> Result<Answer, Problem> {
    // Only an id that the client chose can be in use already.
    let (id, from) = match id {
        Some(id) => match api.store.get(&id).await? {
            stored if stored.live().is_some() => return Err(exists()),
            stored => (id, stored),
        },
        None => (ProductId::from(clock::new_id()), Stored::default()),
    };
    let context = context(trace);
    let product = input.into_product(id, from.version() + 1, context.now, None);
    let entries = entries::saved(EventType::ProductCreated, &product, two_ids(), &context)?;
    let location = format!("/products/{}", product.id);
    let answer = resource::answer(StatusCode::CREATED, &product, product.version, Some(location))?;
    let answered = claim.map(|claim| (claim, &answer));
    let made = change(api, &from, Next::Live(&product), entries, answered, context.now).await;
    made.map_err(|refused| refused.or(exists))?;
    Ok(answer)
}

async fn read(State(api): State<Api>, Segment(id): Segment, headers: HeaderMap) -> Result<Response, Problem> {
    let stored = api.store.get(&product_id(id)?).await?;
    let product = stored.live().ok_or_else(|| Problem::not_found("product"))?;
    resource::found(&headers, product, product.version)
}

async fn replace(State(api): State<Api>, put: Put) -> Result<Response, Problem> {
    let input = input::replace(&put.body)?;
    update(&api, &put, |_| Ok(input.clone())).await
}

async fn patch(State(api): State<Api>, put: Put) -> Result<Response, Problem> {
    let patch = input::patch(&put.body)?;
    update(&api, &put, |current| input::patched(current, &patch)).await
}

async fn update(
    api: &Api,
    put: &Put,
    input: impl Fn(&Product) -> Result<ProductInput, Problem>,
) -> Result<Response, Problem> {
    let id = product_id(put.id.clone())?;
    let conditions = Conditions::read(&put.headers)?;
    for _ in 0..CHANGE_TRIES {
        let (current, stored) = matching(api, &id, &conditions).await?;
        let context = context(&put.trace);
        let version = current.version + 1;
        let product = input(&current)?.into_product(id.clone(), version, context.now, Some(current.created_at));
        let entries = entries::saved(EventType::ProductUpdated, &product, two_ids(), &context)?;
        if wins(change(api, &stored, Next::Live(&product), entries, None, context.now).await)? {
            return Ok(resource::answer(StatusCode::OK, &product, product.version, None)?.respond());
        }
    }
    Err(busy())
}

async fn remove(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    Segment(id): Segment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let conditions = Conditions::read(&headers)?;
    let id = product_id(id)?;
    for _ in 0..CHANGE_TRIES {
        let (current, stored) = matching(&api, &id, &conditions).await?;
        let context = context(&trace);
        let version = current.version + 1;
        let entries = entries::deleted(id.clone(), version, clock::new_id(), &context)?;
        let next = Next::Deleted { id: &id, version, at: context.now };
        if wins(change(&api, &stored, next, entries, None, context.now).await)? {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Err(busy())
}

/// Writes the next version of a product, on condition that the stored version is still that of `from`. The events of
/// `from` are in the outbox first.
async fn change(
    api: &Api,
    from: &Stored,
    next: Next<'_>,
    entries: Vec<Entry>,
    answer: Option<(&Claim, &Answer)>,
    now: Timestamp,
) -> Result<(), Refused> {
    api.changes.expand(from.bundle.as_deref()).await?;
    let actions = vec![item::put(&api.store.table, from.version(), next, None)?];
    api.changes.commit(Change { actions, entries, answer }, now).await
}

/// Whether a change was committed; false if it lost a race and has to be decided again.
fn wins(change: Result<(), Refused>) -> Result<bool, Problem> {
    match change {
        Ok(()) => Ok(true),
        Err(Refused::Conflict) => Ok(false),
        Err(Refused::Problem(problem)) => Err(problem),
    }
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    #[serde(rename = "lowStock")]
    low_stock: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    after: ProductId,
}

async fn list(State(api): State<Api>, Params(query): Params<ListQuery>) -> Result<Response, Problem> {
    let low = match query.low_stock.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::invalid_field("lowStock", "not_a_boolean", "true or false was expected")),
    };
    let after = query.page.cursor::<Cursor>()?.map(|cursor| cursor.after.to_string());
    let (items, more) = api.store.list(query.page.limit()?, after, low).await?;
    let next = items.last().filter(|_| more).map(|last| Cursor { after: last.id.clone() });
    page::answer(items, next.as_ref())
}

/// A product that is to be changed, if it is as the client requires it to be.
async fn matching(api: &Api, id: &ProductId, conditions: &Conditions) -> Result<(Product, Stored), Problem> {
    let stored = api.store.get(id).await?;
    let product = stored.live().cloned();
    conditions.check(product.as_ref().map(|product| product.version))?;
    Ok((product.ok_or_else(|| Problem::not_found("product"))?, stored))
}

/// No product has an invalid id.
fn product_id(id: String) -> Result<ProductId, Problem> {
    ProductId::try_from(id).map_err(|_| Problem::not_found("product"))
}

fn context(trace: &TraceContext) -> Context {
    Context { now: clock::now(), source: SOURCE, traceparent: Some(trace.to_string()) }
}

/// The ids of a change's event and its warning.
fn two_ids() -> [Uuid; 2] {
    [clock::new_id(), clock::new_id()]
}

fn exists() -> Problem {
    Problem::new(StatusCode::CONFLICT, "already_exists", "a product with this id exists")
}

fn busy() -> Problem {
    let detail = "the product changes too often; try again, or use If-Match";
    Problem::new(StatusCode::CONFLICT, "too_many_changes", detail).retry_after(1)
}
