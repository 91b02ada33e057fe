//! Reads a JSON body field by field and collects **every** mistake, where serde would stop at the first.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::{Map, Value};

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

/// Parses a body into JSON.
///
/// # Errors
/// `invalid_json` for a body that is not JSON, or nests deeper than `serde_json` allows (128 levels).
pub fn json(body: &[u8]) -> Result<Value, Invalid> {
    serde_json::from_slice(body).map_err(|error| {
        Invalid(vec![FieldError { field: String::new(), code: "invalid_json", detail: error.to_string() }])
    })
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

/// A whole number in `range`. `1.0` and `"1"` are not accepted.
pub fn integer(value: &Value, at: &str, range: RangeInclusive<u64>, errors: &mut Errors) -> Option<u64> {
    if !value.is_i64() && !value.is_u64() {
        errors.add(at, "not_an_integer", "an integer was expected");
        return None;
    }
    let number = value.as_u64().filter(|number| range.contains(number));
    if number.is_none() {
        errors.add(at, "out_of_range", format!("{} to {} was expected", range.start(), range.end()));
    }
    number
}

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
