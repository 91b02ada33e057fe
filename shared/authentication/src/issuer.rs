//! The issuer: where its keys are, and that it is the issuer.

use serde::Deserialize;
use url::{Host, Url};

/// What follows an issuer's id (OpenID Connect Discovery 1.0, section 4). An issuer may end with a slash.
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Not the id of an issuer: an https URL without query and fragment, or an http one on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an https URL without query, fragment and user")]
pub struct InvalidIssuer;

/// Why a document of the issuer is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocument {
    #[error("it is not JSON of its kind: {0}")]
    Json(String),
    #[error("it is of another issuer")]
    Issuer,
    #[error("its jwks_uri is not an https URL")]
    JwksUri,
    #[error("it has no key that signs access tokens")]
    NoKey,
}

/// An issuer of tokens.
#[derive(Debug, Clone)]
pub struct Issuer {
    id: String,
    discovery: String,
    /// It is on this machine, by http, and so may its keys be.
    local: bool,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    /// The issuer with this id.
    ///
    /// # Errors
    /// [`InvalidIssuer`].
    pub fn new(id: &str) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(id).map_err(|_| InvalidIssuer)?;
        let local = url.scheme() == "http";
        if !is_safe(&url, local) || url.query().is_some() {
            return Err(InvalidIssuer);
        }
        let discovery = format!("{}{DISCOVERY}", id.strip_suffix('/').unwrap_or(id));
        Ok(Self { id: id.to_owned(), discovery, local })
    }

    /// The URL of the discovery document.
    pub fn discovery(&self) -> &str {
        &self.discovery
    }

    /// The URL of the key set, by the discovery document.
    ///
    /// # Errors
    /// [`InvalidDocument`]; among others where the document's issuer is not, byte for byte, this one (OpenID Connect
    /// Discovery 1.0, section 4.3).
    pub fn jwks_uri(&self, document: &[u8]) -> Result<String, InvalidDocument> {
        let json = |error: serde_json::Error| InvalidDocument::Json(error.to_string());
        let Discovered { issuer, jwks_uri } = serde_json::from_slice(document).map_err(json)?;
        if issuer != self.id {
            return Err(InvalidDocument::Issuer);
        }
        let url = Url::parse(&jwks_uri).map_err(|_| InvalidDocument::JwksUri)?;
        if is_safe(&url, self.local) { Ok(jwks_uri) } else { Err(InvalidDocument::JwksUri) }
    }
}

/// Whether what is read from there comes from there: by https, or, where `local` is allowed, by http within this machine.
fn is_safe(url: &Url, local: bool) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && local && loopback))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issuer_is_an_https_url_or_on_this_machine() {
        let good = [
            ("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1", "/eu-central-1_Ab1/.well-known/"),
            ("https://shop.eu.auth0.com/", "auth0.com/.well-known/"),
            ("https://sso.example/realms/shop", "/realms/shop/.well-known/"),
            ("https://login.microsoftonline.com/9188040d/v2.0", "/v2.0/.well-known/"),
            ("http://127.0.0.1:4000", "127.0.0.1:4000/.well-known/"),
            ("http://[::1]:4000/realm", "/realm/.well-known/"),
            ("http://localhost", "localhost/.well-known/"),
        ];
        for (id, part) in good {
            assert!(Issuer::new(id).unwrap().discovery().contains(part), "{id}");
        }
        let bad = "http://issuer.example http://localhost.evil.example http://10.0.0.1 ftp://localhost issuer https:// \
            https://u:p@issuer.example https://issuer.example/?a=b https://issuer.example/#a";
        for id in bad.split_whitespace().chain([""]) {
            assert_eq!(Issuer::new(id).unwrap_err(), InvalidIssuer, "{id}");
        }
    }

    #[test]
    fn the_documents_issuer_is_this_one_byte_for_byte_and_its_keys_come_by_https() {
        let issuer = Issuer::new("https://issuer.example").unwrap();
        let document = |id: &str, keys: &str| json!({"issuer": id, "jwks_uri": keys}).to_string();
        let read = |id: &str, keys: &str| issuer.jwks_uri(document(id, keys).as_bytes());
        assert_eq!(read("https://issuer.example", "https://keys.example/k").as_deref(), Ok("https://keys.example/k"));
        for other in ["https://issuer.example/", "https://Issuer.example", "https://issuer.example:443", "", "x"] {
            assert_eq!(read(other, "https://keys.example/k"), Err(InvalidDocument::Issuer), "{other}");
        }
        for keys in ["http://keys.example/k", "http://127.0.0.1/k", "file:///etc/passwd", "k", ""] {
            assert_eq!(read("https://issuer.example", keys), Err(InvalidDocument::JwksUri), "{keys}");
        }
        assert!(matches!(issuer.jwks_uri(b"<html>"), Err(InvalidDocument::Json(_))));
        let local = Issuer::new("http://localhost:4000").unwrap();
        assert!(local.jwks_uri(document("http://localhost:4000", "http://localhost:4000/k").as_bytes()).is_ok());
        assert!(local.jwks_uri(document("http://localhost:4000", "http://10.0.0.1/k").as_bytes()).is_err());
    }
}
