//! Parses request bodies, and reports mistakes. Pure.

use http::StatusCode;
use jiff::{RoundMode, SignedDuration, Timestamp, TimestampRound, Unit};
use millrace_api::Problem;
use millrace_domain::time;
use millrace_domain::timer::{MAX_PAYLOAD_BYTES, Secret};
use millrace_domain::validation::{self, Errors, Fields};
use millrace_domain::webhook::guard::MAX_URL_BYTES;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Most time between a timer's creation and its firing: a year.
const MAX_AHEAD: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A `fireAt` that is no further in the past than this is accepted and fires at once: clocks differ, and requests take
/// time.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);

const FIELDS: [&str; 7] = ["url", "fireAt", "hours", "minutes", "seconds", "payload", "secret"];

/// Parts of a relative time, with the seconds of each.
const PARTS: [(&str, u64); 3] = [("hours", 3_600), ("minutes", 60), ("seconds", 1)];

/// A requested timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerInput {
    pub url: String,
    pub when: When,
    /// JSON, as it was sent.
    pub payload: Option<String>,
    pub secret: Option<Secret>,
}

/// When a timer is to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At a time.
    At(Timestamp),
    /// This many seconds from now, and the name of the field that says so.
    In(u64, &'static str),
}

/// The payload, with its original bytes.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
}

/// Distinguishes a field with the value null from an absent one.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

/// Reads the body of a new timer. The limits of its time depend on the current time, and are checked by [`When::at`].
pub fn timer(body: &[u8]) -> Result<TimerInput, Problem> {
    let value = validation::json(body)?;
    let mut errors = Errors::default();
    let input = Fields::of(&value, "", &FIELDS, &mut errors).and_then(|fields| {
        let url = fields.required("url", &mut errors).and_then(|value| url(value, &mut errors));
        let when = when(&fields, &mut errors);
        let secret = fields.optional("secret");
        let secret = secret.map(|value| validation::parsed(value, "/secret", "invalid_secret", &mut errors));
        Some(TimerInput { url: url?, when: when?, payload: None, secret: secret.flatten() })
    });
    let input = errors.finish(input)?;
    Ok(TimerInput { payload: payload(body)?, ..input })
}

fn url(value: &Value, errors: &mut Errors) -> Option<String> {
    let Some(url) = value.as_str() else {
        errors.add("/url", "not_a_string", "a string was expected");
        return None;
    };
    if url.is_empty() || url.len() > MAX_URL_BYTES {
        let code = if url.is_empty() { "too_short" } else { "too_long" };
        errors.add("/url", code, format!("1 to {MAX_URL_BYTES} bytes were expected"));
        return None;
    }
    Some(url.to_owned())
}

fn when(fields: &Fields, errors: &mut Errors) -> Option<When> {
    let (mut sum, mut first, mut complete) = (0, None, true);
    for (name, seconds) in PARTS {
        let Some(value) = fields.optional(name) else { continue };
        first = first.or(Some(name));
        let most = MAX_AHEAD.as_secs().unsigned_abs() / seconds;
        match validation::integer(value, &fields.at(name), 0..=most, errors) {
            Some(number) => sum += number * seconds,
            None => complete = false,
        }
    }
    match (fields.optional("fireAt"), first) {
        (Some(_), Some(_)) => {
            errors.add("/fireAt", "exclusive", "either fireAt or hours, minutes and seconds were expected");
            None
        }
        (None, None) => {
            errors.add("/fireAt", "required", "fireAt, or at least one of hours, minutes and seconds, was expected");
            None
        }
        (Some(value), None) => at(value, errors).map(When::At),
        (None, Some(name)) => complete.then_some(When::In(sum, name)),
    }
}

/// A time is rounded up to the millisecond, so that no timer fires early.
fn at(value: &Value, errors: &mut Errors) -> Option<Timestamp> {
    let Some(text) = value.as_str() else {
        errors.add("/fireAt", "not_a_string", "a string was expected");
        return None;
    };
    let up = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Ceil);
    let at = time::date_time(text).and_then(|at| at.round(up).ok());
    if at.is_none() {
        errors.add("/fireAt", "invalid_time", "a time by RFC 3339, such as 2026-11-21T06:00:00Z, was expected");
    }
    at
}

fn payload(body: &[u8]) -> Result<Option<String>, Problem> {
    let raw: Raw = serde_json::from_slice(body)
        .map_err(|error| Problem::invalid_field("/payload", "invalid_json", error.to_string()))?;
    let Some(payload) = raw.payload.map(RawValue::get) else { return Ok(None) };
    if payload.len() > MAX_PAYLOAD_BYTES {
        let detail = format!("the payload has {} bytes, more than {MAX_PAYLOAD_BYTES}", payload.len());
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail));
    }
    Ok(Some(payload.to_owned()))
}

impl When {
    /// When it fires, to the millisecond.
    ///
    /// # Errors
    /// 400 for a time that is more than [`TOLERANCE`] ago or more than [`MAX_AHEAD`] away.
    pub fn at(self, now: Timestamp) -> Result<Timestamp, Problem> {
        let out_of_range = |field: &str| {
            let detail = format!(
                "from {} s before now to {} days after it was expected; now is {now}",
                TOLERANCE.as_secs(),
                MAX_AHEAD.as_hours() / 24
            );
            Problem::invalid_field(&format!("/{field}"), "out_of_range", detail)
        };
        let (at, field) = match self {
            Self::At(at) => (at, "fireAt"),
            Self::In(seconds, field) => {
                let ahead = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
                (now.checked_add(ahead).map_err(|_| out_of_range(field))?, field)
            }
        };
        let ahead = at.duration_since(now);
        if (-TOLERANCE..=MAX_AHEAD).contains(&ahead) { Ok(at) } else { Err(out_of_range(field)) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T06:00:00Z".parse().unwrap()
    }

    fn read(body: &Value) -> Result<TimerInput, Problem> {
        timer(body.to_string().as_bytes())
    }

    /// The status, and the reported fields with their codes.
    fn refused(problem: Problem) -> (u16, Vec<String>) {
        let told = serde_json::to_value(&problem).unwrap();
        let errors = told["errors"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let errors = errors.iter().map(|error| format!("{} {}", text(&error["field"]), text(&error["code"])));
        (problem.status().as_u16(), errors.collect())
    }

    #[test]
    fn a_time_from_now_is_the_sum_of_its_parts_and_a_time_is_never_rounded_down() {
        let input = read(&json!({"url": "https://e.com", "hours": 1, "minutes": 2, "seconds": 3})).unwrap();
        assert_eq!(input.when.at(now()).unwrap().to_string(), "2026-11-21T07:02:03Z");
        for (text, expected) in [
            ("2026-11-21T08:00:00.0000001+01:00", "2026-11-21T07:00:00.001Z"),
            ("2026-11-21T08:00:00.0000000000001+01:00", "2026-11-21T07:00:00.001Z"),
            ("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z"),
        ] {
            let input = read(&json!({"url": "https://e.com", "fireAt": text})).unwrap();
            assert_eq!(input.when.at(now()).unwrap().to_string(), expected);
        }
        assert_eq!(read(&json!({"url": "https://e.com", "seconds": 0})).unwrap().when.at(now()).unwrap(), now());
    }

    #[test]
    fn the_payload_keeps_its_bytes() {
        let body = br#"{"url":"https://e.com","seconds":1,"payload":{ "b": 1.0, "a":1e400 }}"#;
        assert!(timer(body).is_err(), "a number that nobody can read");
        let body = br#"{"url":"https://e.com","seconds":1,"payload":{ "b": 1.00, "a":"\u0041" }}"#;
        assert_eq!(timer(body).unwrap().payload.unwrap(), r#"{ "b": 1.00, "a":"\u0041" }"#);
        let null = json!({"url": "https://e.com", "seconds": 1, "payload": null});
        assert_eq!(read(&null).unwrap().payload.unwrap(), "null");
    }

    #[test]
    fn every_mistake_is_told_by_its_field() {
        let long = "x".repeat(MAX_URL_BYTES + 1);
        let cases = [
            (json!({}), &["/url required", "/fireAt required"][..]),
            (json!({"url": 1, "seconds": -1}), &["/url not_a_string", "/seconds out_of_range"]),
            (json!({"url": "", "minutes": 1.5}), &["/url too_short", "/minutes not_an_integer"]),
            (json!({"url": long, "hours": "1"}), &["/url too_long", "/hours not_an_integer"]),
            (json!({"url": "u", "hours": 8_761}), &["/hours out_of_range"]),
            (json!({"url": "u", "fireAt": "tomorrow"}), &["/fireAt invalid_time"]),
            (json!({"url": "u", "fireAt": "2026-12-31T12:00:00+25:00"}), &["/fireAt invalid_time"]),
            (json!({"url": "u", "fireAt": 7}), &["/fireAt not_a_string"]),
            (json!({"url": "u", "fireAt": "2026-11-21T06:00:00Z", "seconds": 1}), &["/fireAt exclusive"]),
            (json!({"url": "u", "seconds": 1, "secret": "s3cret"}), &["/secret invalid_secret"]),
            (json!({"url": "u", "seconds": 1, "when": 1}), &["/when unknown_field"]),
            (json!([]), &[" not_an_object"]),
        ];
        for (body, expected) in cases {
            let expected = expected.iter().map(|error| (*error).to_owned()).collect();
            assert_eq!(refused(read(&body).unwrap_err()), (400, expected), "{body}");
        }
        let large = json!({"url": "u", "seconds": 1, "payload": "x".repeat(MAX_PAYLOAD_BYTES)});
        assert_eq!(refused(read(&large).unwrap_err()), (413, Vec::new()));
    }

    #[test]
    fn a_timer_fires_between_a_moment_ago_and_a_year_from_now() {
        let out = |when: When| when.at(now()).map(drop).map_err(|problem| refused(problem).1.concat());
        let ago = |seconds: i64| When::At(now() - SignedDuration::from_secs(seconds));
        assert_eq!((out(ago(5)), out(ago(6))), (Ok(()), Err("/fireAt out_of_range".to_owned())));
        let year = 365 * 24 * 3_600;
        assert_eq!((out(ago(-year)), out(ago(-year - 1))), (Ok(()), Err("/fireAt out_of_range".to_owned())));
        let sum = When::In(year.unsigned_abs() + 1, "hours");
        assert_eq!((out(When::In(0, "seconds")), out(sum)), (Ok(()), Err("/hours out_of_range".to_owned())));
    }
}
