//! The routes, and the list by time.

use aws_sdk_dynamodb::Client;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Date;
use millrace_api::page::{self, PageQuery};
use millrace_api::{Params, Problem};
use millrace_platform::clock;
use millrace_platform::dynamo::shards::{self, Direction};
use millrace_platform::dynamo::{OnTable, StoreError, s};
use millrace_store::event_log::{BY_TIME, BY_TYPE, bucket};
use serde::{Deserialize, Serialize};

use crate::chosen::Chosen;
use crate::entry::Entry;
use crate::life;
use crate::range::{Cursor, DAYS_PER_PAGE, Walk};
use crate::stores::Stores;

/// A page ends after the event that brings its data over this size, because a Lambda response is limited to 6 MB.
pub const MAX_DATA_BYTES: usize = 3 * 1024 * 1024;

/// The dependencies of the routes.
#[derive(Debug, Clone)]
pub struct Api {
    pub dynamo: Client,
    pub stores: Stores,
}

/// All routes of this function.
pub fn router(api: Api) -> Router {
    Router::new().route("/event-log", get(list)).route("/event-log/{id}", get(life::read)).with_state(api)
}

#[derive(Debug, Deserialize)]
struct LogQuery {
    subject: Option<String>,
    trace: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

async fn list(State(api): State<Api>, Params(query): Params<LogQuery>) -> Result<Response, Problem> {
    let limit = query.page.limit()?;
    let LogQuery { subject, trace, kind, from, to, page } = &query;
    let others = [("type", kind.is_some()), ("from", from.is_some()), ("to", to.is_some())];
    if let Some(chosen) = Chosen::read(subject.as_deref(), trace.as_deref(), others)? {
        let (items, next) = chosen.page(&api.dynamo, &api.stores.log, limit, page.cursor()?, clock::now()).await?;
        return page::answer(items, next.as_ref());
    }
    let walk = Walk::read(kind.as_deref(), from.as_deref(), to.as_deref(), page.cursor()?, clock::now())?;
    let mut items: Vec<Entry> = Vec::new();
    let mut bytes = 0;
    let mut day = walk.day;
    let mut after = walk.after.clone();
    for _ in 0..DAYS_PER_PAGE {
        let (found, more) = api.day(&walk, day, after.take(), limit - items.len()).await?;
        for item in found {
            bytes += item.bytes();
            items.push(item);
            if bytes > MAX_DATA_BYTES {
                break;
            }
        }
        if (more || bytes > MAX_DATA_BYTES)
            && let Some(last) = items.last()
        {
            return respond(Some(&walk.behind(day, last.time_id.clone())), items);
        }
        match day.tomorrow() {
            Ok(next) if next <= walk.range.days.1 => day = next,
            _ => return respond(None::<&Cursor>, items),
        }
        if items.len() >= limit {
            break;
        }
    }
    respond(Some(&walk.at(day)), items)
}

fn respond<C: Serialize>(cursor: Option<&C>, mut items: Vec<Entry>) -> Result<Response, Problem> {
    let now = clock::now().as_second();
    items.retain(|entry| entry.expires_at > now);
    page::answer(items, cursor)
}

impl Api {
    async fn day(
        &self,
        walk: &Walk,
        day: Date,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let range = &walk.range;
        let (index, key) = if range.kind.is_some() { (BY_TYPE, "typeBucket") } else { (BY_TIME, "timeBucket") };
        shards::merge(
            Direction::Ascending,
            limit,
            after,
            |entry: &Entry| entry.time_id.clone(),
            |shard, after, most| async move {
                // BETWEEN includes both ends. A sort key is longer than its time prefix, so none equals `end`; the last
                // returned key is read once more and skipped.
                let first = after.as_ref().unwrap_or(&range.first);
                let answer = self
                    .dynamo
                    .query()
                    .table_name(&self.stores.log)
                    .index_name(index)
                    .key_condition_expression("#bucket = :bucket AND timeId BETWEEN :first AND :end")
                    .expression_attribute_names("#bucket", key)
                    .expression_attribute_values(":bucket", s(bucket(range.kind, day, shard)))
                    .expression_attribute_values(":first", s(first))
                    .expression_attribute_values(":end", s(&range.end))
                    .limit(i32::try_from(most + 1).unwrap_or(i32::MAX))
                    .send()
                    .await
                    .on(&self.stores.log)?;
                let entries = answer.items().iter().map(Entry::read).collect::<Result<Vec<_>, _>>()?;
                let more = answer.last_evaluated_key().is_some() || entries.len() > most;
                let behind = entries.into_iter().filter(|entry| Some(&entry.time_id) != after.as_ref());
                Ok((behind.take(most).collect(), more))
            },
        )
        .await
    }
}
