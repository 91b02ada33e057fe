//! The document: its parts by JSON pointer, and a validator for each schema.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value};

use super::seen::Seen;

/// What the document is called where its schemas refer to it.
const URI: &str = "urn:millrace:contract";

/// The contract, and the answers that were seen so far.
pub struct Contract {
    text: String,
    document: Value,
    /// The document as [`closed`] makes it.
    registry: Registry<'static>,
    validators: Mutex<BTreeMap<String, Arc<Validator>>>,
    pub(super) seen: Seen,
}

impl Contract {
    /// The contract apart from that of the process: nobody is told what it sees.
    pub fn read() -> Contract {
        let path = crate::paths::root().join("contracts/openapi.yaml");
        let text = std::fs::read_to_string(path).unwrap();
        let document: Value = serde_norway::from_str(&text).unwrap();
        let registry = Registry::new().draft(Draft::Draft202012).add(URI, closed(&document)).unwrap();
        let registry = registry.prepare().unwrap();
        Contract { text, document, registry, validators: Mutex::default(), seen: Seen::default() }
    }

    /// The file.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The value at a JSON pointer.
    pub fn at(&self, pointer: &str) -> &Value {
        self.document.pointer(pointer).unwrap_or_else(|| panic!("the contract has no {pointer}"))
    }

    /// The pointer to an object's entry, following a value that is nothing but a reference.
    pub fn child(&self, pointer: &str, key: &str) -> Option<String> {
        let pointer = format!("{pointer}/{}", escape(key));
        self.document.pointer(&pointer)?;
        Some(self.follow(pointer))
    }

    /// Where a value is that is nothing but a reference; any other is where it is.
    pub fn follow(&self, mut pointer: String) -> String {
        while let Some(Value::Object(object)) = self.document.pointer(&pointer)
            && let (1, Some(Value::String(reference))) = (object.len(), object.get("$ref"))
        {
            reference.trim_start_matches('#').clone_into(&mut pointer);
        }
        pointer
    }

    /// Names of the entries of an object or a list, and pointers to them.
    pub fn children(&self, pointer: &str) -> Vec<(String, String)> {
        let keys: Vec<String> = match self.document.pointer(pointer) {
            Some(Value::Object(object)) => object.keys().cloned().collect(),
            Some(Value::Array(list)) => (0..list.len()).map(|at| at.to_string()).collect(),
            _ => Vec::new(),
        };
        keys.into_iter().filter_map(|key| Some((self.child(pointer, &key)?, key))).map(|(at, key)| (key, at)).collect()
    }

    /// The path that a request is for, as the contract has it, and a pointer to it. A segment that is fixed is more specific
    /// than a parameter.
    pub fn path(&self, path: &str) -> Option<(String, String)> {
        let fits = |template: &str| {
            let mut parts = template.split('/').zip(path.split('/'));
            template.split('/').count() == path.split('/').count()
                && parts.all(|(name, part)| name == part || (name.starts_with('{') && !part.is_empty()))
        };
        let found = self.children("/paths").into_iter().filter(|(template, _)| fits(template));
        found.min_by_key(|(template, _)| template.matches('{').count())
    }

    /// Methods and pointers to the operations of a path.
    pub fn operations(&self, path: &str) -> Vec<(String, String)> {
        let mut entries = self.children(path);
        entries.retain(|(name, _)| name != "parameters");
        entries.into_iter().map(|(method, at)| (method.to_uppercase(), at)).collect()
    }

    /// The validator of the schema at a pointer, with format checks. It refuses properties that the contract does not name:
    /// clients pass over such properties, but the contract has to mention what the API sends.
    pub fn schema(&self, pointer: &str) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let built = validators.entry(pointer.to_owned()).or_insert_with(|| {
            let reference = format!("{URI}#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
            let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
            let schema = serde_json::json!({"$ref": reference});
            let validator = options.with_registry(&self.registry).build(&schema);
            Arc::new(validator.unwrap_or_else(|error| panic!("{pointer}: {error}")))
        });
        built.clone()
    }

    /// What is wrong with a value by the schema at a pointer.
    ///
    /// # Errors
    /// Something is.
    pub fn validate(&self, pointer: &str, value: &Value) -> Result<(), String> {
        let schema = self.schema(pointer);
        let errors: Vec<String> =
            schema.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        if errors.is_empty() { Ok(()) } else { Err(format!("{pointer} refuses {value}: {errors:?}")) }
    }

    /// The text of a header or a parameter as a value of its schema's type.
    pub(super) fn typed(&self, schema: &str, text: &str) -> Value {
        let schema = self.follow(schema.to_owned());
        match (self.at(&schema)["type"].as_str(), text) {
            (Some("integer"), text) => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
            (Some("boolean"), "true" | "false") => Value::from(text == "true"),
            _ => Value::from(text),
        }
    }
}

/// The document with schemas that refuse properties which they do not name. A schema that others extend by properties beside
/// their reference to it is closed where it is referred to, because only there all properties are known.
fn closed(document: &Value) -> Value {
    let mut extended = BTreeSet::new();
    let mut found = Vec::new();
    objects(String::new(), document, &mut found);
    for (_, object) in found.iter().filter(|(_, object)| object.contains_key("properties")) {
        extended.extend(referred(object).map(str::to_owned));
    }
    let mut closed = document.clone();
    close_references(&mut closed, &extended);
    if let Some(schemas) = closed.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for (name, schema) in schemas {
            match schema.as_object_mut() {
                Some(schema) if extended.contains(name) => drop(schema.remove("unevaluatedProperties")),
                _ => close(schema),
            }
        }
    }
    closed
}

/// The name of the schema that an object refers to.
fn referred(object: &Map<String, Value>) -> Option<&str> {
    object.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

fn close_references(value: &mut Value, extended: &BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if referred(object).is_some_and(|name| extended.contains(name)) {
                object.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
            }
            object.values_mut().for_each(|value| close_references(value, extended));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| close_references(value, extended)),
        _ => {}
    }
}

fn close(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("type").is_some_and(|kind| kind == "object") && object.contains_key("properties") {
                object.entry("additionalProperties").or_insert(Value::Bool(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Every object below a value, with its pointer.
pub fn objects<'a>(pointer: String, value: &'a Value, found: &mut Vec<(String, &'a Map<String, Value>)>) {
    match value {
        Value::Object(object) => {
            found.push((pointer.clone(), object));
            for (key, value) in object {
                objects(format!("{pointer}/{}", escape(key)), value, found);
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                objects(format!("{pointer}/{at}"), value, found);
            }
        }
        _ => {}
    }
}
