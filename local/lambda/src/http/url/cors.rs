//! CORS of a function URL: Lambda answers preflights itself and adds the headers to every answer; those of the function do not
//! count. Pure.

use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderName, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue};
use local_template::model::UrlCors;

/// The answer to a preflight.
pub fn preflight(rules: &UrlCors, request: &HeaderMap) -> Response {
    let mut response = Response::default();
    let headers = response.headers_mut();
    if origin(rules, request, headers) {
        list(headers, ACCESS_CONTROL_ALLOW_METHODS, &rules.methods);
        list(headers, ACCESS_CONTROL_ALLOW_HEADERS, &rules.headers);
        if let Some(seconds) = rules.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
        }
    }
    response
}

/// Adds the headers to the answer of a function.
pub fn allow(rules: &UrlCors, request: &HeaderMap, headers: &mut HeaderMap) {
    let own: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in own {
        headers.remove(name);
    }
    if origin(rules, request, headers) {
        list(headers, ACCESS_CONTROL_EXPOSE_HEADERS, &rules.exposed);
    }
}

/// Whether the request's origin is allowed; then the headers say so.
fn origin(rules: &UrlCors, request: &HeaderMap, headers: &mut HeaderMap) -> bool {
    let Some(asked) = request.get(ORIGIN) else { return false };
    let any = rules.origins.iter().any(|origin| origin == "*");
    if !any && !rules.origins.iter().any(|origin| origin.as_bytes() == asked.as_bytes()) {
        return false;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, if any { HeaderValue::from_static("*") } else { asked.clone() });
    if !any {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    if rules.credentials {
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

fn list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(","))
        && !values.is_empty()
    {
        headers.insert(name, value);
    }
}
