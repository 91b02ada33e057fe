//! Where a webhook may go.

mod address;
pub mod guard;
