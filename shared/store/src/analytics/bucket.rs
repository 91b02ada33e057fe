//! The lengths of time that are counted.

use jiff::Timestamp;

/// Seconds of a day.
pub const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// Days that the counters of a minute are kept after it.
pub const MINUTE_DAYS: i64 = 7;

/// Days that the counters of an hour, and the products of a day, are kept after it.
pub const KEPT_DAYS: i64 = 400;

/// A length of time that begins at a multiple of itself, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Bucket {
    /// Every length.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// The name on the wire and in keys.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// The length with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.name() == name)
    }

    /// Its seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => SECONDS_PER_DAY,
        }
    }

    /// Start of the bucket that holds a time.
    #[must_use]
    pub fn start(self, time: Timestamp) -> Timestamp {
        // Whole seconds downwards, also before 1970. Only the first bucket of all time starts outside of what a timestamp holds.
        let second = time.as_nanosecond().div_euclid(1_000_000_000) as i64;
        Timestamp::from_second(second - second.rem_euclid(self.seconds())).unwrap_or(Timestamp::MIN)
    }

    /// When the counters of the bucket with this start expire, in Unix seconds; `None` if they are kept for good.
    #[must_use]
    pub fn expires_at(self, start: Timestamp) -> Option<i64> {
        let days = match self {
            Self::Minute => MINUTE_DAYS,
            Self::Hour => KEPT_DAYS,
            Self::Day => return None,
        };
        Some(start.as_second() + self.seconds() + days * SECONDS_PER_DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_the_bucket_that_starts_at_or_before_it() {
        for (time, minute, hour, day) in [
            ("2026-11-28T05:12:59.999Z", "2026-11-28T05:12:00Z", "2026-11-28T05:00:00Z", "2026-11-28T00:00:00Z"),
            ("2026-11-28T00:00:00Z", "2026-11-28T00:00:00Z", "2026-11-28T00:00:00Z", "2026-11-28T00:00:00Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:00Z", "1969-12-31T23:00:00Z", "1969-12-31T00:00:00Z"),
            ("0001-01-01T00:00:00.001Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            let starts = Bucket::ALL.map(|bucket| bucket.start(time.parse().unwrap()).to_string());
            assert_eq!(starts, [minute, hour, day], "{time}");
        }
        for bucket in Bucket::ALL {
            for time in [Timestamp::MIN, Timestamp::MAX] {
                assert!(bucket.start(time) <= time);
            }
        }
    }
}
