//! Who calls the API and what they may do. The authorizer makes a [`Caller`] of a token or an API key and hands it on as
//! its context; the functions read it back and ask it for a [`Scope`].

mod caller;
pub mod key;
mod scope;

pub use caller::{Caller, InvalidContext, Kind, LEEWAY_SECONDS, NO_EXPIRY};
pub use scope::{Scope, Scopes, UnknownScope};
