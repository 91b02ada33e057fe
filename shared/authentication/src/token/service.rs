//! Whether a token is a program's own, and stands for nobody.

use super::claims::text;
use crate::jwks::Claims;

/// Whether the token came from the client credentials grant. Each provider says so in its own way.
pub fn is_service(claims: &Claims, subject: &str, client: Option<&str>) -> bool {
    let is = |name: &str, value: &str| text(claims, name) == Some(value);
    // RFC 9068, 2.2: without a user the subject is the client. Cognito does so too.
    let standard = client == Some(subject);
    let cognito = is("token_use", "access") && text(claims, "username").is_none();
    // A user's subject has a `|` between the connection and the name.
    let auth0 = is("gty", "client-credentials") || (subject.ends_with("@clients") && !subject.contains('|'));
    // `idtyp` is an optional claim; without it, only a program's subject is its object id.
    let entra = is("idtyp", "app") || (text(claims, "tid").is_some() && is("oid", subject));
    let keycloak = client.is_some_and(|client| {
        let account = text(claims, "preferred_username").and_then(|name| name.strip_prefix("service-account-"));
        account.is_some_and(|account| account.eq_ignore_ascii_case(client))
    });
    standard || cognito || auth0 || entra || keycloak
}
