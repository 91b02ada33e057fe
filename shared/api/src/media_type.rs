//! Which bodies a request may have: JSON in UTF-8, not compressed (RFC 9110, 8.3, 8.4 and 15.5.16).
//!
//! `application/x-www-form-urlencoded` is taken for JSON as well: curl sends it with `-d` if it is told nothing else, and no
//! route takes a form, so nothing is mistaken. For the same reason a body without a media type is JSON.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::Problem;

/// What a PATCH may be: a JSON merge patch (RFC 7396).
const MERGE_PATCH: &str = "application/merge-patch+json";

/// What curl says of `-d`.
const FORM: &str = "application/x-www-form-urlencoded";

/// Checks the headers of a request that has a body.
///
/// # Errors
/// 415 `unsupported_content_encoding` with `Accept-Encoding` (RFC 7694), or `unsupported_media_type` with `Accept`, which is
/// `Accept-Patch` for a PATCH (RFC 5789, 2.2).
pub fn check(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    let codings =
        headers.get_all(header::CONTENT_ENCODING).iter().flat_map(|line| line.as_bytes().split(|b| *b == b','));
    let plain = |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
    if !codings.map(<[u8]>::trim_ascii).all(plain) {
        let detail = "a body without Content-Encoding was expected; a compressed one is not taken";
        return Err(unsupported("unsupported_content_encoding", detail.to_owned())
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let taken = match (types.next(), types.next()) {
        (None, _) => true,
        (Some(one), None) => one.to_str().is_ok_and(|value| is_json(method, value)),
        (Some(_), Some(_)) => false,
    };
    if taken {
        return Ok(());
    }
    let patch = *method == Method::PATCH;
    let wanted = if patch { "application/merge-patch+json, application/json" } else { "application/json" };
    let (name, wanted_value) = (
        if patch { http::HeaderName::from_static("accept-patch") } else { header::ACCEPT },
        HeaderValue::from_static(wanted),
    );
    let detail = format!("a body of the type {wanted} in UTF-8 was expected");
    Err(unsupported("unsupported_media_type", detail).header(name, wanted_value))
}

fn unsupported(code: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, detail)
}

/// Whether a media type (RFC 9110, 8.3.1) is one that is taken for JSON.
fn is_json(method: &Method, value: &str) -> bool {
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
    let known = match essence.as_str() {
        "application/json" | FORM => true,
        // Another kind of patch is JSON too, and would do something else.
        other if *method == Method::PATCH => other == MERGE_PATCH,
        other => other.split_once('/').is_some_and(|(kind, name)| {
            kind == "application" && name.strip_suffix("+json").is_some_and(|name| !name.is_empty() && is_token(name))
        }),
    };
    known && parts.filter(|part| !part.is_empty()).all(is_taken)
}

/// Whether a parameter leaves the body in UTF-8. No other parameter has a meaning for JSON (RFC 8259, 11).
fn is_taken(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let value = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    is_token(name) && (!name.eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8"))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    fn refused(method: &Method, headers: &[(&'static str, &str)]) -> Option<(&'static str, HeaderMap)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let problem = check(method, &map).err()?;
        assert_eq!(problem.status().as_u16(), 415);
        Some((problem.code, problem.into_response().headers().clone()))
    }

    #[test]
    fn json_is_taken_and_what_is_plainly_something_else_is_not() {
        for (method, value) in [
            (Method::POST, "application/json"),
            (Method::POST, "Application/JSON; Charset=UTF-8"),
            (Method::POST, "application/json;charset=\"utf-8\""),
            (Method::POST, "application/json; charset=utf-8; q=1;"),
            (Method::POST, "application/vnd.millrace.product+json"),
            (Method::PUT, "application/x-www-form-urlencoded"),
            (Method::PATCH, "application/merge-patch+json"),
            (Method::PATCH, "application/json"),
            (Method::PATCH, "application/x-www-form-urlencoded"),
        ] {
            assert_eq!(refused(&method, &[("content-type", value)]).map(|(code, _)| code), None, "{value}");
        }
        assert!(check(&Method::POST, &HeaderMap::new()).is_ok(), "nothing said");
        for (method, value) in [
            (Method::POST, "text/xml"),
            (Method::POST, "text/plain"),
            (Method::POST, "multipart/form-data; boundary=x"),
            (Method::POST, "application/octet-stream"),
            (Method::POST, "application/jsonp"),
            (Method::POST, "application/+json"),
            (Method::POST, "text/json+json"),
            (Method::POST, "application/json; charset=iso-8859-1"),
            (Method::POST, "application/json; charset=utf-16"),
            (Method::POST, "application/json; charset"),
            (Method::POST, "application/json, text/xml"),
            (Method::POST, ""),
            (Method::PATCH, "application/json-patch+json"),
            (Method::PATCH, "application/cloudevents+json"),
        ] {
            let (code, headers) = refused(&method, &[("content-type", value)]).unwrap_or_else(|| panic!("{value}"));
            assert_eq!(code, "unsupported_media_type", "{value}");
            assert!(headers.contains_key(if method == Method::PATCH { "accept-patch" } else { "accept" }), "{value}");
        }
        let twice = [("content-type", "application/json"), ("content-type", "text/xml")];
        assert!(refused(&Method::POST, &twice).is_some());
    }

    #[test]
    fn a_compressed_body_is_refused_with_what_is_taken() {
        for value in ["gzip", "GZIP", "br", "deflate", "zstd", "identity, gzip", "aes128gcm", "x"] {
            let refused = refused(&Method::POST, &[("content-encoding", value), ("content-type", "application/json")]);
            let (code, headers) = refused.unwrap_or_else(|| panic!("{value}"));
            assert_eq!(
                (code, headers["accept-encoding"].to_str().unwrap()),
                ("unsupported_content_encoding", "identity")
            );
        }
        for value in ["identity", "Identity", "", " , identity"] {
            assert!(refused(&Method::POST, &[("content-encoding", value)]).is_none(), "{value}");
        }
    }
}
