//! The route and its reads.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use millrace_api::page::{self, PageQuery};
use millrace_api::{Params, Problem};
use millrace_platform::clock;
use millrace_store::feed::{Entry, Feed, number_of};
use serde::{Deserialize, Serialize};

/// A page ends after the entry that brings its data over this size, because a Lambda response is limited to 6 MB.
const MAX_DATA_BYTES: usize = 3 * 1024 * 1024;

/// Most Queries for a page: one reads up to 1 MB, and stops at the end of a segment.
const QUERIES: usize = 5;

/// All routes of this function.
pub fn router(feed: Feed) -> Router {
    Router::new().route("/notifications", get(list)).with_state(feed)
}

#[derive(Debug, Deserialize)]
struct FeedQuery {
    after: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

/// Where the next page starts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Cursor {
    after: u64,
}

async fn list(State(feed): State<Feed>, Params(query): Params<FeedQuery>) -> Result<Response, Problem> {
    let limit = query.page.limit()?;
    let after = match query.page.cursor::<Cursor>()? {
        Some(cursor) => cursor.after,
        None => query.after.as_deref().map(number).transpose()?.unwrap_or(0),
    };
    let mut found = entries(&feed, after, limit).await?;
    let cut = page_size(&found, limit);
    let more = found.len() > cut;
    found.truncate(cut);
    let next = found.last().filter(|_| more).map(|last| Cursor { after: last.seq });
    page::answer(found, next.as_ref())
}

fn number(text: &str) -> Result<u64, Problem> {
    let detail = "the number of an entry was expected, or 0 for all of them";
    number_of(text).ok_or_else(|| Problem::invalid_field("after", "out_of_range", detail))
}

/// More than `limit` entries after the number `after`, or all that there are. What has expired is passed over.
async fn entries(feed: &Feed, after: u64, limit: usize) -> Result<Vec<Entry>, Problem> {
    let mut entries = feed.after(after).await?;
    if entries.is_empty() {
        let from = feed.start(after, clock::now()).await?;
        // Behind `after` the feed has nothing: it ends there, or, with a number from elsewhere, before that.
        if from <= after {
            return Ok(entries);
        }
        entries = feed.after(from).await?;
    }
    for _ in 1..QUERIES {
        let Some(last) = entries.last().filter(|_| entries.len() <= limit) else { break };
        let further = feed.after(last.seq).await?;
        if further.is_empty() {
            break;
        }
        entries.extend(further);
    }
    Ok(entries)
}

/// How many of the entries make a page.
fn page_size(entries: &[Entry], limit: usize) -> usize {
    let mut bytes = 0;
    let large = entries.iter().take_while(|entry| {
        let fits = bytes <= MAX_DATA_BYTES;
        bytes += entry.data.get().len();
        fits
    });
    large.count().min(limit)
}
