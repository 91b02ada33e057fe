//! Logs once that something is unreachable, and once that it is back.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a mapping's source is reachable.
#[derive(Debug)]
pub struct Outage {
    mapping: String,
    what: &'static str,
    lasts: AtomicBool,
}

impl Outage {
    /// For a mapping and its source, such as `Kafka`.
    pub fn new(mapping: &str, what: &'static str) -> Self {
        Self { mapping: mapping.to_owned(), what, lasts: AtomicBool::new(false) }
    }

    /// Something failed; logs it if it is the first time since [`Outage::over`].
    pub fn seen(&self, error: &dyn std::fmt::Display) {
        if !self.lasts.swap(true, Ordering::Relaxed) {
            tracing::warn!(mapping = %self.mapping, %error, "{} does not answer; trying on", self.what);
        }
    }

    /// It works; logs that if it did not before.
    pub fn over(&self) {
        if self.lasts.swap(false, Ordering::Relaxed) {
            tracing::info!(mapping = %self.mapping, "{} answers again", self.what);
        }
    }
}
