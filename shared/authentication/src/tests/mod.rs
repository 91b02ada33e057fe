//! The authorizer as a whole, with an issuer and a table that are played.

mod api_keys;
mod issuer;
mod log;
mod played;
mod signer;
mod tokens;
