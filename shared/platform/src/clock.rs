//! The one place that asks for the time and for randomness; everything else takes them as arguments.

use jiff::{Timestamp, Unit};
use uuid::Uuid;

/// The time now, cut to milliseconds, so that what is stored, sent and read back is the same text.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    // Rounding fails only outside the years that `Timestamp` spans.
    now.round(jiff::TimestampRound::new().smallest(Unit::Millisecond).mode(jiff::RoundMode::Trunc)).unwrap_or(now)
}

/// The time now in Unix microseconds, for what cannot afford to lose a part of a millisecond.
#[must_use]
pub fn micros() -> i64 {
    Timestamp::now().as_microsecond()
}

/// A new `UUIDv7`: unique, and in the order of creation to the millisecond.
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
    // The version and variant bits of one UUID are covered by the other's random ones.
    Uuid::new_v4().as_u128() ^ Uuid::new_v4().as_u128().rotate_left(64)
}

/// A random number in [0, 1), for jitter.
#[must_use]
pub fn fraction() -> f64 {
    // 53 bits are what a double holds.
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}
