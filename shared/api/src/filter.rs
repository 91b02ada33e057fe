//! Query parameters by which several lists choose events.

use jiff::Timestamp;
use millrace_domain::event::EventType;
use millrace_domain::time::date_time;

use crate::Problem;

/// Reads `type`.
///
/// # Errors
/// 400 `unknown_type`.
pub fn read_type(name: &str) -> Result<EventType, Problem> {
    EventType::from_name(name).ok_or_else(|| {
        let known = EventType::ALL.map(EventType::name).join(", ");
        Problem::invalid_field("type", "unknown_type", format!("one of {known} was expected"))
    })
}

/// Reads a time, of the parameter `field`.
///
/// # Errors
/// 400 `not_a_time`.
pub fn read_time(field: &str, text: &str) -> Result<Timestamp, Problem> {
    let detail = "a time by RFC 3339, such as 2026-11-21T06:00:00Z, was expected; in a URL `+` is written %2B";
    date_time(text).ok_or_else(|| Problem::invalid_field(field, "not_a_time", detail))
}
