//! What a handler may ask of whoever makes a request.

use std::num::NonZeroU32;

use axum::extract::FromRequestParts;
use http::request::Parts;
use millrace_access::{Caller, Kind, Scope};
use millrace_domain::activity::UserId;

use super::{forbidden, user_mismatch};
use crate::Problem;

/// Principal of requests where callers are not known.
const ANONYMOUS: &str = "anonymous";

/// Whoever makes a request, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Callers are not known, and everything is open (`ApiAuth` off).
    Open,
    /// A caller that the authorizer has named.
    Known(Known),
}

/// A known caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    caller: Caller,
    /// The user, if it is a user's token.
    user: Option<UserId>,
}

impl Access {
    pub(super) fn known(caller: Caller, user: Option<UserId>) -> Self {
        Self::Known(Known { caller, user })
    }

    /// Who it is, the same in every request; scopes idempotency keys.
    pub fn principal(&self) -> &str {
        match self {
            Self::Open => ANONYMOUS,
            Self::Known(known) => &known.caller.principal,
        }
    }

    /// The id of an API key that has a rate, and its requests per second.
    pub(super) fn rate(&self) -> Option<(&str, NonZeroU32)> {
        match self {
            Self::Open => None,
            Self::Known(known) => Some((known.caller.key_id.as_deref()?, known.caller.rate?)),
        }
    }

    /// The user to whom belongs what the request makes.
    pub fn owner(&self) -> Option<UserId> {
        match self {
            Self::Open => None,
            Self::Known(known) => known.user.clone(),
        }
    }

    /// The user whose orders and timers alone it may see; `None` if it may see all. A service has no user, and sees what
    /// its scopes let it see.
    pub fn only(&self) -> Option<&UserId> {
        match self {
            Self::Open => None,
            Self::Known(known) => known.user.as_ref().filter(|_| !known.caller.allows(Scope::EventsAnyUser)),
        }
    }

    /// Whether it may see what belongs to this owner.
    pub fn sees(&self, owner: Option<&UserId>) -> bool {
        self.only().is_none_or(|user| owner == Some(user))
    }

    /// The user whose events alone it may touch; `None` if it may touch those of all.
    ///
    /// # Errors
    /// 403 `forbidden`: it has no user, and may not act for any.
    pub fn events_of(&self) -> Result<Option<&UserId>, Problem> {
        match self {
            Self::Known(known) if !known.caller.allows(Scope::EventsAnyUser) => {
                match (known.caller.kind, &known.user) {
                    (Kind::User, Some(user)) => Ok(Some(user)),
                    _ => Err(forbidden(&[Scope::EventsAnyUser])),
                }
            }
            _ => Ok(None),
        }
    }

    /// Whether it may write and read the events of this user.
    ///
    /// # Errors
    /// 403: `user_mismatch` for another user's token, `forbidden` for what has no user.
    pub fn acts_for(&self, user: &UserId) -> Result<(), Problem> {
        match self.events_of()? {
            Some(own) if own != user => Err(user_mismatch()),
            _ => Ok(()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Access {
    type Rejection = Problem;

    /// The layer has set it, except for operations that are open to everybody: their handlers have nothing to ask.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unavailable)
    }
}
