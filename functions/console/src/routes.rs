//! The page and its files, all embedded in this binary. Which screen is open is behind the `#` of the URL and never gets here.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, header};
use millrace_api::{Problem, asset};

/// A file that the page loads, as it is and compressed with gzip.
struct File {
    name: &'static str,
    plain: &'static [u8],
    packed: &'static [u8],
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

const INDEX: &str = include_str!(concat!(env!("OUT_DIR"), "/index.html"));

/// Hash of all files.
const VERSION: &str = env!("CONSOLE_VERSION");

/// The page may load from and connect to only the API that served it, and no script may make HTML of a text. The one policy of
/// trusted types is for mails, which are shown in a frame without scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types mail";

/// All routes of this function.
pub fn router() -> Router {
    Router::new()
        .route("/console", get(|| async { asset::page(INDEX, HeaderValue::from_static(POLICY)) }))
        .route("/console/{version}/{file}", get(file))
}

async fn file(
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Ok(Path((version, name))) = path else { return Err(Problem::not_found("file")) };
    // Of another version there is nothing: the page says so and offers to load itself anew.
    let found = FILES.iter().find(|file| version == VERSION && file.name == name);
    let file = found.ok_or_else(|| Problem::not_found("file"))?;
    let packed = takes_gzip(&headers);
    let mut response = asset::file(file.name, if packed { file.packed } else { file.plain }, asset::UNCHANGING);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// Whether the client takes gzip. `gzip;q=0` refuses it.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings =
        values.flat_map(|value| value.split(',')).map(|coding| coding.split_once(';').unwrap_or((coding, "")));
    codings.any(|(coding, weight)| {
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse);
        coding.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight: f32| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (accepted, expected) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("deflate , gzip ; q=1", true),
            ("gzip;q=0", false),
            ("gzip;q=x", false),
            ("br", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(takes_gzip(&headers), expected, "{accepted:?}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_page_names_its_version_and_every_file_that_it_loads_is_there() {
        let loaded = INDEX.split('"').filter_map(|text| text.strip_prefix("console/")).collect::<Vec<_>>();
        assert!(loaded.len() > 2);
        for path in loaded {
            let (version, name) = path.split_once('/').unwrap();
            assert_eq!(version, VERSION);
            assert!(FILES.iter().any(|file| file.name == name), "{name}");
        }
    }
}
