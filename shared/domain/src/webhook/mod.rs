//! Where webhooks may be sent.

mod address;
pub mod guard;
