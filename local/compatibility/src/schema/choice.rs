//! Choices: `anyOf`, and `oneOf` where no instance can be of two alternatives, which is the same.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::form::{never, type_of, types_of};
use super::keywords::MAY_GROW;
use super::merge;

/// Keywords that say nothing of null, so that null may stand beside them.
const SILENT_ON_NULL: [&str; 13] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
    "format",
];

/// The alternatives of a form, each with what stands beside the choice; the form itself if it has none.
pub fn alternatives(form: &Value) -> Vec<Value> {
    let Value::Object(form) = form else { return Vec::new() };
    let mut beside = form.clone();
    let Some(Value::Array(alternatives)) = beside.remove("anyOf") else { return vec![Value::Object(beside)] };
    let each = alternatives.into_iter().map(|it| match it {
        Value::Object(it) => Value::Object(simplify(merge::both(beside.clone(), it))),
        it => it,
    });
    each.collect()
}

/// A form with its choices made as small as can be: values are one `enum`, null is a type, one alternative is none.
pub fn simplify(mut form: Map<String, Value>) -> Map<String, Value> {
    if let Some(Value::Array(alternatives)) = form.get("oneOf")
        && !form.contains_key("anyOf")
        && all_differ(alternatives)
        && let Some(alternatives) = form.remove("oneOf")
    {
        form.insert("anyOf".to_owned(), alternatives);
    }
    if let Some(Value::Array(alternatives)) = form.remove("anyOf") {
        form = with(form, alternatives);
    }
    if form.contains_key("enum")
        && let Some(types) = form.remove("type")
        && let Some(Value::Array(values)) = form.get_mut("enum")
    {
        values.retain(|value| types.as_array().is_some_and(|types| types.iter().any(|it| it == type_of(value))));
    }
    form
}

fn with(form: Map<String, Value>, alternatives: Vec<Value>) -> Map<String, Value> {
    let mut flat = Vec::new();
    for alternative in alternatives {
        match alternative.as_object() {
            Some(object) if object.len() == 1 && object.contains_key("anyOf") => {
                flat.extend(object["anyOf"].as_array().cloned().unwrap_or_default());
            }
            _ if alternative == never() => {}
            _ => flat.push(alternative),
        }
    }
    if flat.contains(&json!({})) {
        return form;
    }
    if let Some(one) = as_one(&flat) {
        return merge::both(form, one);
    }
    let mut form = form;
    form.insert("anyOf".to_owned(), Value::Array(flat));
    form
}

/// The alternatives as one form.
fn as_one(alternatives: &[Value]) -> Option<Map<String, Value>> {
    let objects: Vec<&Map<String, Value>> = alternatives.iter().filter_map(Value::as_object).collect();
    if let [one] = objects[..] {
        return Some(one.clone());
    }
    if objects.iter().all(|it| it.contains_key("enum") && it.keys().all(|name| name == "enum" || name == MAY_GROW)) {
        return Some(values(&objects));
    }
    let is_null = |form: &Map<String, Value>| form.len() == 1 && form.get("type") == Some(&json!(["null"]));
    let [first, second] = objects[..] else { return None };
    let other = if is_null(second) { first } else { second };
    if !(is_null(first) || is_null(second)) || !other.keys().all(|name| SILENT_ON_NULL.contains(&name.as_str())) {
        return None;
    }
    let mut types: BTreeSet<&str> = other.get("type")?.as_array()?.iter().filter_map(Value::as_str).collect();
    types.insert("null");
    let mut other = other.clone();
    other.insert("type".to_owned(), json!(types));
    Some(other)
}

/// All values of forms that have nothing else.
fn values(forms: &[&Map<String, Value>]) -> Map<String, Value> {
    let mut values: Vec<&Value> = Vec::new();
    for value in forms.iter().filter_map(|it| it["enum"].as_array()).flatten() {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let mut form = Map::from_iter([("enum".to_owned(), json!(values))]);
    form.extend(forms.iter().find_map(|it| it.get_key_value(MAY_GROW)).map(|(name, it)| (name.clone(), it.clone())));
    form
}

/// Whether no instance can be of two of these forms.
fn all_differ(forms: &[Value]) -> bool {
    let mut pairs =
        forms.iter().enumerate().flat_map(|(at, one)| forms[at + 1..].iter().map(move |other| (one, other)));
    pairs.all(|(one, other)| differ(one, other))
}

fn differ(one: &Value, other: &Value) -> bool {
    let types = types_of(one).zip(types_of(other)).is_some_and(|(one, other)| one.is_disjoint(&other));
    let values = one["enum"].as_array().zip(other["enum"].as_array());
    let values = values.is_some_and(|(one, other)| one.iter().all(|value| !other.contains(value)));
    let has = |form: &Value, name: &str| {
        types_of(form).is_some_and(|types| types.into_iter().eq(["object"]))
            && form["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name))
    };
    let tags = one["properties"].as_object().into_iter().flatten();
    types
        || values
        || tags
            .filter(|(name, _)| has(one, name) && has(other, name))
            .any(|(name, schema)| other["properties"].get(name).is_some_and(|theirs| differ(schema, theirs)))
}
