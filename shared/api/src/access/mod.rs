//! Who may do what: one layer in front of every handler, and what a handler may ask of the caller.
//!
//! API Gateway's authorizer decides who the caller is, and remembers its answer by the credential alone. So an answer to a
//! `GET` also lets a `POST` pass, and only the functions know which operation needs what. They believe the authorizer's
//! context, which no client can write, and nothing that is in the request itself. An API key may have a rate, which is held
//! here too.

pub mod direct;
pub mod operations;
mod query;
mod rate;
mod who;

pub use rate::Rates;
pub use who::Access;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use millrace_access::{Caller, Scope};
use millrace_domain::activity::UserId;
use millrace_platform::clock;
use millrace_platform::settings::{self, MissingSetting};
use serde_json::{Value, json};

use self::operations::{allowed, is_open, scopes};
use crate::{Problem, methods};

/// Whether callers have to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Auth {
    /// Everybody may do everything.
    Off,
    /// A request without a caller is refused.
    #[default]
    On,
}

impl Auth {
    /// The setting `API_AUTH`, which is `on` or `off`.
    ///
    /// # Errors
    /// It is absent or something else: nobody opens an API by forgetting a setting.
    pub fn from_env() -> Result<Self, MissingSetting> {
        match settings::setting("API_AUTH")?.as_str() {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(MissingSetting::new("API_AUTH")),
        }
    }
}

/// What stands in front of every handler.
#[derive(Default)]
pub struct Guard {
    /// Whether callers have to be known.
    pub auth: Auth,
    /// How often API keys may ask.
    pub rates: Rates,
}

impl Guard {
    /// The guard that the settings of the function ask for.
    ///
    /// # Errors
    /// A setting is missing or not of its kind.
    pub fn from_env() -> Result<Self, MissingSetting> {
        Ok(Self { auth: Auth::from_env()?, rates: Rates::from_env()? })
    }

    /// The access that the handler gets; none where it has nothing to ask.
    async fn admit(&self, asked: &Asked<'_>, now: i64) -> Result<Option<Access>, Problem> {
        let access = decide(self.auth, asked, now)?;
        if let Some(access) = &access {
            self.rates.admit(access).await?;
        }
        Ok(access)
    }
}

/// What the decision depends on.
struct Asked<'a> {
    method: &'a Method,
    /// The route as the router knows it; `None` if there is none.
    route: Option<&'a str>,
    query: &'a str,
    /// The authorizer's context.
    context: Option<&'a HashMap<String, Value>>,
}

/// Lets a request pass whose caller may make it, with its [`Access`], and answers the others.
pub async fn enforce(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    let context = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.authorizer.as_ref().map(|found| &found.fields),
        _ => None,
    };
    let asked = Asked {
        method: request.method(),
        route: request.extensions().get::<MatchedPath>().map(MatchedPath::as_str),
        query: request.uri().query().unwrap_or_default(),
        context,
    };
    match guard.admit(&asked, clock::now().as_second()).await {
        Ok(access) => {
            if let Some(access) = access {
                request.extensions_mut().insert(access);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// The access that the handler gets; none for an operation that is open to everybody, and for what the router answers by
/// itself.
fn decide(auth: Auth, asked: &Asked<'_>, now: i64) -> Result<Option<Access>, Problem> {
    if query::has_credential(asked.query) {
        return Err(credential_in_url());
    }
    if auth == Auth::Off {
        return Ok(Some(Access::Open));
    }
    let Some(route) = asked.route.filter(|_| *asked.method != Method::OPTIONS) else { return Ok(None) };
    let needed = scopes(asked.method, route);
    if needed.map_or_else(|| is_open(route), <[Scope]>::is_empty) {
        return Ok(None);
    }
    let (caller, user) = known(asked.context)?;
    if caller.is_expired(now) {
        return Err(token_expired());
    }
    match needed {
        // Not the router's business: a handler that this table does not have would be open to every caller.
        None => Err(methods::not_allowed().header(header::ALLOW, allowed(route))),
        Some(scopes) if scopes.iter().any(|scope| !caller.allows(*scope)) => Err(forbidden(scopes)),
        Some(_) => Ok(Some(Access::known(caller, user))),
    }
}

/// The caller of a context. A user whom no event can belong to is none.
fn known(context: Option<&HashMap<String, Value>>) -> Result<(Caller, Option<UserId>), Problem> {
    let context = context.filter(|context| !context.is_empty()).ok_or_else(unauthenticated)?;
    let wrong = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "the authorizer's context names no caller");
        unauthenticated()
    };
    let caller = Caller::from_context(context).map_err(|error| wrong(&error))?;
    let user = caller.user.clone().map(UserId::try_from).transpose().map_err(|error| wrong(&error))?;
    Ok((caller, user))
}

/// 401 (RFC 6750, 3): the request has no credential, or none that counts.
#[must_use]
pub fn unauthenticated() -> Problem {
    let detail = "a token or an API key was expected, as `Authorization: Bearer ...`";
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail);
    problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

/// 401: the credential was good until a moment ago, and API Gateway still remembers it.
fn token_expired() -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "token_expired", "the token or the API key has expired");
    problem.header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
}

/// 403 that names the scopes that the operation needs.
#[must_use]
pub fn forbidden(scopes: &[Scope]) -> Problem {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    let names = names.join(" ");
    let challenge = HeaderValue::from_str(&format!("Bearer error=\"insufficient_scope\", scope=\"{names}\""));
    let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden", format!("this needs the scope {names}"));
    let problem = problem.with("scope", json!(names));
    match challenge {
        Ok(challenge) => problem.header(header::WWW_AUTHENTICATE, challenge),
        Err(_) => problem,
    }
}

/// 403: a user's token acts for this user alone.
fn user_mismatch() -> Problem {
    let detail = "a user's token reads and writes only what belongs to this user";
    Problem::new(StatusCode::FORBIDDEN, "user_mismatch", detail)
}

/// 400: URLs are in logs, in histories and in the `Referer` of other requests (RFC 6750, 5.3).
fn credential_in_url() -> Problem {
    let detail = "a token or an API key belongs into the header Authorization, never into a URL; this one may be in logs \
        now, so replace it";
    Problem::new(StatusCode::BAD_REQUEST, "credential_in_url", detail)
}

#[cfg(test)]
mod tests;
