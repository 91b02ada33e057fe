//! Reads a JSON body field by field and collects **every** mistake, where serde would stop at the first.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::json;

/// An invalid field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer into the body, or the name of a parameter.
    pub field: String,
    /// Stable code.
    pub code: &'static str,
    /// What was expected.
    pub detail: String,
}

/// An invalid body, with all its mistakes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} fields are not valid", .0.len())]
pub struct Invalid(pub Vec<FieldError>);

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// Records a mistake.
    pub fn add(&mut self, field: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), code, detail: detail.into() });
    }

    /// The value, if there were no mistakes.
    ///
    /// # Errors
    /// All mistakes.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Invalid> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Invalid(self.0)),
        }
    }
}

/// Parses a body into JSON. Every number that is an integer, however it is written (`5`, `5.0`, `50e-1`), is one in the
/// result if it fits in 64 bits; none is rounded to one.
///
/// # Errors
/// `invalid_json` for a body that is not JSON, or nests deeper than `serde_json` allows (128 levels).
pub fn json(body: &[u8]) -> Result<Value, Invalid> {
    read(body).map_err(|error| {
        Invalid(vec![FieldError { field: String::new(), code: "invalid_json", detail: error.to_string() }])
    })
}

/// `serde_json` makes a float of every number with a fraction or an exponent, and rounds. The canonical form writes integers
/// without either.
fn read(body: &[u8]) -> Result<Value, serde_json::Error> {
    let value = serde_json::from_slice(body)?;
    match std::str::from_utf8(body) {
        Ok(text) if has_float(&value) => serde_json::from_str(&json::canonical(text)?),
        _ => Ok(value),
    }
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(fields) => fields.values().any(has_float),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// The fields of one JSON object.
#[derive(Debug)]
pub struct Fields<'a> {
    path: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object at `path`. A value that is not an object, and fields that are not `known`, are recorded as mistakes.
    pub fn of(value: &'a Value, path: &str, known: &[&str], errors: &mut Errors) -> Option<Self> {
        let Some(object) = value.as_object() else {
            errors.add(path, "not_an_object", "an object was expected");
            return None;
        };
        for name in object.keys().filter(|name| !known.contains(&name.as_str())) {
            let detail = format!("known fields are {}", known.join(", "));
            errors.add(format!("{path}/{}", escape(name)), "unknown_field", detail);
        }
        Some(Self { path: path.to_owned(), object })
    }

    /// JSON pointer of a field.
    #[must_use]
    pub fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// The value of an optional field; null counts as a value.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    /// The value of a field that must be present and not null.
    pub fn required(&self, name: &str, errors: &mut Errors) -> Option<&'a Value> {
        match self.object.get(name) {
            Some(Value::Null) => {
                errors.add(self.at(name), "required", "a value other than null was expected");
                None
            }
            Some(value) => Some(value),
            None => {
                errors.add(self.at(name), "required", "the field is missing");
                None
            }
        }
    }
}

/// A text of `length` characters without control characters other than tab and line ends.
pub fn text(value: &Value, at: &str, length: RangeInclusive<usize>, errors: &mut Errors) -> Option<String> {
    let Some(text) = value.as_str() else {
        errors.add(at, "not_a_string", "a string was expected");
        return None;
    };
    let characters = text.chars().count();
    if !length.contains(&characters) {
        let code = if characters < *length.start() { "too_short" } else { "too_long" };
        errors.add(at, code, format!("{} to {} characters were expected", length.start(), length.end()));
        return None;
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        errors.add(at, "control_character", "text without control characters was expected");
        return None;
    }
    if *length.start() > 0 && text.trim().is_empty() {
        errors.add(at, "blank", "something other than white space was expected");
        return None;
    }
    Some(text.to_owned())
}

/// An integer in `range`, as JSON Schema means it: `5.0` is one, `5.5` and `"5"` are not. In a value that [`json`] has read, a
/// float is not an integer, or is one beyond 64 bits.
pub fn integer(value: &Value, at: &str, range: RangeInclusive<u64>, errors: &mut Errors) -> Option<u64> {
    let beyond = value.as_f64().is_some_and(|number| number.abs() >= TWO_TO_THE_64);
    if !value.is_i64() && !value.is_u64() && !beyond {
        errors.add(at, "not_an_integer", "an integer was expected");
        return None;
    }
    let number = value.as_u64().filter(|number| range.contains(number));
    if number.is_none() {
        errors.add(at, "out_of_range", format!("{} to {} was expected", range.start(), range.end()));
    }
    number
}

/// From here on all floats are whole.
const TWO_TO_THE_64: f64 = 18_446_744_073_709_551_616.0;

/// A list of at most `most` values.
pub fn list<'a>(value: &'a Value, at: &str, most: usize, errors: &mut Errors) -> Option<&'a [Value]> {
    let Some(list) = value.as_array() else {
        errors.add(at, "not_an_array", "an array was expected");
        return None;
    };
    if list.len() > most {
        errors.add(at, "too_many", format!("at most {most} items were expected"));
        return None;
    }
    Some(list)
}

/// A text that parses as a type, such as an id.
pub fn parsed<T>(value: &Value, at: &str, code: &'static str, errors: &mut Errors) -> Option<T>
where
    T: TryFrom<String>,
    T::Error: std::fmt::Display,
{
    let Some(text) = value.as_str() else {
        errors.add(at, "not_a_string", "a string was expected");
        return None;
    };
    T::try_from(text.to_owned()).map_err(|error| errors.add(at, code, error.to_string())).ok()
}

/// Escapes a name for a JSON pointer (RFC 6901), and limits how much client text a response repeats.
fn escape(name: &str) -> String {
    name.chars().take(64).collect::<String>().replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The integer of `{"n": ...}` from 0 to 2^64 - 1, or the code of the mistake.
    fn integer_of(number: &str) -> Result<u64, &'static str> {
        let value = json(format!("{{\"n\": {number}, \"x\": \"1.5\"}}").as_bytes()).unwrap();
        let mut errors = Errors::default();
        let read = integer(&value["n"], "/n", 0..=u64::MAX, &mut errors);
        errors.finish(read).map_err(|invalid| invalid.0[0].code)
    }

    #[test]
    fn an_integer_is_one_however_it_is_written_and_is_never_rounded() {
        for (text, expected) in [
            ("5", 5),
            ("5.0", 5),
            ("1e1", 10),
            ("1.0E2", 100),
            ("1.5e+1", 15),
            ("120e-1", 12),
            ("-0", 0),
            ("-0.0", 0),
            ("0e99", 0),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("9007199254740.993e3", 9_007_199_254_740_993),
            ("18446744073709551615", u64::MAX),
            ("18446744073709551615.0", u64::MAX),
            ("1.8446744073709551615e19", u64::MAX),
        ] {
            assert_eq!(integer_of(text), Ok(expected), "{text}");
        }
        let fractions = ["5.5", "5e-1", "1e-300", "0.99999999999999999999999", "1.00000000000000000000001"];
        for text in
            fractions.into_iter().chain(["9007199254740992.5", "4503599627370497.5", "-1.5", "\"5\"", "true", "null"])
        {
            assert_eq!(integer_of(text), Err("not_an_integer"), "{text}");
        }
        for text in ["-1", "-1.0", "-1e1", "18446744073709551616", "18446744073709551616.0", "1e20", "1e300", "-1e300"]
        {
            assert_eq!(integer_of(text), Err("out_of_range"), "{text}");
        }
    }

    #[test]
    fn a_body_keeps_its_floats_and_its_last_duplicate() {
        let value = json(b"{\"a\": 1.5, \"b\": [1.0, {\"c\": 2e0}], \"a\": 2.5}").unwrap();
        assert_eq!(value, serde_json::json!({"a": 2.5, "b": [1, {"c": 2}]}));
        assert!(json(b"{\"a\": 1.0, \"b\": }").is_err() && json(b"\xff").is_err());
    }
}
