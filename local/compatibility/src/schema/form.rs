//! The form in which schemas are compared: references followed, `allOf` made one schema, `const` an `enum`, and `type` a list.
//! The same rule written in two ways has one form where that is cheap to see, and else counts as a change.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::keywords::{MAY_GROW, is_annotation, is_known};
use super::{Schema, below, choice, merge};

/// What follows a reference and makes forms.
pub struct Forms<'a> {
    document: &'a Value,
    growing: &'a [&'a str],
    /// References that are being followed.
    open: Vec<String>,
    /// Paths, and what is not understood there.
    pub not_understood: BTreeSet<(String, String)>,
}

/// What allows nothing.
pub fn never() -> Value {
    json!({"not": {}})
}

impl<'a> Forms<'a> {
    pub fn of(schema: Schema<'a>) -> Forms<'a> {
        let Schema { document, growing, .. } = schema;
        Forms { document, growing, open: Vec::new(), not_understood: BTreeSet::new() }
    }

    pub fn form(&mut self, schema: Schema<'_>) -> Value {
        self.at("", schema.schema)
    }

    fn at(&mut self, path: &str, schema: &Value) -> Value {
        let object = match schema {
            Value::Bool(true) => return json!({}),
            Value::Bool(false) => return never(),
            Value::Object(object) => object,
            _ => {
                self.unknown(path, "what is no schema");
                return json!({});
            }
        };
        let mut own = Map::new();
        for (name, value) in object.iter().filter(|(name, _)| !is_annotation(name)) {
            if !is_known(name) {
                self.unknown(path, name);
            }
            self.keyword(path, name, value, &mut own);
        }
        if self.growing.contains(&path) {
            own.insert(MAY_GROW.to_owned(), json!(true));
        }
        let mut form = choice::simplify(own);
        if let Some(reference) = object.get("$ref") {
            form = merge::both(form, self.followed(path, reference));
        }
        for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            let Value::Object(part) = self.at(path, part) else { continue };
            form = merge::both(form, part);
        }
        Value::Object(choice::simplify(form))
    }

    /// Adds a keyword in its form. Those of other schemas are added by [`Forms::at`].
    fn keyword(&mut self, path: &str, name: &str, value: &Value, own: &mut Map<String, Value>) {
        let form = match name {
            "$ref" | "allOf" => return,
            "const" => {
                let only = Map::from_iter([("enum".to_owned(), json!([value]))]);
                *own = merge::both(std::mem::take(own), only);
                return;
            }
            "enum" => {
                let values = Map::from_iter([("enum".to_owned(), value.clone())]);
                *own = merge::both(std::mem::take(own), values);
                return;
            }
            "type" => types(value),
            "properties" => {
                let entries = value.as_object().into_iter().flatten();
                let forms = entries.map(|(name, schema)| (name.clone(), self.at(&below(path, name), schema)));
                Value::Object(forms.collect())
            }
            "items" => self.at(&format!("{path}[]"), value),
            "additionalProperties" => self.at(&format!("{path}.*"), value),
            "not" | "propertyNames" | "if" | "then" | "else" => self.at(path, value),
            "anyOf" | "oneOf" => {
                value.as_array().into_iter().flatten().map(|schema| self.at(path, schema)).collect::<Vec<_>>().into()
            }
            _ => value.clone(),
        };
        own.insert(name.to_owned(), form);
    }

    /// The form of what a reference leads to. Within that it stays a reference, so that a schema which contains itself has an end.
    fn followed(&mut self, path: &str, reference: &Value) -> Map<String, Value> {
        let text = reference.as_str().unwrap_or_default().to_owned();
        if self.open.contains(&text) {
            return Map::from_iter([("$ref".to_owned(), json!(text))]);
        }
        let document = self.document;
        let target = text.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        let Some(target) = target else {
            self.unknown(path, &format!("the reference {reference}"));
            return Map::new();
        };
        self.open.push(text);
        let form = self.at(path, target);
        self.open.pop();
        match form {
            Value::Object(form) => form,
            _ => Map::new(),
        }
    }

    fn unknown(&mut self, path: &str, what: &str) {
        self.not_understood.insert((path.to_owned(), what.to_owned()));
    }
}

/// Types as a sorted list. Every integer is a number.
fn types(value: &Value) -> Value {
    let listed = match value {
        Value::Array(types) => types.clone(),
        kind => vec![kind.clone()],
    };
    let mut types: BTreeSet<&str> = listed.iter().filter_map(Value::as_str).collect();
    if types.contains("number") {
        types.insert("integer");
    }
    json!(types)
}

/// The types of a form, by its values where it has some; `None` where there may be any.
pub fn types_of(form: &Value) -> Option<BTreeSet<&str>> {
    if let Some(values) = form["enum"].as_array() {
        return Some(values.iter().map(type_of).collect());
    }
    Some(form.get("type")?.as_array()?.iter().filter_map(Value::as_str).collect())
}

/// The narrowest type of a value. JSON Schema takes 5.0 for an integer.
pub fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
