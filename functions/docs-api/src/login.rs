//! What the pages need to log in, and what their policy allows for it.

use http::HeaderValue;
use millrace_api::access::Auth;
use millrace_platform::settings::{self, MissingSetting};
use serde::Serialize;

/// Where callers log in, as the pages read it. Nothing of it is secret: the client is a public one (RFC 6749, 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Login {
    /// `on` if callers have to be known.
    auth: &'static str,
    /// The rest, if the pages have a client at the issuer.
    #[serde(flatten)]
    client: Option<Client>,
    /// Where the token endpoint is, if not at the issuer.
    #[serde(skip)]
    token_origin: Option<String>,
}

/// A client at an issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Client {
    issuer: String,
    client_id: String,
    /// For whom tokens have to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    audience: Option<String>,
    /// What to ask for, where that is not what the contract names.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<String>,
}

impl Login {
    /// The login of `API_AUTH` and the variables `OIDC_`.
    ///
    /// # Errors
    /// `API_AUTH` is neither `on` nor `off`.
    pub fn from_env() -> Result<Self, MissingSetting> {
        let auth = if Auth::from_env()? == Auth::On { "on" } else { "off" };
        let named = settings::optional("OIDC_ISSUER").zip(settings::optional("OIDC_PAGE_CLIENT"));
        let client = match named {
            Some((issuer, client_id)) => Some(Client {
                issuer,
                client_id,
                audience: settings::list("OIDC_AUDIENCES")?.into_iter().next(),
                scopes: settings::optional("OIDC_PAGE_SCOPES"),
            }),
            None => None,
        };
        Ok(Self { auth, client, token_origin: settings::optional("OIDC_TOKEN_ORIGIN") })
    }

    /// The content security policy of the pages. They may load from the API that served them alone, and connect to nothing
    /// but it and, to log in, the issuer. The icons of Swagger UI are data URLs.
    ///
    /// # Errors
    /// An origin is none; the template does not let it be.
    pub fn policy(&self) -> Result<HeaderValue, http::header::InvalidHeaderValue> {
        let issuer = self.client.as_ref().map(|client| origin(&client.issuer));
        let issuer = issuer.into_iter().chain(self.client.as_ref().and(self.token_origin.as_deref()));
        let connect: String = issuer.flat_map(|origin| [" ", origin]).collect();
        HeaderValue::try_from(format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'{connect}; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ))
    }
}

/// Scheme, host and port of a URL, whose form the template has checked.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url, |end| &url[..host + end])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn login(issuer: &str, token_origin: Option<&str>) -> Login {
        let client = Client { issuer: issuer.to_owned(), client_id: "pages".to_owned(), audience: None, scopes: None };
        Login { auth: "on", client: Some(client), token_origin: token_origin.map(str::to_owned) }
    }

    #[test]
    fn the_pages_connect_to_the_issuer_alone() {
        for (issuer, token_origin, connect) in [
            ("https://login.example.com/realms/shop", None, "connect-src 'self' https://login.example.com; "),
            ("https://login.example.com", None, "connect-src 'self' https://login.example.com; "),
            ("http://127.0.0.1:9/", None, "connect-src 'self' http://127.0.0.1:9; "),
            (
                "https://a.example/p",
                Some("https://b.example"),
                "connect-src 'self' https://a.example https://b.example; ",
            ),
        ] {
            let policy = login(issuer, token_origin).policy().unwrap();
            assert!(policy.to_str().unwrap().contains(connect), "{policy:?}");
        }
        let none = Login { auth: "on", client: None, token_origin: Some("https://b.example".to_owned()) };
        assert!(none.policy().unwrap().to_str().unwrap().contains("connect-src 'self'; "));
        assert_eq!(serde_json::to_value(none).unwrap(), json!({ "auth": "on" }));
        let expected = json!({ "auth": "on", "issuer": "https://a.example", "clientId": "pages" });
        assert_eq!(serde_json::to_value(login("https://a.example", None)).unwrap(), expected);
    }
}
