//! Whom a request is for: the rules of `Host` (RFC 9112, section 3.2).

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Uri, Version};

/// The value that `Host` has for the function: the authority of a request line that has one, else what the client sent,
/// else this machine. `None` if the request has to be refused: it lacks the field in HTTP/1.1, has it twice, or its value
/// is none.
pub fn host(version: Version, uri: &Uri, headers: &HeaderMap, port: u16) -> Option<HeaderValue> {
    let mut lines = headers.get_all(HOST).iter();
    let sent = lines.next();
    if lines.next().is_some() || (sent.is_none() && version == Version::HTTP_11) {
        return None;
    }
    let sent = sent.filter(|value| !value.is_empty());
    if let Some(value) = sent {
        let authority = Authority::try_from(value.as_bytes()).ok()?;
        if authority.as_str().contains('@') {
            return None;
        }
    }
    match (uri.authority(), sent) {
        (Some(authority), _) => {
            let text = authority.as_str();
            HeaderValue::from_str(text.rsplit_once('@').map_or(text, |(_, host)| host)).ok()
        }
        (None, Some(value)) => Some(value.clone()),
        (None, None) => HeaderValue::from_str(&format!("localhost:{port}")).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_gets_one_host_or_the_client_a_refusal() {
        let cases: [(Version, &str, &[&str], Option<&str>); 16] = [
            (Version::HTTP_11, "/", &["a.example"], Some("a.example")),
            (Version::HTTP_11, "/", &["[::1]:3000"], Some("[::1]:3000")),
            (Version::HTTP_11, "/", &[""], Some("localhost:3000")),
            (Version::HTTP_11, "/", &[], None),
            (Version::HTTP_11, "/", &["a.example", "a.example"], None),
            (Version::HTTP_11, "/", &["a b"], None),
            (Version::HTTP_11, "/", &["a/b"], None),
            (Version::HTTP_11, "/", &["me@a.example"], None),
            (Version::HTTP_11, "/", &["a.example, b.example"], None),
            (Version::HTTP_11, "http://b.example:1/", &["a.example"], Some("b.example:1")),
            (Version::HTTP_11, "http://b.example/", &[], None),
            (Version::HTTP_10, "/", &[], Some("localhost:3000")),
            (Version::HTTP_10, "/", &["a.example:80"], Some("a.example:80")),
            (Version::HTTP_10, "/", &["a.example", "b.example"], None),
            (Version::HTTP_10, "http://b.example/", &[], Some("b.example")),
            (Version::HTTP_2, "http://b.example/", &[], Some("b.example")),
        ];
        for (version, uri, sent, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(HOST, HeaderValue::from_str(value).unwrap());
            }
            let host = host(version, &uri.parse().unwrap(), &headers, 3000);
            assert_eq!(host.as_ref().map(|value| value.to_str().unwrap()), expected, "{version:?} {uri} {sent:?}");
        }
    }
}
