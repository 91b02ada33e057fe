//! The work of an attempt beyond the event's record and the user's profile. There is none yet, so an attempt fails only
//! if its event requests it.

use crate::Activity;

/// Makes one attempt.
///
/// # Errors
/// Why it failed, for people.
pub fn attempt(event: &Activity) -> Result<(), &'static str> {
    if event.fails { Err("payload.fail is true") } else { Ok(()) }
}
