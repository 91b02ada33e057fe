//! What the claims of a token say, once its signature is known to be good.

use millrace_access::{Caller, Kind, LEEWAY_SECONDS, NO_EXPIRY, Scopes};
use millrace_domain::activity::UserId;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::service::is_service;
use crate::jwks::Claims;
use crate::refused::Refused;

/// Claims that may have the client: RFC 9068 and Cognito, OpenID Connect and Entra v2, Entra v1, Okta.
const CLIENT: [&str; 4] = ["client_id", "azp", "appid", "cid"];

/// Claims that may have scopes: RFC 9068, Entra and Okta, Auth0. Roles are none: they say who somebody is, and not what they
/// let this client do for them.
const SCOPES: [&str; 3] = ["scope", "scp", "permissions"];

/// What a token has to be.
#[derive(Debug, Clone)]
pub struct Rules {
    issuer: String,
    /// Tells the subjects of one issuer from those of another in a principal.
    issuer_hash: String,
    audiences: Vec<String>,
    clients: Vec<String>,
    user_claim: String,
}

impl Rules {
    /// The rules for tokens of `issuer` that are for one of `audiences`, or, where a token does not say that or no audience
    /// is given, were given to one of `clients`. `user_claim` has the user.
    pub fn new(issuer: String, audiences: Vec<String>, clients: Vec<String>, user_claim: String) -> Self {
        let issuer_hash = Sha256::digest(&issuer).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Self { issuer, issuer_hash, audiences, clients, user_claim }
    }
}

/// The caller that claims stand for at `now`, in Unix seconds. `typ` is that of the token's header.
pub fn caller(claims: &Claims, typ: Option<&str>, rules: &Rules, now: i64) -> Result<Caller, Refused> {
    if text(claims, "iss") != Some(rules.issuer.as_str()) {
        return Err(Refused::Issuer);
    }
    if !is_access_token(claims, typ) {
        return Err(Refused::NotAnAccessToken);
    }
    let exp = time(claims, "exp")?.ok_or(Refused::Claims)?;
    if now >= exp.saturating_add(LEEWAY_SECONDS) {
        return Err(Refused::Expired);
    }
    if time(claims, "nbf")?.is_some_and(|nbf| now < nbf.saturating_sub(LEEWAY_SECONDS)) {
        return Err(Refused::NotYetValid);
    }
    if !is_for_us(claims, rules) {
        return Err(Refused::Audience);
    }
    let subject = user_id(claims, "sub")?;
    let service = is_service(claims, subject.as_str(), client(claims));
    let (kind, name) = if service { (Kind::Service, "service") } else { (Kind::User, "user") };
    let user = if service { None } else { Some(user_id(claims, &rules.user_claim)?.into()) };
    Ok(Caller {
        principal: format!("{name}:{}:{}", rules.issuer_hash, subject.as_str()),
        kind,
        user,
        scopes: scopes(claims, rules),
        exp: exp.min(NO_EXPIRY),
        key_id: None,
        rate: None,
    })
}

/// The value of a claim that is a text, and not empty.
pub fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A claim that names somebody. It has to be a user id as events have it, because it is compared with those.
fn user_id(claims: &Claims, name: &str) -> Result<UserId, Refused> {
    let id = text(claims, name).and_then(|text| UserId::try_from(text.to_owned()).ok());
    id.filter(|id| !id.is_reserved()).ok_or(Refused::Claims)
}

/// A time in Unix seconds, which may have a fraction (RFC 7519, section 2).
fn time(claims: &Claims, name: &str) -> Result<Option<i64>, Refused> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    // A double beyond the range of the integer becomes its end.
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
    seconds.map(Some).ok_or(Refused::Claims)
}

/// Whether it is not an ID token, or a token of another use. ID tokens say who logged in to a client, and are no leave to call
/// an API.
fn is_access_token(claims: &Claims, typ: Option<&str>) -> bool {
    let header = typ.map(str::to_ascii_lowercase);
    let header = matches!(header.as_deref(), None | Some("jwt" | "at+jwt" | "application/at+jwt"));
    // Cognito says it here, and Keycloak in `typ`.
    let token_use = claims.get("token_use").is_none_or(|it| it == "access");
    let bearer = claims.get("typ").is_some_and(|it| it == "Bearer");
    let kind = bearer || claims.get("typ").is_none_or(|it| it == "at+jwt");
    // Keycloak before version 24 has the nonce in access tokens too.
    let of_a_login =
        claims.contains_key("at_hash") || claims.contains_key("c_hash") || (claims.contains_key("nonce") && !bearer);
    header && token_use && kind && !of_a_login
}

/// Whether the token was made for this API. A token for another API is not, whichever client it was given to.
fn is_for_us(claims: &Claims, rules: &Rules) -> bool {
    match claims.get("aud") {
        Some(audience) if !rules.audiences.is_empty() => {
            texts(audience).any(|audience| rules.audiences.iter().any(|known| known == audience))
        }
        _ => client(claims).is_some_and(|client| rules.clients.iter().any(|known| known == client)),
    }
}

fn client(claims: &Claims) -> Option<&str> {
    CLIENT.iter().find_map(|name| text(claims, name))
}

fn scopes(claims: &Claims, rules: &Rules) -> Scopes {
    let values = SCOPES.iter().filter_map(|name| claims.get(*name));
    let names = values.flat_map(texts).flat_map(str::split_ascii_whitespace);
    names.filter_map(|name| within(name, rules).parse().ok()).collect()
}

/// A scope's name without its API. Cognito writes `<API>/<scope>`, so that the scope of another API is another one.
fn within<'a>(name: &'a str, rules: &Rules) -> &'a str {
    let prefixed = |api: &String| name.strip_prefix(api.trim_end_matches('/'))?.strip_prefix('/');
    rules.audiences.iter().find_map(prefixed).unwrap_or(name)
}

/// The texts of a claim that is one, or a list of them.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten();
    value.as_str().into_iter().chain(list.filter_map(Value::as_str))
}

#[cfg(test)]
mod tests;
