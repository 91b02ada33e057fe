//! JSON as text: without its white space, and in one spelling for all texts that mean the same. Pure.
//!
//! Nothing here goes through `f64`, so that numbers keep every digit that their writer sent.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use serde::de::Error as _;
use serde_json::value::RawValue;

/// Deepest nesting, as `serde_json` has it for its own types; raw values are not limited by it.
const MAX_DEPTH: usize = 128;

/// Integers of up to this many digits are written without an exponent.
const MAX_PLAIN_DIGITS: usize = 21;

/// JSON without insignificant white space, and otherwise as it was: key order, numbers and escapes stay. `json` has to be
/// valid.
#[must_use]
pub fn compact(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in json.chars() {
        if quoted {
            quoted = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
        } else if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        } else {
            quoted = c == '"';
        }
        compact.push(c);
    }
    compact
}

/// One text for all JSON texts that mean the same: keys in byte order, the last of equal keys, no white space, the fewest
/// escapes, and one spelling for each number, so that `5`, `5.0` and `50e-1` are equal, and `-0` is `0`. The order of an
/// array has a meaning and stays.
///
/// # Errors
/// The text is not JSON, has half of a surrogate pair, or nests deeper than 128 levels.
pub fn canonical(json: &str) -> Result<String, serde_json::Error> {
    let mut canonical = String::with_capacity(json.len());
    value(serde_json::from_str(json)?, MAX_DEPTH, &mut canonical)?;
    Ok(canonical)
}

/// Appends the canonical form of a value that may nest `depth` levels.
fn value(raw: &RawValue, depth: usize, to: &mut String) -> Result<(), serde_json::Error> {
    let text = raw.get();
    let inner = || depth.checked_sub(1).ok_or_else(|| serde_json::Error::custom("recursion limit exceeded"));
    match text.as_bytes().first() {
        Some(b'{') => {
            let depth = inner()?;
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            separated(to, ['{', '}'], fields, |(name, field), to| {
                to.push_str(&serde_json::to_string(&name)?);
                to.push(':');
                value(field, depth, to)
            })
        }
        Some(b'[') => {
            let depth = inner()?;
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            separated(to, ['[', ']'], items, |item, to| value(item, depth, to))
        }
        Some(b'"') => {
            to.push_str(&serde_json::to_string(&serde_json::from_str::<String>(text)?)?);
            Ok(())
        }
        Some(b'-' | b'0'..=b'9') => {
            to.push_str(&number(text));
            Ok(())
        }
        _ => {
            to.push_str(text);
            Ok(())
        }
    }
}

fn separated<T>(
    to: &mut String,
    [open, close]: [char; 2],
    parts: impl IntoIterator<Item = T>,
    mut part: impl FnMut(T, &mut String) -> Result<(), serde_json::Error>,
) -> Result<(), serde_json::Error> {
    to.push(open);
    for (at, item) in parts.into_iter().enumerate() {
        if at > 0 {
            to.push(',');
        }
        part(item, to)?;
    }
    to.push(close);
    Ok(())
}

/// The integer from 0 on that a JSON number is, in whatever spelling: `5`, `5.0` and `50e-1` are 5. `None` for a number
/// that is no such integer or does not fit, and for what is not a number.
#[must_use]
pub fn integer(number: &str) -> Option<u64> {
    if !number.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        return None;
    }
    let Decimal { negative, digits, exponent } = Decimal::read(number)?;
    if digits.is_empty() {
        return Some(0);
    }
    let zeros = usize::try_from(exponent).ok().filter(|zeros| *zeros <= MAX_PLAIN_DIGITS)?;
    let number = format!("{digits}{}", "0".repeat(zeros)).parse().ok()?;
    (!negative).then_some(number)
}

/// The one spelling of a JSON number: an integer if it is one and not very large, otherwise its digits without zeros at
/// either end, and an exponent. A number whose exponent does not fit in 64 bits stays as it is.
fn number(text: &str) -> Cow<'_, str> {
    let Some(Decimal { negative, mut digits, exponent }) = Decimal::read(text) else { return text.into() };
    if digits.is_empty() {
        return "0".into();
    }
    match usize::try_from(exponent) {
        Ok(zeros) if zeros <= MAX_PLAIN_DIGITS.saturating_sub(digits.len()) => {
            digits.extend(std::iter::repeat_n('0', zeros));
        }
        _ => {
            // Writing to a string does not fail.
            let _ = write!(digits, "e{exponent}");
        }
    }
    if negative {
        digits.insert(0, '-');
    }
    digits.into()
}

/// A JSON number without loss: `digits` times ten to the power of `exponent`. The digits neither begin nor end with a
/// zero; zero has none.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Reads a valid JSON number; `None` for an exponent that does not fit.
    fn read(text: &str) -> Option<Self> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self { negative: false, digits: String::new(), exponent: 0 });
        }
        let digits = digits.trim_end_matches('0');
        let zeros = all.len() - all.trim_end_matches('0').len();
        let exponent: i64 = exponent.parse().ok()?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let exponent = exponent.checked_add(i64::try_from(zeros).ok()?)?;
        Some(Self { negative, digits: digits.to_owned(), exponent })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn texts_that_mean_the_same_have_one_form() {
        let groups: &[&[&str]] = &[
            &[
                r#"{"a":1,"b":[true,null]}"#,
                " {\"b\" :\n[ true,null ],\t\"a\":1.0}\r\n",
                r#"{"a":7,"\u0062":[true,null],"a":1e0}"#,
            ],
            &["5", "5.0", "5e0", "50e-1", "0.5E+1", "5.000", "0.05e2"],
            &["0", "-0", "0.0", "-0e5", "0E-7"],
            &["-1.5", "-15e-1", "-1.50"],
            &["100", "1e2", "1.0E2", "1000e-1"],
            &["9007199254740993", "9007199254740993.0", "9007199254740.993e3"],
            &["123456789012345678901234567890", "1.2345678901234567890123456789e29"],
            &["1e400", "10e399", "0.1e401"],
            &["\"A/é\u{1f600}\"", r#""\u0041\/\u00e9\ud83d\ude00""#, r#""A/\u00E9😀""#],
            &["[]", "[ ]"],
            &["{}", "{\n}"],
        ];
        let forms: Vec<Vec<String>> =
            groups.iter().map(|group| group.iter().map(|text| canonical(text).unwrap()).collect()).collect();
        for (at, forms_of) in forms.iter().enumerate() {
            assert!(forms_of.iter().all(|form| *form == forms_of[0]), "{forms_of:?}");
            assert!(forms.iter().skip(at + 1).all(|other| other[0] != forms_of[0]), "{}", forms_of[0]);
        }
        let near =
            ["9007199254740992", "1e-400", "1e-401", "[1,2]", "[2,1]", "\"5\"", "{\"a\":null}", "0.1", "1e21", "1e22"];
        for text in near.into_iter().chain([
            "0.1000000000000000055511151231257827",
            "1e99999999999999999999",
            "1e99999999999999999998",
        ]) {
            let form = canonical(text).unwrap();
            assert_eq!(canonical(&form).unwrap(), form);
            assert_eq!(
                near.iter().filter(|other| canonical(other).unwrap() == form).count(),
                usize::from(near.contains(&text))
            );
        }
    }

    #[test]
    fn an_integer_is_one_in_every_spelling_and_never_rounded() {
        let cases = [
            ("5", 5),
            ("5.0", 5),
            ("50e-1", 5),
            ("1e1", 10),
            ("1.20E+2", 120),
            ("-0.0", 0),
            ("0e999999", 0),
            ("9007199254740993.0", 9_007_199_254_740_993),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, number) in cases {
            assert_eq!(integer(text), Some(number), "{text}");
        }
        for text in
            ["5.5", "-1", "1e-1", "18446744073709551616", "1e20", "1e99999999999999999999", "\"5\"", "null", "true"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_json_or_too_deep_is_refused() {
        for text in ["", "{", "[1,]", "01", "1.", "nul", "1 2", "{\"a\":1,}", "\"\\ud800\"", "'a'", "NaN", "{1:2}"] {
            assert!(canonical(text).is_err(), "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(canonical(&nested(MAX_DEPTH)).unwrap(), nested(MAX_DEPTH));
        assert!(canonical(&nested(MAX_DEPTH + 1)).is_err() && canonical(&nested(100_000)).is_err());
    }

    #[test]
    fn compact_text_keeps_everything_but_white_space_between_tokens() {
        let text = "{ \"b c\\\" \\\\\" :\t[1.00, -0 ,\r\n \"\\u0041 \"],\"a\":{ } , \"a\": 1E5}";
        assert_eq!(compact(text), "{\"b c\\\" \\\\\":[1.00,-0,\"\\u0041 \"],\"a\":{},\"a\":1E5}");
    }

    /// A JSON value whose numbers are integers, halves and exponents.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has no infinity", |number| number.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// Writes the value in another spelling: keys backwards, white space, escapes, and zeros and exponents of numbers.
    fn respell(value: &Value, zeros: usize, to: &mut String) {
        let escape = |text: &str| {
            let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{units}\"")
        };
        let space = [" ", "\n", "\t ", "\r\n"][zeros % 4];
        to.push_str(space);
        match value {
            Value::Object(fields) => {
                to.push('{');
                for (at, (name, field)) in fields.iter().rev().enumerate() {
                    to.push_str(if at > 0 { " , " } else { space });
                    to.push_str(&escape(name));
                    to.push_str(" :");
                    respell(field, zeros, to);
                }
                to.push('}');
            }
            Value::Array(items) => {
                to.push('[');
                for (at, item) in items.iter().enumerate() {
                    to.push_str(if at > 0 { "," } else { space });
                    respell(item, zeros, to);
                }
                to.push(']');
            }
            Value::String(text) => to.push_str(&escape(text)),
            Value::Number(number) => {
                let text = number.to_string();
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let exponent: i64 = exponent.parse().unwrap();
                let zeros_text = "0".repeat(zeros);
                if mantissa.contains('.') {
                    to.push_str(&format!("{mantissa}{zeros_text}E{exponent:+}"));
                } else {
                    let exponent = exponent - i64::try_from(zeros).unwrap();
                    let padding = if mantissa.trim_start_matches('-') == "0" { "" } else { &zeros_text };
                    to.push_str(&format!("{mantissa}{padding}.0e{exponent}"));
                }
            }
            other => to.push_str(&other.to_string()),
        }
        to.push_str(space);
    }

    proptest! {
        #[test]
        fn key_order_white_space_escapes_and_number_spelling_do_not_matter(value in any_json(), zeros in 0_usize..5) {
            let text = value.to_string();
            let form = canonical(&text).unwrap();
            let mut other = String::new();
            respell(&value, zeros, &mut other);
            prop_assert_eq!(&canonical(&other).unwrap(), &form, "{}", other);
            prop_assert_eq!(&canonical(&form).unwrap(), &form);
            prop_assert_eq!(compact(&form), form);
            prop_assert_eq!(canonical(&compact(&other)).unwrap(), canonical(&text).unwrap());
        }

        #[test]
        fn what_differs_has_another_form(one in any_json(), two in any_json()) {
            // Integers and floats of the same value are the same number.
            let plain = |value: &Value| !value.to_string().contains(['.', 'e']);
            if one != two && plain(&one) && plain(&two) {
                prop_assert_ne!(canonical(&one.to_string()).unwrap(), canonical(&two.to_string()).unwrap());
            }
        }

        #[test]
        fn a_number_is_its_spelling_in_whole_digits(number: i128, zeros in 0_usize..30) {
            let padded = format!("{number}.{}", "0".repeat(zeros + 1));
            let shifted = format!("{number}{}e-{zeros}", if number == 0 { String::new() } else { "0".repeat(zeros) });
            let form = canonical(&number.to_string()).unwrap();
            prop_assert_eq!(&canonical(&padded).unwrap(), &form);
            prop_assert_eq!(&canonical(&shifted).unwrap(), &form);
        }
    }
}
