//! What all HTTP functions share: an axum router under `lambda_http`, errors as RFC 9457 problem+json, checked bodies,
//! cursor pages, conditional requests, CORS, who may do what, and health checks.

pub mod access;
pub mod asset;
pub mod change;
mod cors;
pub mod etag;
mod extract;
pub mod filter;
pub mod health;
pub mod idempotency;
mod media_type;
mod methods;
pub mod page;
mod problem;
pub mod resource;
pub mod serve;

pub use access::Access;
pub use extract::{Body, Params, Put, Segment};
pub use problem::Problem;

/// Largest request body, in bytes. A body that is accepted always fits in an event.
pub const MAX_BODY_BYTES: usize = millrace_domain::event::MAX_EVENT_BYTES;
