//! The local stack: the whole of Millrace in one process, without Docker and without an AWS account.
//!
//! It reads `template.yaml`, embeds a Kafka broker, DynamoDB, S3 and an SES inbox, and runs the real function
//! binaries over the Lambda Runtime API.

pub mod aws;
pub mod cli;
pub mod conservation;
pub mod crash_points;
pub mod faults;
pub mod http;
pub mod kafka;
pub mod lambda;
pub mod mapping;
pub mod pipeline;
pub mod schedule;
pub mod stack;
pub mod template;
