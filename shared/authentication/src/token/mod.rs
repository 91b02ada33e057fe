//! Access tokens: JSON Web Tokens (RFC 7519) of one OpenID Connect issuer.

mod claims;
mod service;

pub use claims::Rules;

use jsonwebtoken::Algorithm;
use millrace_access::Caller;

use crate::issuer::Issuer;
use crate::jwks::fetch::Fetch;
use crate::jwks::{self, SigningKeys};
use crate::refused::{Failure, Refused};

/// Longest `kid`, in bytes; issuers' have up to about 60. A `kid` that was not found is kept for a while.
const MAX_KID_BYTES: usize = 256;

/// Takes the tokens of one issuer.
pub struct Tokens<F> {
    keys: SigningKeys<F>,
    rules: Rules,
}

impl<F: Fetch> Tokens<F> {
    pub fn new(issuer: Issuer, rules: Rules, fetch: F) -> Self {
        jwks::install();
        Self { keys: SigningKeys::new(issuer, fetch), rules }
    }

    /// The caller that a token stands for at `now`, in Unix seconds.
    pub async fn caller(&self, token: &str, now: i64) -> Result<Caller, Failure> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused::Malformed)?;
        // Before a key is looked for; the key decides which of these it is.
        if !matches!(header.alg, Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | Algorithm::EdDSA) {
            return Err(Refused::Algorithm.into());
        }
        // Nothing beyond RFC 7515 is understood here, so nothing may be critical (4.1.11).
        if header.crit.is_some() {
            return Err(Refused::Malformed.into());
        }
        let kid = header.kid.filter(|kid| kid.len() <= MAX_KID_BYTES).ok_or(Refused::UnknownSigningKey)?;
        let key = self.keys.find(&kid, now).await?.ok_or(Refused::UnknownSigningKey)?;
        Ok(claims::caller(&key.verify(token)?, header.typ.as_deref(), &self.rules, now)?)
    }
}
