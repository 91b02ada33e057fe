//! The names of the archive's objects, which its writer and its readers share.
//!
//! `archive/<topic>/dt=YYYY-MM-DD/hour=HH/<partition>-<first>-<last>-<digest>.ndjson.gz`. Offsets have 19 digits, so that text
//! order, in which S3 lists, is the order of offsets: the object of a record is found by a bounded list.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Prefix of all objects.
pub const PREFIX: &str = "archive/";

/// The end of each name.
pub const SUFFIX: &str = ".ndjson.gz";

/// Most records of a batch, as `BatchSize` of the archive's mappings has it, and so the most offsets that an object spans as
/// long as no offset is missing in between.
pub const MAX_SPAN: i64 = 10_000;

/// Day and hour of a record, as they appear in names.
#[must_use]
pub fn hour(timestamp: Timestamp) -> String {
    timestamp.to_zoned(TimeZone::UTC).strftime("dt=%Y-%m-%d/hour=%H").to_string()
}

/// How the names of a partition's objects of an hour begin.
#[must_use]
pub fn folder(topic: &str, timestamp: Timestamp, partition: i64) -> String {
    format!("{PREFIX}{topic}/{}/{partition}-", hour(timestamp))
}

/// An offset as it appears in names.
#[must_use]
pub fn offset(offset: i64) -> String {
    format!("{offset:019}")
}

/// A name in front of those of all objects that begin at most `span` offsets before this one.
#[must_use]
pub fn before(folder: &str, at: i64, span: i64) -> String {
    format!("{folder}{}", offset(at.saturating_sub(span).max(0)))
}

/// Whether the object with this name has the record at this offset.
#[must_use]
pub fn holds(folder: &str, name: &str, at: i64) -> bool {
    span(folder, name).is_some_and(|(first, last)| (first..=last).contains(&at))
}

/// Whether the object with this name begins behind this offset; then so do all that follow it in a list.
#[must_use]
pub fn is_behind(folder: &str, name: &str, at: i64) -> bool {
    span(folder, name).is_some_and(|(first, _)| first > at)
}

fn span(folder: &str, name: &str) -> Option<(i64, i64)> {
    let mut offsets = name.strip_prefix(folder)?.splitn(3, '-').map(|offset| offset.parse().ok());
    Some((offsets.next()??, offsets.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_of_a_record_is_among_those_listed_for_it() {
        let at = "2026-11-21T06:59:59.9Z".parse().unwrap();
        let folder = folder("product-events", at, 3);
        assert_eq!(folder, "archive/product-events/dt=2026-11-21/hour=06/3-");
        let name = |first: i64, last: i64| format!("{folder}{}-{}-0a1b{SUFFIX}", offset(first), offset(last));
        for (first, last, record) in [(0, 0, 0), (0, 9_999, 9_999), (9, 11, 10), (99_990, 100_010, 100_000)] {
            let name = name(first, last);
            assert!(holds(&folder, &name, record) && !holds(&folder, &name, last + 1), "{name}");
            assert!(before(&folder, record, MAX_SPAN) < name, "{name}");
            assert!(
                !is_behind(&folder, &name, record) && (first == 0 || is_behind(&folder, &name, first - 1)),
                "{name}"
            );
        }
        assert!(name(9, 9) < name(10, 10) && name(99_999, 99_999) < name(100_000, 100_000));
        assert!(!holds(&folder, "archive/product-events/dt=2026-11-21/hour=06/30-1-2-x.ndjson.gz", 1));
    }
}
