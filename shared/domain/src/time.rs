//! Times as clients write them. Pure.

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// Seconds of a day.
const DAY: i64 = 24 * 3_600;

/// What a fraction of a second is cut to.
const NANOSECOND_DIGITS: usize = 9;

/// Reads a `date-time` of RFC 3339, 5.6, and nothing else: jiff itself also takes what ISO 8601 and RFC 9557 allow, such as
/// `24:00`, `+25:00`, hours without minutes and `[Europe/Berlin]`.
///
/// The result is never before the time that was written. A leap second is the second after it, and only the last one of a day
/// in UTC is one; digits beyond the nanosecond count as a whole one. A time that [`Timestamp`] cannot hold is the last or the
/// first one that it can.
#[must_use]
pub fn date_time(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let [y0, y1, y2, y3, b'-', o0, o1, b'-', d0, d1, b'T' | b't', h0, h1, b':', m0, m1, b':', s0, s1, rest @ ..] =
        bytes
    else {
        return None;
    };
    let (year, month, day) = (number(&[*y0, *y1, *y2, *y3])?, number(&[*o0, *o1])?, number(&[*d0, *d1])?);
    let (hour, minute, second) = (number(&[*h0, *h1])?, number(&[*m0, *m1])?, number(&[*s0, *s1])?);
    let (fraction, rest) = fraction(rest)?;
    let offset = offset(rest)?;
    let small = |number: i32| i8::try_from(number).ok();
    let leap = second == 60;
    let date = Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let civil = date.at(small(hour)?, small(minute)?, small(second.min(59))?, 0);
    let Ok(whole) = offset.to_timestamp(civil) else {
        return Some(if year > 0 { Timestamp::MAX } else { Timestamp::MIN });
    };
    if leap && whole.as_second().rem_euclid(DAY) != DAY - 1 {
        return None;
    }
    let further = if leap { SignedDuration::from_secs(1) } else { fraction };
    Some(whole.checked_add(further).unwrap_or(Timestamp::MAX))
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0')))
}

/// A fraction of a second, rounded up to the nanosecond, and what stands behind it.
fn fraction(text: &[u8]) -> Option<(SignedDuration, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((SignedDuration::ZERO, text)) };
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return None;
    }
    let (counted, beyond) = digits.split_at(digits.len().min(NANOSECOND_DIGITS));
    let padded = counted.iter().copied().chain(std::iter::repeat(b'0')).take(NANOSECOND_DIGITS);
    let nanoseconds = padded.fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let up = i64::from(beyond.iter().any(|digit| *digit != b'0'));
    Some((SignedDuration::from_nanos(nanoseconds + up), rest))
}

fn offset(text: &[u8]) -> Option<Offset> {
    let (sign, h0, h1, m0, m1) = match text {
        b"Z" | b"z" => return Some(Offset::UTC),
        [b'+', h0, h1, b':', m0, m1] => (1, h0, h1, m0, m1),
        [b'-', h0, h1, b':', m0, m1] => (-1, h0, h1, m0, m1),
        _ => return None,
    };
    let (hours, minutes) = (number(&[*h0, *h1])?, number(&[*m0, *m1])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        date_time(text).map(|time| time.to_string())
    }

    #[test]
    fn what_rfc_3339_has_is_taken() {
        for (text, expected) in [
            ("2026-12-31T12:00:00Z", "2026-12-31T12:00:00Z"),
            ("2026-12-31t12:00:00z", "2026-12-31T12:00:00Z"),
            ("2026-12-31T12:00:00+01:00", "2026-12-31T11:00:00Z"),
            ("2026-12-31T12:00:00-23:59", "2027-01-01T11:59:00Z"),
            ("2026-12-31T12:00:00-00:00", "2026-12-31T12:00:00Z"),
            ("2028-02-29T00:00:00.5Z", "2028-02-29T00:00:00.5Z"),
            ("2026-11-21T06:00:00.123456789+00:00", "2026-11-21T06:00:00.123456789Z"),
            ("2026-11-21T06:00:00.0000000001Z", "2026-11-21T06:00:00.000000001Z"),
            ("2026-11-21T06:00:00.9999999999Z", "2026-11-21T06:00:01Z"),
            ("2026-11-21T06:00:00.00000000000Z", "2026-11-21T06:00:00Z"),
            ("1990-12-31T23:59:60Z", "1991-01-01T00:00:00Z"),
            ("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00Z"),
            ("1990-12-31T23:59:60.7Z", "1991-01-01T00:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(date_time("9999-12-31T23:59:59Z"), Some(Timestamp::MAX));
    }

    #[test]
    fn what_only_others_take_is_not() {
        for text in [
            "2026-12-31T12:00:00+25:00",
            "2026-12-31T12:00:00+24:00",
            "2026-12-31T12:00:00+01:60",
            "2026-12-31T12:00:00+0130",
            "2026-12-31T12:00:00+01",
            "2026-12-31T12:00:00 01:00",
            "2026-12-31T12:00:00+01:00:00",
            "2026-12-31T12:00:00+01:00[Europe/Berlin]",
            "2026-12-31T12:00:00Z[UTC]",
            "2026-12-31T12:00:00\u{2212}01:00",
            "2026-12-31T12:00:00",
            "2026-12-31T24:00:00Z",
            "2026-12-31T23:60:00Z",
            "2026-12-31T23:59:61Z",
            "2026-12-31T12:00:60Z",
            "2026-12-31T23:59:60+01:00",
            "2026-12-31T12:00Z",
            "2026-12-31T12Z",
            "2026-12-31 12:00:00Z",
            "2026-12-31_12:00:00Z",
            "20261231T120000Z",
            "2026-12-31T12:00:00,5Z",
            "2026-12-31T12:00:00.Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-01T12:00:00Z",
            "+2026-12-31T12:00:00Z",
            "-002026-12-31T12:00:00Z",
            "+002026-12-31T12:00:00Z",
            "26-12-31T12:00:00Z",
            "2026-1-1T1:0:0Z",
            "2026-W01-1T12:00:00Z",
            " 2026-12-31T12:00:00Z",
            "2026-12-31T12:00:00Z ",
            "2026-12-31T12:00:00Zulu",
            "２０26-12-31T12:00:00Z",
            "2026-12-31",
            "1798718400",
            "tomorrow",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_the_time_that_jiff_reads(second in -60_000_000_000_i64..250_000_000_000, offset in -1439_i32..1440) {
            let time = Timestamp::from_second(second).unwrap();
            let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
            let local = Offset::from_seconds(offset * 60).unwrap().to_datetime(time);
            let text = format!("{}{sign}{:02}:{:02}", local.strftime("%Y-%m-%dT%H:%M:%S"), minutes / 60, minutes % 60);
            prop_assert_eq!(date_time(&text), Some(time), "{}", text);
        }

        #[test]
        fn no_text_is_read_as_a_time_that_jiff_reads_differently(text in "[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9](:[0-5][0-9])?([.,][0-9]{1,9})?(Z|z|[+-][0-2][0-9](:?[0-6][0-9])?)?(\\[UTC\\])?") {
            if let Some(read) = date_time(&text).filter(|read| *read < Timestamp::MAX) {
                prop_assert_eq!(text.parse::<Timestamp>().ok(), Some(read));
            }
        }
    }
}
