//! The requested time range. Pure.

use jiff::{SignedDuration, Timestamp};
use millrace_api::Problem;
use millrace_api::filter::read_time;
use millrace_store::analytics::{Bucket, SECONDS_PER_DAY};

/// Most buckets of one answer: half a day of minutes, a month of hours, two years of days.
pub const MAX_BUCKETS: i64 = 750;

/// Most days that products are summed over.
pub const MAX_PRODUCT_DAYS: i64 = 31;

/// Buckets of one length, from the first to before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Length of the buckets.
    pub bucket: Bucket,
    /// Start of the first one.
    pub first: Timestamp,
    /// What the others start before.
    pub end: Timestamp,
}

impl Range {
    /// Reads `bucket`, `from` and `to` of a request for counts.
    pub fn of_counts(
        bucket: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let bucket = bucket.map_or(Ok(Bucket::Hour), |name| {
            let expected = || Problem::invalid_field("bucket", "unknown_bucket", "minute, hour or day was expected");
            Bucket::from_name(name).ok_or_else(expected)
        })?;
        let buckets_by_default = match bucket {
            Bucket::Minute => 60,
            Bucket::Hour => 24,
            Bucket::Day => 30,
        };
        Self::read(bucket, from, to, now, buckets_by_default, MAX_BUCKETS)
    }

    /// Reads `from` and `to` of a request for products: today without them.
    pub fn of_products(from: Option<&str>, to: Option<&str>, now: Timestamp) -> Result<Self, Problem> {
        Self::read(Bucket::Day, from, to, now, 1, MAX_PRODUCT_DAYS)
    }

    fn read(
        bucket: Bucket,
        from: Option<&str>,
        to: Option<&str>,
        now: Timestamp,
        by_default: i64,
        most: i64,
    ) -> Result<Self, Problem> {
        let end = to.map_or(Ok(now), |text| read_time("to", text))?;
        let from = match from {
            Some(text) => read_time("from", text)?,
            // The bucket of the last moment, and those before it.
            None => {
                let last = bucket.start(end.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(end));
                let back = SignedDuration::from_secs((by_default - 1) * bucket.seconds());
                last.checked_sub(back).unwrap_or(Timestamp::MIN)
            }
        };
        let refused = |detail: String| Err(Problem::invalid_field("from", "out_of_range", detail));
        if from > end {
            return refused("a time before `to` was expected".to_owned());
        }
        let first = bucket.start(from);
        if end.duration_since(first) > SignedDuration::from_secs(most * bucket.seconds()) {
            return refused(format!("at most {most} times a {} before `to` was expected", bucket.name()));
        }
        match bucket.expires_at(first) {
            Some(at) if at <= now.as_second() && first < end => {
                let days = (at - first.as_second() - bucket.seconds()) / SECONDS_PER_DAY;
                refused(format!("the counters of a {} are kept for {days} days", bucket.name()))
            }
            _ => Ok(Self { bucket, first, end }),
        }
    }

    /// The starts of its buckets.
    pub fn starts(self) -> impl Iterator<Item = Timestamp> {
        let step = SignedDuration::from_secs(self.bucket.seconds());
        let next = move |start: &Timestamp| start.checked_add(step).ok();
        std::iter::successors(Some(self.first), next).take_while(move |start| *start < self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-28T05:12:30Z".parse().unwrap()
    }

    fn counts(bucket: &str, from: Option<&str>, to: Option<&str>) -> Result<(String, String, usize), Problem> {
        let range = Range::of_counts(Some(bucket), from, to, now())?;
        Ok((range.first.to_string(), range.end.to_string(), range.starts().count()))
    }

    #[test]
    fn without_times_the_range_ends_with_the_bucket_of_now() {
        let ends = |first: &str, count| (first.to_owned(), now().to_string(), count);
        assert_eq!(counts("minute", None, None).unwrap(), ends("2026-11-28T04:13:00Z", 60));
        assert_eq!(counts("hour", None, None).unwrap(), ends("2026-11-27T06:00:00Z", 24));
        assert_eq!(counts("day", None, None).unwrap(), ends("2026-10-30T00:00:00Z", 30));
        let products = Range::of_products(None, None, now()).unwrap();
        assert_eq!(products.starts().map(|day| day.to_string()).collect::<Vec<_>>(), ["2026-11-28T00:00:00Z"]);
        let (day, next) = (Some("2026-11-27T00:00:00Z"), Some("2026-11-28T00:00:00Z"));
        assert_eq!(Range::of_products(None, next, now()).unwrap(), Range::of_products(day, next, now()).unwrap());
    }

    #[test]
    fn a_range_begins_with_the_whole_bucket_of_its_first_moment_and_ends_before_its_end() {
        let (from, to) = (Some("2026-11-28T03:59:59+01:00"), Some("2026-11-28T05:00:00Z"));
        let expected = ("2026-11-28T02:00:00Z".to_owned(), "2026-11-28T05:00:00Z".to_owned(), 3);
        assert_eq!(counts("hour", from, to).unwrap(), expected);
        let empty = Some("2026-11-28T05:00:00Z");
        assert_eq!(counts("hour", empty, empty).unwrap().2, 0);
    }

    #[test]
    fn what_is_no_range_or_too_long_or_gone_is_refused() {
        for (bucket, from, to) in [
            ("week", None, None),
            ("hour", Some("yesterday"), None),
            ("hour", None, Some("2026-11-28")),
            ("hour", Some("2026-11-28T06:00:00Z"), None),
            ("minute", Some("2026-11-27T16:41:00Z"), Some("2026-11-28T05:12:00Z")),
            ("hour", Some("2026-10-27T23:00:00Z"), Some("2026-11-28T06:00:00Z")),
            ("day", Some("2024-11-07T00:00:00Z"), None),
            ("minute", Some("2026-11-20T05:00:00Z"), Some("2026-11-20T06:00:00Z")),
            ("hour", Some("2025-10-20T05:00:00Z"), Some("2025-10-20T06:00:00Z")),
        ] {
            assert!(counts(bucket, from, to).is_err(), "{bucket} {from:?} {to:?}");
        }
        assert!(counts("minute", Some("2026-11-27T16:42:00Z"), Some("2026-11-28T05:12:00Z")).is_ok());
        assert!(counts("day", Some("0000-01-01T00:00:00Z"), Some("0001-01-01T00:00:00Z")).is_ok());
        assert!(Range::of_products(Some("2026-10-27T00:00:00Z"), None, now()).is_err());
        assert!(Range::of_products(Some("2026-10-29T00:00:00Z"), None, now()).is_ok());
    }
}
