//! What can be made to go wrong in a local stack: [`faults`] of Kafka, DynamoDB, SES and functions, and
//! [`crash_points`], the steps at which a function's process can be stopped.

pub mod crash_points;
pub mod faults;

pub use faults::{Fault, Faults, Kind};
