//! One schema of two that both have to hold.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::keywords::{LOWER, MAY_GROW, ROLES, UPPER};

/// The form that allows what both allow. What cannot be said in one stays an entry of `allOf`.
pub fn both(mut first: Map<String, Value>, second: Map<String, Value>) -> Map<String, Value> {
    if hides(&first, &second) || hides(&second, &first) {
        rest(&mut first, second);
        return first;
    }
    for (name, other) in second {
        let Some(own) = first.get_mut(&name) else {
            first.insert(name, other);
            continue;
        };
        if *own == other {
            continue;
        }
        match (name.as_str(), own, other) {
            ("type" | "enum", Value::Array(own), Value::Array(other)) => own.retain(|it| other.contains(it)),
            ("required", Value::Array(own), Value::Array(other)) => {
                own.extend(other.into_iter().filter(|it| !own.contains(it)).collect::<Vec<_>>());
            }
            ("properties", Value::Object(own), Value::Object(other)) => {
                for (name, other) in other {
                    let mine = own.entry(name).or_insert_with(|| json!({}));
                    *mine = both_values(mine.take(), other);
                }
            }
            ("items" | "additionalProperties", own, other) => *own = both_values(own.take(), other),
            ("allOf", Value::Array(own), Value::Array(other)) => own.extend(other),
            (name, own, other) if LOWER.contains(&name) => narrower(own, other, Ordering::Greater),
            (name, own, other) if UPPER.contains(&name) => narrower(own, other, Ordering::Less),
            // What is nearer to the reader counts.
            (name, _, _) if name == "default" || name == MAY_GROW || ROLES.contains(&name) => {}
            (_, _, other) => rest(&mut first, Map::from_iter([(name, other)])),
        }
    }
    first
}

fn both_values(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => Value::Object(both(first, second)),
        (first, _) => first,
    }
}

/// Whether one judges properties that it does not name, and the other names some of them.
fn hides(closed: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let names =
        |form: &Map<String, Value>| form.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let named = names(closed);
    closed.get("additionalProperties").is_some_and(|rest| *rest != json!({}))
        && names(other).keys().any(|name| !named.contains_key(name))
}

fn rest(form: &mut Map<String, Value>, other: Map<String, Value>) {
    let all = form.entry("allOf").or_insert_with(|| json!([]));
    if let Value::Array(all) = all {
        all.push(Value::Object(other));
    }
}

fn narrower(own: &mut Value, other: Value, wanted: Ordering) {
    if order(&other, own) == Some(wanted) {
        *own = other;
    }
}

/// How two numbers compare, to the last digit where they are integers.
pub fn order(one: &Value, other: &Value) -> Option<Ordering> {
    let integer = |value: &Value| value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    match (integer(one), integer(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}
