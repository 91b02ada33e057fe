//! The requested time range, and how a page goes through it day by day. Pure.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use millrace_api::Problem;
use millrace_api::filter::{read_time, read_type};
use millrace_domain::event::EventType;
use millrace_store::event_log::{day, time_prefix};
use serde::{Deserialize, Serialize};

/// Longest range, in days.
pub const MAX_DAYS: i32 = 400;

/// Most days that one page searches before it returns its results with a cursor: 16 queries per day.
pub const DAYS_PER_PAGE: usize = 8;

/// Length of the range in hours, when `from` is absent.
const DEFAULT_HOURS: i64 = 24;

/// A requested range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    pub kind: Option<EventType>,
    /// First sort key, inclusive.
    pub first: String,
    /// Last sort key, exclusive.
    pub end: String,
    pub days: (Date, Date),
}

/// Where the next page starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    day: Date,
    /// The last sort key returned; `None` to read the day from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// End of the range, so that the pages of a range without `to` do not move with the clock.
    to: Timestamp,
    from: Timestamp,
}

/// A range, and the position at which a page starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    pub range: Range,
    pub day: Date,
    pub after: Option<String>,
    from: Timestamp,
    to: Timestamp,
}

impl Walk {
    /// Reads the parameters `type`, `from` (inclusive) and `to` (exclusive), or continues at a cursor.
    pub fn read(
        kind: Option<&str>,
        from: Option<&str>,
        to: Option<&str>,
        cursor: Option<Cursor>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let kind = kind.map(read_type).transpose()?;
        let (from, to, place) = match cursor {
            Some(cursor) => (cursor.from, cursor.to, Some((cursor.day, cursor.after))),
            None => {
                let to = to.map(|text| read_time("to", text)).transpose()?.unwrap_or(now);
                let from = from.map(|text| read_time("from", text)).transpose()?;
                (from.unwrap_or_else(|| to.checked_sub(DEFAULT_HOURS.hours()).unwrap_or(to)), to, None)
            }
        };
        let (first_day, last_day) = (day(from), day(to));
        if from > to {
            return Err(Problem::invalid_field("from", "out_of_range", "a time before `to` was expected"));
        }
        let longest = first_day.checked_add(MAX_DAYS.days()).unwrap_or(Date::MAX);
        if last_day > longest {
            return Err(Problem::invalid_field(
                "from",
                "out_of_range",
                format!("at most {MAX_DAYS} days were expected"),
            ));
        }
        let range = Range { kind, first: time_prefix(from), end: time_prefix(to), days: (first_day, last_day) };
        let (day, after) = place.unwrap_or((first_day, None));
        Ok(Self { range, day: day.clamp(first_day, last_day), after, from, to })
    }

    /// The cursor after the last sort key returned for the day.
    pub fn behind(&self, day: Date, last: String) -> Cursor {
        Cursor { day, after: Some(last), to: self.to, from: self.from }
    }

    /// The cursor at the start of a day.
    pub fn at(&self, day: Date) -> Cursor {
        Cursor { day, after: None, to: self.to, from: self.from }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(kind: Option<&str>, from: Option<&str>, to: Option<&str>) -> Result<Walk, Problem> {
        Walk::read(kind, from, to, None, "2026-11-21T06:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_range_without_times_is_the_last_day() {
        let walk = walk(None, None, None).unwrap();
        assert_eq!(
            (walk.from.to_string(), walk.to.to_string()),
            ("2026-11-20T06:00:00Z".into(), "2026-11-21T06:00:00Z".into())
        );
    }

    #[test]
    fn a_cursor_keeps_the_range_of_the_first_page() {
        let first = walk(None, None, None).unwrap();
        let cursor = first.behind(first.day, "k".to_owned());
        let next = Walk::read(None, None, None, Some(cursor), "2027-01-01T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((next.range, next.after.as_deref()), (first.range, Some("k")));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        assert!(walk(Some("Unheard"), None, None).is_err());
        for text in ["yesterday", "2026-11-21T05:00:00+25:00", "2026-11-21T05:00Z", "2026-11-21T05:00:00Z[UTC]"] {
            assert!(walk(None, Some(text), None).is_err() && walk(None, None, Some(text)).is_err(), "{text}");
        }
        assert!(walk(None, Some("2026-11-22T00:00:00Z"), Some("2026-11-21T00:00:00Z")).is_err());
        assert!(walk(None, Some("2020-01-01T00:00:00Z"), None).is_err());
    }
}
