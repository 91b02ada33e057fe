//! The HTTP API in front of the functions, and the control API under `/_local/`.
//!
//! [`host`], [`route`], [`event`] and [`answer`] are pure: how API Gateway converts a request and a function's answer. `authorizer`
//! decides who may pass, `cors` is for pages of other origins, and [`url`] has the function URLs. [`front`] and [`control`]
//! do the I/O, and [`server`] listens.

pub mod answer;
mod authorizer;
pub mod control;
mod cors;
pub mod event;
pub mod front;
pub mod host;
pub mod route;
pub mod server;
pub mod url;

pub use control::Control;
pub use control::invoke::ENDPOINT as INVOKE_ENDPOINT;
pub use front::Front;
pub use url::Urls;
