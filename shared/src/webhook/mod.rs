//! Webhooks as the Standard Webhooks specification has them (github.com/standard-webhooks, `spec/standard-webhooks.md`,
//! version 1.0.0): what may be called, how it is signed, and when it is tried again. All of it is pure but for the names
//! that [`guard::Policy::reach`] looks up.

mod address;
pub mod guard;
pub mod schedule;
pub mod sign;
