//! The authorization endpoint: who asks, and the page that asks for a user name. Pure.

use url::Url;

use crate::form::{Form, escaped};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The client.
    pub client: String,
    /// Where the code goes: to this machine.
    pub redirect_uri: String,
    /// The challenge of PKCE.
    pub challenge: String,
    /// Scopes.
    pub scope: Option<String>,
    /// What the client gets back.
    pub state: Option<String>,
}

impl Asked {
    /// Reads a request; the error says what is wrong with it. Nothing is sent to a `redirect_uri` of a request that is
    /// wrong.
    pub fn read(form: &Form) -> Result<Self, &'static str> {
        let required = |name: &'static str, why: &'static str| form.get(name).map(str::to_owned).ok_or(why);
        if form.get("response_type") != Some("code") {
            return Err("response_type has to be code");
        }
        if form.get("code_challenge_method") != Some("S256") {
            return Err("code_challenge_method has to be S256");
        }
        let redirect_uri = required("redirect_uri", "redirect_uri is missing")?;
        let url = Url::parse(&redirect_uri).map_err(|_| "redirect_uri is not a URL")?;
        let local = ["localhost", "127.0.0.1", "[::1]"].contains(&url.host_str().unwrap_or_default());
        if !local || !["http", "https"].contains(&url.scheme()) || url.fragment().is_some() {
            return Err("redirect_uri has to be on this machine, without a fragment");
        }
        Ok(Self {
            client: required("client_id", "client_id is missing")?,
            redirect_uri,
            challenge: required("code_challenge", "code_challenge is missing")?,
            scope: form.get("scope").map(str::to_owned),
            state: form.get("state").map(str::to_owned),
        })
    }

    /// Where the browser goes with a code. The parameter `iss` is that of RFC 9207.
    pub fn answer(&self, code: &str, issuer: &str) -> String {
        let Ok(mut url) = Url::parse(&self.redirect_uri) else { return self.redirect_uri.clone() };
        url.query_pairs_mut().append_pair("code", code).append_pair("iss", issuer);
        if let Some(state) = &self.state {
            url.query_pairs_mut().append_pair("state", state);
        }
        url.into()
    }

    /// The page: a form with one field, which comes back with everything that was asked.
    pub fn page(&self) -> String {
        let fields = [
            ("response_type", Some("code")),
            ("code_challenge_method", Some("S256")),
            ("client_id", Some(self.client.as_str())),
            ("redirect_uri", Some(self.redirect_uri.as_str())),
            ("code_challenge", Some(self.challenge.as_str())),
            ("scope", self.scope.as_deref()),
            ("state", self.state.as_deref()),
        ];
        let hidden: String = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, escaped(value?))))
            .map(|(name, value)| format!("      <input type=\"hidden\" name=\"{name}\" value=\"{value}\">\n"))
            .collect();
        let (client, scope) = (escaped(&self.client), escaped(self.scope.as_deref().unwrap_or("nothing")));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n  <head>\n    <meta charset=\"utf-8\">\n    \
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n    <title>Log in</title>\n  </head>\n  \
             <body>\n    <h1>Log in</h1>\n    <p>{client} asks for: {scope}</p>\n    \
             <form method=\"post\" action=\"authorize\">\n{hidden}      \
             <label>User name <input name=\"user\" required autofocus autocomplete=\"username\"></label>\n      \
             <button>Log in</button>\n    </form>\n    \
             <p>This issuer is for development: it takes every name and wants no password.</p>\n  </body>\n</html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "response_type=code&client_id=docs&redirect_uri=http://localhost:3000/docs/cb%3Fx%3D1\
        &code_challenge=abc&code_challenge_method=S256&scope=a+b&state=%22%3E%3Cscript%3E";

    #[test]
    fn a_code_goes_to_this_machine_alone_and_nothing_of_a_request_becomes_a_part_of_the_page() {
        let asked = Asked::read(&Form::read(GOOD.as_bytes())).unwrap();
        let answer = asked.answer("c d", "http://127.0.0.1:9");
        let expected =
            "http://localhost:3000/docs/cb?x=1&code=c+d&iss=http%3A%2F%2F127.0.0.1%3A9&state=%22%3E%3Cscript%3E";
        assert_eq!(answer, expected);
        let page = asked.page();
        assert!(!page.contains("<script") && page.contains("value=\"&quot;&gt;&lt;script&gt;\""), "{page}");
        for (from, to) in [
            ("http://localhost:3000", "https://evil.example"),
            ("http://localhost:3000", "http://localhost.evil.example"),
            ("http://localhost:3000", "http://localhost@evil.example"),
            ("http://localhost:3000/docs/cb", "javascript:alert(1)"),
            ("%3Fx%3D1", "%23x"),
            ("S256", "plain"),
            ("response_type=code", "response_type=token"),
            ("code_challenge=abc", "code_challenge="),
            ("client_id=docs", "client_id=docs&client_id=other"),
        ] {
            assert!(Asked::read(&Form::read(GOOD.replace(from, to).as_bytes())).is_err(), "{to}");
        }
    }
}
