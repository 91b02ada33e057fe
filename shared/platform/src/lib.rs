//! What a function stands on. Nothing here knows what the business is.

pub mod aws;
pub mod batching;
pub mod clock;
pub mod crash_points;
pub mod dns;
pub mod dynamo;
pub mod invocations;
pub mod kafka;
pub mod metrics;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
