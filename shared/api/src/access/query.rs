//! Finds a credential in a query.

use millrace_access::key::{KeyId, PREFIX};

/// Names of parameters that carry credentials elsewhere (RFC 6750, 2.3, and common practice). No route has one of them.
const NAMES: [&str; 8] =
    ["access_token", "api-key", "api_key", "apikey", "authorization", "bearer", "id_token", "x-api-key"];

/// Least length of a credential: something shorter opens nothing.
const LEAST: usize = 16;

/// Whether a query has a parameter for credentials, or a value that has the form of one: an API key or a JWT, also where it
/// is only a part of the value.
pub fn has_credential(query: &str) -> bool {
    query.split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).to_ascii_lowercase();
        NAMES.contains(&name.as_str()) || decoded(value).split([' ', ',', ';', ':', '"']).any(is_credential)
    })
}

fn is_credential(word: &str) -> bool {
    if word.len() < LEAST {
        return false;
    }
    if let Some(rest) = word.strip_prefix(PREFIX) {
        // mr_<id>_<secret>_<checksum>; one with a mistake in its secret is nothing for a log either.
        return rest.split_once('_').is_some_and(|(id, secret)| id.parse::<KeyId>().is_ok() && !secret.is_empty());
    }
    let base64 = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let parts: Vec<&str> = word.split('.').collect();
    // `eyJ` is how a JSON object begins in Base64. A cursor begins so too, and has no dots.
    parts.len() == 3 && parts[0].starts_with("eyJ") && parts.into_iter().all(base64)
}

/// A name or a value of a query, percent-decoded; what is not UTF-8 is replaced.
fn decoded(text: &str) -> String {
    let query = format!("v={text}");
    url::form_urlencoded::parse(query.as_bytes()).next().map_or_else(String::new, |(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use millrace_access::key::ApiKey;

    use super::*;

    #[test]
    fn a_credential_is_found_wherever_it_is_in_a_query_and_nothing_else_is_taken_for_one() {
        let key = ApiKey::new(7, [7; 32]).expose();
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl";
        let escaped: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for query in [
            format!("access_token={token}"),
            "access_token=".to_owned(),
            "Api_Key=x".to_owned(),
            format!("limit=5&cursor={token}"),
            format!("q={key}"),
            format!("q={escaped}"),
            format!("q=Bearer+{key}"),
            format!("q=Bearer%20{token}"),
            format!("q={}", &key[..40]),
            format!("%61ccess_token={key}"),
        ] {
            assert!(has_credential(&query), "{query}");
        }
        for query in [
            "",
            "limit=5",
            "cursor=eyJhZnRlciI6ImJ1cmdlciJ9",
            "source=urn:millrace:activity-api/users/mr_smith",
            "key=1",
            "from=2026-11-21T05:00:00.000Z",
            "type=a.b.c",
            "type=eyJ.b.c",
            "source=mr_burger_king_of_the_hill",
        ] {
            assert!(!has_credential(query), "{query}");
        }
    }
}
