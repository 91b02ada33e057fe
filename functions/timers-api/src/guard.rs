//! Whether a webhook may go to a URL, as it can be known when its timer is made.

use http::{StatusCode, Uri};
use millrace::api::Problem;

/// Judges a URL.
pub async fn check(url: &str) -> Result<(), Problem> {
    let uri: Option<Uri> = url.parse().ok();
    let allowed = uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    if allowed {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "url_refused", "an http or https URL with a host was expected"))
}
