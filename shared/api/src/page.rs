//! Cursor pages.

use axum::Json;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Problem;
use millrace_platform::dynamo::StoreError;

/// Page size when `limit` is absent.
const DEFAULT_LIMIT: usize = 50;
/// Largest page size.
const MAX_LIMIT: usize = 100;
/// Longest accepted cursor, in bytes.
const MAX_CURSOR_BYTES: usize = 2_048;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// Returns a page: its items in order, and the cursor of the next page, null after the last.
///
/// # Errors
/// The cursor has no JSON form.
pub fn answer<T: Serialize, C: Serialize>(items: Vec<T>, next: Option<&C>) -> Result<Response, Problem> {
    let next_cursor = next.map(|cursor| Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor)?))).transpose();
    let next_cursor = next_cursor.map_err(|error: serde_json::Error| StoreError::Corrupt(error.to_string()))?;
    Ok(Json(Page { items, next_cursor }).into_response())
}

/// The query parameters of every list.
#[derive(Debug, Default, Deserialize)]
pub struct PageQuery {
    limit: Option<String>,
    cursor: Option<String>,
}

impl PageQuery {
    /// Requested page size.
    ///
    /// # Errors
    /// 400 for a limit that is not 1 to 100.
    pub fn limit(&self) -> Result<usize, Problem> {
        let Some(limit) = &self.limit else { return Ok(DEFAULT_LIMIT) };
        limit.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit)).ok_or_else(|| {
            Problem::invalid_field("limit", "out_of_range", format!("an integer from 1 to {MAX_LIMIT} was expected"))
        })
    }

    /// The cursor at which the page starts.
    ///
    /// # Errors
    /// 400 for a cursor that does not come from a page of this list.
    pub fn cursor<C: DeserializeOwned>(&self) -> Result<Option<C>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(Some(cursor).filter(|text| text.len() <= MAX_CURSOR_BYTES)?).ok()?;
            serde_json::from_slice(&bytes).ok()
        };
        let invalid =
            || Problem::invalid_field("cursor", "invalid_cursor", "the nextCursor of an earlier page was expected");
        read().map(Some).ok_or_else(invalid)
    }
}
