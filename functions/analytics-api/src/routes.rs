//! The routes.

use aws_sdk_dynamodb::Client;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use millrace_api::filter::read_type;
use millrace_api::page::PageQuery;
use millrace_api::{Params, Problem};
use millrace_platform::clock;
use serde::{Deserialize, Serialize};

use crate::range::Range;
use crate::{counts, products};

/// The dependencies of the routes.
#[derive(Debug, Clone)]
pub struct Api {
    pub dynamo: Client,
    pub table: String,
}

/// All routes of this function.
pub fn router(api: Api) -> Router {
    Router::new().route("/analytics", get(list_counts)).route("/analytics/products", get(list_products)).with_state(api)
}

#[derive(Debug, Deserialize)]
struct CountsQuery {
    from: Option<String>,
    to: Option<String>,
    bucket: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ProductsQuery {
    from: Option<String>,
    to: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

#[derive(Debug, Serialize)]
struct Counts {
    items: Vec<counts::Count>,
}

async fn list_counts(State(api): State<Api>, Params(query): Params<CountsQuery>) -> Result<Response, Problem> {
    let CountsQuery { from, to, bucket, kind } = &query;
    let kind = kind.as_deref().map(read_type).transpose()?;
    let range = Range::of_counts(bucket.as_deref(), from.as_deref(), to.as_deref(), clock::now())?;
    let sheet = counts::read(&api.dynamo, &api.table, range).await?;
    Ok(Json(Counts { items: counts::view(&sheet, kind) }).into_response())
}

async fn list_products(State(api): State<Api>, Params(query): Params<ProductsQuery>) -> Result<Response, Problem> {
    let limit = query.page.limit()?;
    let range = Range::of_products(query.from.as_deref(), query.to.as_deref(), clock::now())?;
    let (rows, complete) = products::read(&api.dynamo, &api.table, range).await?;
    Ok(Json(products::top(rows, complete, limit)).into_response())
}
