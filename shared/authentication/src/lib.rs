//! Tells who calls, by an access token of one OpenID Connect issuer or by an API key. What a caller may do is the business
//! of `millrace-access` and of the functions.
//!
//! It is apart from `millrace-access`, because it needs TLS and verifies signatures: only the function that API Gateway asks
//! and those with a URL of their own pay for that.

mod api_key;
mod authenticator;
mod credential;
mod issuer;
mod jwks;
mod refused;
mod settings;
mod table;
#[cfg(test)]
mod tests;
mod token;

pub use authenticator::{Authenticator, Deployed};
pub use refused::{Failure, Refused};
