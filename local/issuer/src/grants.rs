//! The grants of the token endpoint (RFC 6749, 4.1.3 and 4.4). Pure: time and codes are arguments.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::form::Form;
use crate::token::Grant;

/// How long a code is good for, in seconds.
const CODE_LIFETIME: i64 = 60;

/// Why no token is given: the code of RFC 6749, 5.2, and a word for the developer.
pub type Refused = (&'static str, &'static str);

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// What its token will say.
    pub grant: Grant,
    /// Where it was sent.
    pub redirect_uri: String,
    /// Digest of the secret that only the client has.
    pub challenge: String,
    /// When it was given, in Unix seconds.
    pub given_at: i64,
}

/// The codes that were given and not used.
#[derive(Debug, Default)]
pub struct Codes(BTreeMap<String, Code>);

impl Codes {
    /// Remembers a code, and forgets those that have expired.
    pub fn give(&mut self, code: String, stands_for: Code) {
        let now = stands_for.given_at;
        self.0.retain(|_, code| now < code.given_at + CODE_LIFETIME);
        self.0.insert(code, stands_for);
    }

    /// What the form of a token request is given. A code is good once.
    pub fn redeem(&mut self, form: &Form, now: i64) -> Result<Grant, Refused> {
        match form.get("grant_type") {
            Some("client_credentials") => {
                let client = form.get("client_id").ok_or(("invalid_client", "client_id is missing"))?.to_owned();
                Ok(Grant { subject: client.clone(), client, scope: form.get("scope").map(str::to_owned) })
            }
            Some("authorization_code") => {
                let code = form.get("code").ok_or(("invalid_request", "code is missing"))?;
                let verifier = form.get("code_verifier").ok_or(("invalid_request", "code_verifier is missing"))?;
                let given = self.0.remove(code).ok_or(("invalid_grant", "the code was not given, or is used up"))?;
                let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
                if now >= given.given_at + CODE_LIFETIME {
                    return Err(("invalid_grant", "the code has expired"));
                }
                if challenge != given.challenge {
                    return Err(("invalid_grant", "code_verifier is not that of the code_challenge"));
                }
                if form.get("client_id") != Some(&given.grant.client) {
                    return Err(("invalid_grant", "the code was given to another client_id"));
                }
                if form.get("redirect_uri") != Some(&given.redirect_uri) {
                    return Err(("invalid_grant", "the code was sent to another redirect_uri"));
                }
                Ok(given.grant)
            }
            Some(_) => Err(("unsupported_grant_type", "authorization_code or client_credentials was expected")),
            None => Err(("invalid_request", "grant_type is missing")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn a_code_is_good_once_for_its_client_with_its_verifier_and_in_time() {
        let grant = Grant { subject: "ann".into(), client: "shop".into(), scope: Some("a b".into()) };
        let redeem = |form: &str, at: i64| {
            let mut codes = Codes::default();
            let (redirect_uri, challenge) = ("http://localhost/cb".to_owned(), CHALLENGE.to_owned());
            codes.give("c".into(), Code { grant: grant.clone(), redirect_uri, challenge, given_at: 0 });
            let first = codes.redeem(&Form::read(form.as_bytes()), at);
            assert!(codes.redeem(&Form::read(form.as_bytes()), at).is_err(), "a second time");
            first.map_err(|(code, _)| code)
        };
        let good = format!(
            "grant_type=authorization_code&code=c&client_id=shop&redirect_uri=http://localhost/cb&code_verifier={VERIFIER}"
        );
        assert_eq!(redeem(&good, 59), Ok(grant.clone()));
        assert_eq!(redeem(&good, 60), Err("invalid_grant"));
        for (from, to, error) in [
            ("code=c&", "code=d&", "invalid_grant"),
            ("code=c&", "", "invalid_request"),
            ("client_id=shop", "client_id=shop2", "invalid_grant"),
            ("localhost/cb", "localhost/other", "invalid_grant"),
            (VERIFIER, "x", "invalid_grant"),
            ("code_verifier", "verifier", "invalid_request"),
            ("authorization_code", "password", "unsupported_grant_type"),
            ("grant_type", "type", "invalid_request"),
        ] {
            assert_eq!(redeem(&good.replacen(from, to, 1), 0), Err(error), "{from} {to}");
        }
    }

    #[test]
    fn a_client_speaks_for_itself() {
        let redeem = |form: &str| Codes::default().redeem(&Form::read(form.as_bytes()), 0);
        let grant = redeem("grant_type=client_credentials&client_id=till&scope=orders:write+seed").unwrap();
        assert_eq!((grant.subject.as_str(), grant.scope.as_deref()), ("till", Some("orders:write seed")));
        assert_eq!(redeem("grant_type=client_credentials").unwrap_err().0, "invalid_client");
    }
}
