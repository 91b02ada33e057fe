//! The technical foundation of every function. Nothing here knows the business domain.

pub mod aws;
pub mod batching;
pub mod clock;
pub mod crash_points;
pub mod dns;
pub mod dynamo;
pub mod invocations;
pub mod kafka;
pub mod limiter;
pub mod metrics;
pub mod secrets;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
