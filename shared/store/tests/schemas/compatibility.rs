//! Whether a schema may become another one without a new version: what a change means for today's readers of stored events, and
//! for readers that know only the old schema.
//!
//! Schemas are open: a reader passes over properties that it does not know. A new optional property is therefore compatible, as
//! it is with Protobuf and Avro, although an event of the past may have had anything under its name.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// Keywords that allow nothing and forbid nothing.
const ANNOTATIONS: [&str; 8] =
    ["$id", "$schema", "title", "description", "default", "examples", "deprecated", "$comment"];

/// Lower and upper limits.
const LOWER: [&str; 3] = ["minimum", "minLength", "minItems"];
const UPPER: [&str; 3] = ["maximum", "maxLength", "maxItems"];

/// Rules of which only presence and equality are compared.
const OPAQUE: [&str; 2] = ["pattern", "format"];

const STRUCTURE: [&str; 8] =
    ["type", "properties", "required", "items", "additionalProperties", "const", "enum", "oneOf"];

/// A change of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where, as in `data.price.amount`.
    pub path: String,
    pub what: String,
    /// It refuses events that the old schema allowed: those that are stored, and those of producers that know only it.
    pub refuses_old: bool,
    /// It allows events that the old schema refused, and readers that know only that get them.
    pub allows_new: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match (self.refuses_old, self.allows_new) {
            (true, true) => "breaks stored events and older readers",
            (true, false) => "breaks stored events and older producers",
            (false, true) => "breaks older readers",
            (false, false) => "is compatible",
        };
        write!(f, "{}: {}, which {who}", self.path, self.what)
    }
}

/// The changes from one schema to another, those of annotations left out.
pub fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let mut found = Changes(Vec::new());
    found.compare("", old, new);
    found.0
}

struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, path: &str, what: impl Into<String>, refuses_old: bool, allows_new: bool) {
        self.0.push(Change { path: path.to_owned(), what: what.into(), refuses_old, allows_new });
    }

    fn compare(&mut self, path: &str, old: &Value, new: &Value) {
        self.sets(path, "types", types(old).as_ref(), types(new).as_ref());
        self.sets(path, "values", values(old).as_ref(), values(new).as_ref());
        self.properties(path, old, new);
        self.closed(path, old, new);
        self.limits(path, old, new);
        for rule in OPAQUE {
            match (old.get(rule), new.get(rule)) {
                (None, Some(_)) => self.add(path, format!("{rule} is new"), true, false),
                (Some(_), None) => self.add(path, format!("{rule} is gone"), false, true),
                (before, after) if before != after => self.add(path, format!("{rule} is another"), true, true),
                _ => {}
            }
        }
        match (old.get("items"), new.get("items")) {
            (Some(before), Some(after)) => self.compare(&format!("{path}[]"), before, after),
            (None, Some(_)) => self.add(path, "items are limited", true, false),
            (Some(_), None) => self.add(path, "items are not limited any more", false, true),
            (None, None) => {}
        }
        for name in keywords(old).union(&keywords(new)).filter(|name| !known(name)) {
            if old.get(*name) != new.get(*name) {
                self.add(path, format!("{name}, which is not understood here, is another"), true, true);
            }
        }
    }

    /// Types and values. Without a set everything is allowed.
    fn sets(&mut self, path: &str, what: &str, old: Option<&BTreeSet<String>>, new: Option<&BTreeSet<String>>) {
        let less = new.is_some_and(|new| old.is_none_or(|old| !old.is_subset(new)));
        let more = old.is_some_and(|old| new.is_none_or(|new| !new.is_subset(old)));
        if less || more {
            self.add(path, format!("{what} {old:?} become {new:?}"), less, more);
        }
    }

    fn properties(&mut self, path: &str, old: &Value, new: &Value) {
        let (before, after) = (required(old), required(new));
        for name in after.difference(&before) {
            self.add(&below(path, name), "it is required now", true, false);
        }
        for name in before.difference(&after) {
            self.add(&below(path, name), "it is not required any more", false, true);
        }
        let properties = |schema: &Value| schema["properties"].as_object().cloned().unwrap_or_default();
        let (before, after) = (properties(old), properties(new));
        for (name, schema) in &after {
            match before.get(name) {
                Some(earlier) => self.compare(&below(path, name), earlier, schema),
                None => self.add(&below(path, name), "it is new", false, false),
            }
        }
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            self.add(&below(path, name), "it is gone", false, false);
        }
    }

    /// Whether properties that the schema does not name are refused.
    fn closed(&mut self, path: &str, old: &Value, new: &Value) {
        match (old["additionalProperties"] == false, new["additionalProperties"] == false) {
            (false, true) => self.add(path, "properties that it does not name are refused", true, false),
            (true, false) => self.add(path, "properties that it does not name are allowed", false, true),
            _ => {}
        }
    }

    fn limits(&mut self, path: &str, old: &Value, new: &Value) {
        for (names, upper) in [(LOWER, false), (UPPER, true)] {
            for name in names {
                let limit = |schema: &Value| schema.get(name).and_then(Value::as_f64);
                let (narrower, wider) = match (limit(old), limit(new)) {
                    (None, Some(_)) => (true, false),
                    (Some(_), None) => (false, true),
                    (Some(before), Some(after)) if before != after => {
                        ((before > after) == upper, (before < after) == upper)
                    }
                    _ => continue,
                };
                self.add(path, format!("{name} {:?} becomes {:?}", old.get(name), new.get(name)), narrower, wider);
            }
        }
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn keywords(schema: &Value) -> BTreeSet<&str> {
    schema.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

fn known(name: &str) -> bool {
    [&ANNOTATIONS[..], &LOWER, &UPPER, &OPAQUE, &STRUCTURE].concat().contains(&name)
}

fn types(schema: &Value) -> Option<BTreeSet<String>> {
    let listed = match schema.get("type")? {
        Value::Array(types) => types.clone(),
        kind => vec![kind.clone()],
    };
    let mut types: BTreeSet<String> = listed.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect();
    if types.contains("number") {
        types.insert("integer".to_owned());
    }
    Some(types)
}

/// What `const`, `enum`, or a choice of constants allows.
fn values(schema: &Value) -> Option<BTreeSet<String>> {
    let one = schema.get("const").map(|value| vec![value]);
    let several = schema["enum"].as_array().map(|values| values.iter().collect());
    let choice = schema["oneOf"].as_array().map(|choice| choice.iter().map(|it| &it["const"]).collect());
    one.or(several).or(choice).map(|values: Vec<&Value>| values.into_iter().map(Value::to_string).collect())
}

fn required(schema: &Value) -> BTreeSet<String> {
    schema["required"].as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}
