//! What an attempt to process an event does beside its record and the profile: nothing yet, so only an event that asks
//! for it fails.

use crate::Activity;

/// One attempt.
///
/// # Errors
/// Why it failed, for people.
pub fn attempt(event: &Activity) -> Result<(), &'static str> {
    if event.fails { Err("payload.fail is true") } else { Ok(()) }
}
