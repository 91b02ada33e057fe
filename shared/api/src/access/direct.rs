//! Requests to a function's own URL, before which no authorizer stands: the function finds out itself who calls.

use millrace_access::{Caller, Scope};

use super::{credential_in_url, forbidden, query, token_expired};
use crate::Problem;

pub use super::unauthenticated;

/// Whether a query is free of credentials.
///
/// # Errors
/// 400 `credential_in_url`.
pub fn no_credential(query: &str) -> Result<(), Problem> {
    if query::has_credential(query) { Err(credential_in_url()) } else { Ok(()) }
}

/// Whether a caller may do what these scopes stand for, with a credential that is good beyond `until`, in Unix seconds.
///
/// # Errors
/// 401 `token_expired` or 403 `forbidden`.
pub fn admit(caller: &Caller, needed: &[Scope], until: i64) -> Result<(), Problem> {
    if caller.exp <= until {
        return Err(token_expired());
    }
    if needed.iter().any(|scope| !caller.allows(*scope)) {
        return Err(forbidden(needed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use millrace_access::{Kind, Scopes};

    use super::*;

    #[test]
    fn a_caller_needs_every_scope_and_time() {
        let caller = |scopes: &str, exp| Caller {
            principal: "service:x".to_owned(),
            kind: Kind::Service,
            user: None,
            scopes: Scopes::known(scopes),
            exp,
            key_id: None,
            rate: None,
        };
        let needed = [Scope::NotificationsRead, Scope::EventsAnyUser];
        let code = |scopes: &str, exp| admit(&caller(scopes, exp), &needed, 100).err().map(|problem| problem.code);
        assert_eq!(code("notifications:read events:any-user", 101), None);
        assert_eq!(code("notifications:read events:any-user", 100), Some("token_expired"));
        assert_eq!(code("notifications:read", 101), Some("forbidden"));
        assert_eq!(code("events:any-user log:read", 101), Some("forbidden"));
        assert!(no_credential("after=7&type=Notify").is_ok());
        assert_eq!(no_credential("access_token=x").unwrap_err().code, "credential_in_url");
    }
}
