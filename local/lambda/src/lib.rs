//! AWS Lambda on this machine, for the functions of a SAM template that run on `provided.al2023`.
//!
//! [`Lambda`] is all of it. [`functions`] runs their binaries over the Lambda Runtime API. Three modules invoke them:
//! [`http`], an HTTP API (with the control API under `/_local/`); [`mapping`], which polls Kafka topics and DynamoDB
//! streams; and [`schedule`].

mod asynchronous;
pub mod functions;
pub mod http;
mod invoke;
mod lambda;
pub mod mapping;
pub mod schedule;
pub mod stop;

pub use invoke::{ACCOUNT, Invoke, MAX_PAYLOAD, Outcome, Part};
pub use lambda::{Lambda, Settings};
