//! The HTTP handlers for orders.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use millrace_api::change::Change;
use millrace_api::idempotency::{Answer, Claim, Post};
use millrace_api::page::{self, PageQuery};
use millrace_api::{Access, Params, Problem, Segment, resource};
use millrace_domain::activity::UserId;
use millrace_domain::id::OrderId;
use millrace_platform::clock;
use millrace_platform::telemetry::TraceContext;
use millrace_store::order::entries;
use millrace_store::order::item;
use serde::{Deserialize, Serialize};

use crate::api::{Api, context};
use crate::input::{self, LineInput};
use crate::quote::quote;

/// Largest order, in bytes of its JSON. Its last event contains the order and the decision, and has to fit too.
const MAX_ORDER_BYTES: usize = 200 * 1024;

/// Most bytes of a page, because a response is limited to 4 MB.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;

pub async fn create(
    State(api): State<Api>,
    Extension(trace): Extension<TraceContext>,
    access: Access,
    post: Post,
) -> Result<Response, Problem> {
    let lines = input::order(&post.body)?;
    let act = async |claim: Option<Claim>| insert(&api, &lines, access.owner(), &trace, claim).await;
    post.once(&api.changes.keys, "POST /orders", act).await
}

async fn insert(
    api: &Api,
    lines: &[LineInput],
    owner: Option<UserId>,
    trace: &TraceContext,
    claim: Option<Claim>,
) -> Result<Answer, Problem> {
    let ids: BTreeSet<_> = lines.iter().map(|line| &line.product_id).collect();
    let products = api.store.products(ids).await?;
    let now = clock::now();
    let order = quote(OrderId::from(clock::new_id()), owner, lines, &products, now)?;
    let location = format!("/orders/{}", order.id);
    let answer = resource::answer(StatusCode::CREATED, &order, order.version, Some(location))?;
    if answer.body.len() > MAX_ORDER_BYTES {
        let detail = format!("the order has {} bytes, more than {MAX_ORDER_BYTES}; split it", answer.body.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "event_too_large", detail));
    }
    let entry = entries::entry(&order, clock::new_id(), &context(now, trace))?;
    let change = Change {
        actions: vec![item::insert(&api.store.orders, &order)?],
        entries: vec![entry],
        answer: claim.as_ref().map(|claim| (claim, &answer)),
    };
    // A new id cannot be in use.
    api.changes.commit(change, now).await.map_err(|refused| refused.or(Problem::unavailable))?;
    Ok(answer)
}

/// Another user's order is none: nobody learns which ids there are.
pub async fn read(
    State(api): State<Api>,
    access: Access,
    Segment(id): Segment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // No order has an invalid id.
    let id = OrderId::try_from(id).map_err(|_| Problem::not_found("order"))?;
    let order = api.store.order(&id).await?.filter(|order| access.sees(order.owner.as_ref()));
    let order = order.ok_or_else(|| Problem::not_found("order"))?;
    resource::found(&headers, &order, order.version)
}

#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    after: String,
}

pub async fn list(
    State(api): State<Api>,
    access: Access,
    Params(query): Params<PageQuery>,
) -> Result<Response, Problem> {
    let after = query.cursor::<Cursor>()?.map(|cursor| cursor.after);
    let limit = query.limit()?;
    let (mut items, mut more) = match access.only() {
        Some(owner) => api.store.orders_of(owner, limit, after).await?,
        None => api.store.orders(limit, after).await?,
    };
    let mut bytes = 0;
    let fits = items.iter().take_while(|order| {
        bytes += serde_json::to_vec(order).map_or(0, |json| json.len());
        bytes <= MAX_PAGE_BYTES
    });
    let fits = fits.count();
    if fits < items.len() {
        items.truncate(fits);
        more = true;
    }
    let next = items.last().filter(|_| more).map(|last| {
        let after = item::time_id(last.created_at, last.id.as_str());
        Cursor { after }
    });
    page::answer(items, next.as_ref())
}
