//! The only module that reads the clock and generates randomness; all other code takes them as arguments.

use jiff::{Timestamp, Unit};
use uuid::Uuid;

/// The current time, truncated to milliseconds, so that it has the same text when stored, sent and read back.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    // Rounding fails only outside the years that `Timestamp` covers.
    now.round(jiff::TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Trunc)).unwrap_or(now)
}

/// The current time in Unix microseconds, where millisecond precision is not enough.
#[must_use]
pub fn micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// A new `UUIDv7`: unique, and ordered by creation time to the millisecond.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// 64 random bits.
#[must_use]
pub fn random() -> u64 {
    Uuid::new_v4().as_u64_pair().0
}

/// 128 random bits.
#[must_use]
pub fn random128() -> u128 {
    // Each UUID has fixed version and variant bits; the rotation covers them with random bits of the other.
    Uuid::new_v4().as_u128() ^ Uuid::new_v4().as_u128().rotate_left(64)
}

/// A random number in [0, 1), for jitter.
#[must_use]
pub fn fraction() -> f64 {
    // A double has 53 significant bits.
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}
