//! Cross-origin requests (Fetch standard, "CORS protocol"): which pages of other origins a browser lets use the API.
//!
//! Credentials are in `Authorization` and never in cookies, so what browsers call credentials is not allowed. tower-http's `CorsLayer`
//! is not used: it answers every `OPTIONS` itself, also one that is no preflight, and knows nothing of a resource's methods.

use http::{HeaderMap, HeaderValue, Method, Response, header};
use millrace_platform::settings;

/// Any origin.
const ANY: &str = "*";

/// Headers that a page may send: those that the API reads.
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, if-match, if-none-match, traceparent");

/// Headers that a page may read, beside those that it always may.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, accept-encoding, accept-patch, allow, apigw-requestid, etag, idempotency-replayed, location, retry-after, \
     www-authenticate",
);

/// How long a browser may remember a preflight, in seconds. Short, because a deployment changes the rules.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The allowed origins; none, unless the deployment names some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    origins: Vec<String>,
}

/// What CORS needs to know of a request, which is gone when it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    origin: Option<HeaderValue>,
    preflight: bool,
}

impl Cors {
    /// The comma-separated origins of the setting `CORS_ORIGINS`; `*` is any.
    pub fn from_env() -> Self {
        Self::new(&settings::optional("CORS_ORIGINS").unwrap_or_default())
    }

    fn new(origins: &str) -> Self {
        let origins = origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        Self { origins: origins.map(str::to_owned).collect() }
    }

    /// Reads a request.
    pub fn read(method: &Method, headers: &HeaderMap) -> Asked {
        let preflight = *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        Asked { origin: headers.get(header::ORIGIN).cloned(), preflight }
    }

    /// Adds the headers to the answer of a request, whatever its status. A preflight allows the methods that the resource
    /// has.
    pub fn answer<B>(&self, asked: &Asked, response: &mut Response<B>) {
        if self.origins.is_empty() {
            return;
        }
        let any = self.origins.iter().any(|origin| origin == ANY);
        if !any {
            // Also without an origin, for caches.
            response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = &asked.origin else { return };
        if !any && !self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()) {
            return;
        }
        let allow = response.headers().get(header::ALLOW).cloned();
        let headers = response.headers_mut();
        let origin = if any { HeaderValue::from_static(ANY) } else { origin.clone() };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if asked.preflight {
            if let Some(methods) = allow {
                headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            }
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        } else {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The CORS headers and `Vary` of an answer with `Allow: GET, HEAD, OPTIONS`.
    fn answered(origins: &str, method: &Method, request: &[(&'static str, &str)]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in request {
            headers.insert(*name, value.parse().unwrap());
        }
        let mut response = Response::builder().header("allow", "GET, HEAD, OPTIONS").body(()).unwrap();
        Cors::new(origins).answer(&Cors::read(method, &headers), &mut response);
        response.headers_mut().remove("allow");
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let mut all: Vec<_> = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        all.sort();
        all
    }

    fn names(headers: &[(String, String)]) -> Vec<&str> {
        headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn only_an_origin_that_is_named_is_allowed() {
        let ask = |origins: &str, origin: &str| answered(origins, &Method::GET, &[("origin", origin)]);
        let shop = "https://shop.example.com";
        assert_eq!(ask("", shop), [], "off unless origins are named");
        let both = "https://shop.example.com, http://localhost:5173";
        for origin in [shop, "http://localhost:5173"] {
            let found = ask(both, origin);
            assert_eq!(names(&found), ["access-control-allow-origin", "access-control-expose-headers", "vary"]);
            assert_eq!((found[0].1.as_str(), found[2].1.as_str()), (origin, "Origin"));
        }
        for origin in
            ["https://shop.example.com.evil.org", "http://shop.example.com", "https://shop.example.com:8443", "null"]
        {
            assert_eq!(ask(both, origin), [("vary".to_owned(), "Origin".to_owned())], "{origin}");
        }
        assert_eq!(answered(both, &Method::GET, &[]), [("vary".to_owned(), "Origin".to_owned())]);
        let any = ask("*", "https://anybody.example.org");
        assert_eq!(names(&any), ["access-control-allow-origin", "access-control-expose-headers"]);
        assert_eq!(any[0].1, "*");
    }

    /// API Gateway answers by the template alone.
    #[test]
    fn the_template_tells_the_same() {
        let template = include_str!("../../../template.yaml");
        for (name, headers) in [("AllowHeaders", REQUEST_HEADERS), ("ExposeHeaders", RESPONSE_HEADERS)] {
            let (_, listed) = template.split_once(&format!("{name}:\n")).unwrap();
            let listed = listed.lines().map_while(|line| line.trim().strip_prefix("- "));
            let own = headers.to_str().unwrap().split(", ").collect::<Vec<_>>();
            assert_eq!(listed.collect::<Vec<_>>(), own, "{name}");
        }
        assert!(template.contains(&format!("MaxAge: {}\n", MAX_AGE.to_str().unwrap())));
    }

    #[test]
    fn a_preflight_is_told_the_methods_of_the_resource() {
        let origin = ("origin", "https://shop.example.com");
        let method = ("access-control-request-method", "PUT");
        let found = answered(origin.1, &Method::OPTIONS, &[origin, method]);
        let expected = ["access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin"];
        assert_eq!(names(&found)[..3], expected);
        assert_eq!(found[1].1, "GET, HEAD, OPTIONS");
        assert!(found[0].1.contains("idempotency-key") && found[0].1.contains("if-none-match"));
        // A plain OPTIONS is a request like any other.
        let plain = answered(origin.1, &Method::OPTIONS, &[origin]);
        assert_eq!(names(&plain), ["access-control-allow-origin", "access-control-expose-headers", "vary"]);
    }
}
