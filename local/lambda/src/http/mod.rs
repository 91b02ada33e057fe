//! The HTTP API in front of the functions, and the control under `/_local/`.
//!
//! [`route`], [`event`] and [`answer`] are pure: what API Gateway makes of a request and of a function's answer.
//! [`front`] and [`control`] do the input and output, [`server`] listens.

pub mod answer;
pub mod control;
mod crash_points;
pub mod event;
pub mod front;
pub mod invoke;
pub mod route;
pub mod server;

pub use control::Control;
pub use front::Front;
