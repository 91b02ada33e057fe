//! What the functions of Millrace share. One concept per module.

pub mod activity;
pub mod api;
pub mod aws;
pub mod clock;
pub mod consumer;
pub mod crash_points;
pub mod dead_letter;
pub mod dynamo;
pub mod email;
pub mod event;
pub mod event_log;
pub mod id;
pub mod idempotency;
pub mod ingredient;
pub mod kafka;
pub mod limiter;
pub mod metrics;
pub mod order;
pub mod outbox;
pub mod product;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
pub mod timer;
pub mod together;
pub mod webhook;
