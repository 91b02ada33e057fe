//! The claims of an access token (RFC 9068).

use serde_json::{Value, json};

/// How long a token is good for, in seconds.
pub const LIFETIME: i64 = 3_600;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The user, or the client if it acts for itself.
    pub subject: String,
    /// The client.
    pub client: String,
    /// Scopes with spaces between; `None` if none were asked for.
    pub scope: Option<String>,
}

/// The claims. `id` is unique, times are Unix seconds.
pub fn claims(grant: &Grant, (issuer, audience): (&str, &str), id: &str, now: i64, lifetime: i64) -> Value {
    let mut claims = json!({
        "iss": issuer,
        "aud": audience,
        "sub": grant.subject,
        "client_id": grant.client,
        "iat": now.min(now.saturating_add(lifetime)),
        "exp": now.saturating_add(lifetime),
        "jti": id,
    });
    if let Some(scope) = &grant.scope {
        claims["scope"] = json!(scope);
    }
    claims
}
