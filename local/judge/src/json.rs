//! When two JSON texts mean the same, defined here independently of the functions.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// One text for all spellings of a JSON value: sorted keys, no white space, and numbers by their digits.
///
/// # Errors
/// The text is not JSON.
pub fn meaning(text: &str) -> Result<String, serde_json::Error> {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text)?;
            let member = |(name, value): (String, Box<RawValue>)| Ok(format!("{name:?}:{}", meaning(value.get())?));
            Ok(format!("{{{}}}", members.into_iter().map(member).collect::<Result<Vec<_>, _>>()?.join(",")))
        }
        Some(b'[') => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(text)?;
            let items = items.iter().map(|item| meaning(item.get())).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("[{}]", items.join(",")))
        }
        Some(b'-' | b'0'..=b'9') => Ok(number(text)),
        Some(b'"') => serde_json::from_str::<String>(text).map(|text| format!("{text:?}")),
        _ => Ok(text.to_owned()),
    }
}

/// A JSON text without the white space between its tokens.
pub fn without_space(text: &str) -> String {
    let (mut inside, mut escaped) = (false, false);
    let keep = |c: &char| {
        let keep = inside || !c.is_ascii_whitespace();
        (inside, escaped) = (inside != (*c == '"' && !escaped), inside && *c == '\\' && !escaped);
        keep
    };
    text.chars().filter(keep).collect()
}

/// The integer from 0 on that a JSON number is, in whatever spelling.
pub fn integer(text: &str) -> Option<u64> {
    let number = number(text);
    let (digits, exponent) = number.split_once('e').unwrap_or((&number, "0"));
    let zeros = exponent.parse::<usize>().ok().filter(|zeros| *zeros < 20)?;
    format!("{digits}{}", "0".repeat(zeros)).parse().ok()
}

/// Sign, digits without zeros at either end, and the power of ten of the last digit.
fn number(text: &str) -> String {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let (whole, fraction) =
        mantissa.trim_start_matches('-').split_once('.').unwrap_or((mantissa.trim_start_matches('-'), ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_matches('0');
    if digits.is_empty() {
        return "0".to_owned();
    }
    let zeros = all.len() - all.trim_end_matches('0').len();
    match exponent.parse::<i64>() {
        Ok(exponent) => format!("{sign}{digits}e{}", exponent - fraction.len() as i64 + zeros as i64),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_has_no_meaning_and_every_digit_has() {
        let same = [
            (r#"{"a":1,"b":[ "A" ]}"#, "{ \"b\":[\"\\u0041\"],\n\"a\":1.0 }"),
            ("1500", "1.50e3"),
            ("-0", "0.0"),
            ("89148000005218400001.0", "89148000005218400001"),
        ];
        for (one, other) in same {
            assert_eq!(meaning(one).unwrap(), meaning(other).unwrap());
        }
        assert_eq!(without_space("{ \"a \\\" b\" :\n1.0 }"), "{\"a \\\" b\":1.0}");
        assert_eq!(
            (integer("5.0"), integer("1e1"), integer("0"), integer("5.5"), integer("-1")),
            (Some(5), Some(10), Some(0), None, None)
        );
        for (one, other) in
            [("89148000005218400001", "89148000005218400002"), ("1", "\"1\""), ("[1,2]", "[2,1]"), ("1", "-1")]
        {
            assert_ne!(meaning(one).unwrap(), meaning(other).unwrap());
        }
    }
}
