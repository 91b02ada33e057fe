//! The template's parameters, with the given values, and defaults for the rest.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::{Map, Value};

use crate::document::object;

/// Parameter types that can be distinguished from a plain string without asking AWS.
const TYPES: [&str; 4] = ["String", "Number", "CommaDelimitedList", "List<Number>"];

/// What a declaration may contain.
const ATTRIBUTES: [&str; 11] = [
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// Value of each declared parameter: a string, or a list of strings. `AllowedPattern` is not checked here but by
/// CloudFormation.
pub fn resolve(declared: &Value, given: &BTreeMap<String, String>) -> anyhow::Result<BTreeMap<String, Value>> {
    let declared = object(declared.clone(), "Parameters")?;
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        let known: Vec<&str> = declared.keys().map(String::as_str).collect();
        bail!("the template has no parameter `{unknown}`; it has {}", known.join(", "));
    }
    declared
        .into_iter()
        .map(|(name, declaration)| {
            let declaration = object(declaration, &format!("Parameters.{name}"))?;
            let value = value_of(&name, &declaration, given.get(&name))?;
            Ok((name, value))
        })
        .collect()
}

fn value_of(name: &str, declaration: &Map<String, Value>, given: Option<&String>) -> anyhow::Result<Value> {
    if let Some(unknown) = declaration.keys().find(|key| !ATTRIBUTES.contains(&key.as_str())) {
        bail!("Parameters.{name}: `{unknown}` is not known; known are {}", ATTRIBUTES.join(", "));
    }
    let kind = declaration.get("Type").and_then(Value::as_str).unwrap_or_default();
    if !TYPES.contains(&kind) {
        bail!("Parameters.{name}: the type `{kind}` is not known; known are {}", TYPES.join(", "));
    }
    let Some(text) = given.cloned().or_else(|| declaration.get("Default").and_then(text_of)) else {
        bail!("the parameter {name} has no default, so it must be given");
    };
    if let Some(Value::Array(allowed)) = declaration.get("AllowedValues") {
        let allowed: Vec<String> = allowed.iter().filter_map(text_of).collect();
        if !allowed.contains(&text) {
            bail!("the parameter {name} is `{text}`; allowed are {}", allowed.join(", "));
        }
    }
    if kind == "Number" {
        check_range(name, declaration, &text)?;
    }
    Ok(if kind == "CommaDelimitedList" || kind == "List<Number>" {
        text.split(',').map(|item| Value::from(item.trim())).collect()
    } else {
        Value::String(text)
    })
}

fn check_range(name: &str, declaration: &Map<String, Value>, text: &str) -> anyhow::Result<()> {
    let Ok(number) = text.parse::<f64>() else { bail!("the parameter {name} is `{text}`, which is not a number") };
    let bound = |key: &str| declaration.get(key).and_then(text_of).and_then(|bound| bound.parse::<f64>().ok());
    let (least, most) = (bound("MinValue"), bound("MaxValue"));
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        let show = |bound: Option<f64>| bound.map_or("any".to_owned(), |bound| bound.to_string());
        bail!("the parameter {name} is {text}; allowed are {} to {}", show(least), show(most));
    }
    Ok(())
}

/// Converts a scalar to a string, the only scalar type that CloudFormation passes on.
pub fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}
