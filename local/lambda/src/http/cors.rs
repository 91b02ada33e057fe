//! What an HTTP API adds for pages of other origins to the answers that it makes itself (API Gateway developer guide,
//! "Configure CORS for HTTP APIs"). The functions answer preflights, and complete their own answers.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, VARY};
use http::{HeaderMap, HeaderValue};
use local_template::model::Cors;

/// Any origin.
const ANY: &str = "*";

/// Adds the headers to an answer for a page of this origin.
pub fn complete(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let any = cors.origins.iter().any(|origin| origin == ANY);
    if !any {
        // Also without an origin, for caches.
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    let Some(origin) = origin else { return };
    if any {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(ANY));
    } else if cors.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    } else {
        return;
    }
    if let Ok(exposed) = HeaderValue::from_str(&cors.exposed.join(", "))
        && !exposed.is_empty()
    {
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}
