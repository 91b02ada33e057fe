//! What `contracts/openapi.yaml` says about a request and its answer.

use std::collections::BTreeSet;
use std::sync::Mutex;

use end_to_end::stack::Answer;
use http::HeaderName;
use jsonschema::Validator;
use serde_json::{Map, Value};

/// Answer headers that belong to HTTP, to API Gateway or to the content.
const TRANSPORT: [&str; 4] = ["apigw-requestid", "content-length", "content-type", "date"];

/// The contract, and the parts of it that were seen.
pub struct Contract {
    pub text: String,
    document: Value,
    seen: Mutex<BTreeSet<String>>,
}

impl Contract {
    pub fn read() -> Contract {
        let path = end_to_end::paths::root().join("contracts/openapi.yaml");
        let text = std::fs::read_to_string(path).unwrap();
        let document = serde_norway::from_str(&text).unwrap();
        Contract { text, document, seen: Mutex::default() }
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
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        let value = self.document.pointer(&pointer)?;
        let only = value.as_object().is_some_and(|object| object.len() == 1);
        match value["$ref"].as_str().filter(|_| only) {
            Some(reference) => Some(reference.trim_start_matches('#').to_owned()),
            None => Some(pointer),
        }
    }

    /// Pointers to the entries of an object or a list.
    pub fn children(&self, pointer: &str) -> Vec<(String, String)> {
        let keys: Vec<String> = match self.document.pointer(pointer) {
            Some(Value::Object(object)) => object.keys().cloned().collect(),
            Some(Value::Array(list)) => (0..list.len()).map(|at| at.to_string()).collect(),
            _ => Vec::new(),
        };
        keys.into_iter().map(|key| (self.child(pointer, &key).unwrap(), key)).map(|(at, key)| (key, at)).collect()
    }

    /// A validator for the schema at a pointer, with format checks. If `closed`, it also rejects properties that the
    /// contract does not name: clients ignore such properties, but the contract must mention what the API sends.
    pub fn schema(&self, pointer: &str, closed: bool) -> Validator {
        let mut root = self.document.clone();
        if closed {
            for schema in root["components"]["schemas"].as_object_mut().unwrap().values_mut() {
                if schema["type"] == "object" {
                    schema.as_object_mut().unwrap().entry("additionalProperties").or_insert(Value::Bool(false));
                }
            }
        }
        root["$ref"] = Value::String(format!("#{}", pointer.replace('{', "%7B").replace('}', "%7D")));
        let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
        options.build(&root).unwrap_or_else(|error| panic!("{pointer}: {error}"))
    }

    /// Checks that a value is valid by the schema at a pointer, and has no properties that the schema does not name.
    #[track_caller]
    pub fn valid(&self, pointer: &str, value: &Value) {
        let errors: Vec<String> = self
            .schema(pointer, true)
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{value} is not as {pointer} says: {errors:?}");
    }

    /// The pointer to a request's operation.
    pub fn operation(&self, method: &str, target: &str) -> String {
        let path = target.split('?').next().unwrap();
        let fits = |template: &str| {
            let parts = || template.split('/').zip(path.split('/'));
            template.split('/').count() == path.split('/').count()
                && parts().all(|(name, part)| name == part || name.starts_with('{'))
        };
        let found = self.children("/paths").into_iter().find(|(template, _)| fits(template));
        let (_, path) = found.unwrap_or_else(|| panic!("the contract has no {target}"));
        self.child(&path, &method.to_lowercase()).unwrap_or_else(|| panic!("the contract has no {method} {target}"))
    }

    /// Whether the contract allows these query parameters, this `Idempotency-Key` and this body.
    pub fn allows(&self, method: &str, target: &str, key: Option<&str>, body: Option<&str>) -> bool {
        let operation = self.operation(method, target);
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut given: Vec<(&str, &str, &str)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| ("query", name, value))
            .collect();
        given.extend(key.map(|key| ("header", "Idempotency-Key", key)));
        let parameters: Vec<String> =
            self.children(&format!("{operation}/parameters")).into_iter().map(|(_, at)| at).collect();
        let allowed = given.into_iter().all(|(place, name, value)| {
            let named = |at: &&String| self.at(at)["in"] == place && self.at(at)["name"] == name;
            let found = parameters.iter().find(named).unwrap_or_else(|| panic!("the contract has no parameter {name}"));
            self.schema(&format!("{found}/schema"), true).is_valid(&self.typed(&format!("{found}/schema"), value))
        });
        let Some(body) = body else { return allowed };
        let schema = format!("{operation}/requestBody/content/application~1json/schema");
        allowed && serde_json::from_str(body).is_ok_and(|body: Value| self.schema(&schema, true).is_valid(&body))
    }

    /// The text of a header or query parameter, converted to its schema's type.
    fn typed(&self, schema: &str, text: &str) -> Value {
        match text.parse::<i64>() {
            Ok(number) if self.at(schema)["type"] == "integer" => Value::from(number),
            _ => Value::from(text),
        }
    }

    /// Checks status, headers and body of an answer.
    #[track_caller]
    pub fn check(&self, method: &str, target: &str, answer: &Answer) {
        let operation = self.operation(method, target);
        let status = answer.status.to_string();
        let response = self.child(&format!("{operation}/responses"), &status);
        let response = response.unwrap_or_else(|| panic!("the contract has no {method} {target} {status}: {answer:?}"));
        self.headers(&format!("{response}/headers"), answer);
        let name = format!("{} {status}", self.at(&operation)["operationId"].as_str().unwrap());
        if answer.text.is_empty() {
            assert!(self.at(&response).get("content").is_none(), "{name} has no body");
            self.saw(name);
            return;
        }
        let kind = answer.header("content-type");
        let media = self.child(&format!("{response}/content"), kind);
        let media = media.unwrap_or_else(|| panic!("{name} is not {kind} by the contract"));
        let body = answer.json();
        self.valid(&format!("{media}/schema"), &body);
        let Some(code) = body["code"].as_str() else { return self.saw(format!("{name} {kind}")) };
        self.saw(format!("{name} {code}"));
        for error in body["errors"].as_array().into_iter().flatten() {
            self.saw(format!("{name} {code} {}", error["code"].as_str().unwrap()));
        }
    }

    #[track_caller]
    fn headers(&self, declared: &str, answer: &Answer) {
        let declared = self.children(declared);
        for (name, at) in &declared {
            let value = answer.header(name);
            assert!(!value.is_empty() || self.at(at)["required"] != true, "{name} is missing");
            if !value.is_empty() {
                let schema = format!("{at}/schema");
                self.valid(&schema, &self.typed(&schema, value));
            }
        }
        let known =
            |name: &str| TRANSPORT.contains(&name) || declared.iter().any(|(it, _)| it.eq_ignore_ascii_case(name));
        let unknown: Vec<&str> = answer.headers.keys().map(HeaderName::as_str).filter(|name| !known(name)).collect();
        assert!(unknown.is_empty(), "the contract does not have {unknown:?} in {answer:?}");
    }

    fn saw(&self, what: String) {
        self.seen.lock().unwrap().insert(what);
    }

    /// The answers and their codes that the contract lists for these paths and that were not seen.
    pub fn unseen(&self, paths: &[&str]) -> BTreeSet<String> {
        let mut listed = BTreeSet::new();
        for path in paths {
            let path = self.child("/paths", path).unwrap();
            for (_, operation) in self.children(&path).into_iter().filter(|(method, _)| method != "parameters") {
                let id = self.at(&operation)["operationId"].as_str().unwrap();
                for (status, response) in self.children(&format!("{operation}/responses")) {
                    let media = self.children(&format!("{response}/content"));
                    if media.is_empty() {
                        listed.insert(format!("{id} {status}"));
                    }
                    for (kind, at) in media {
                        listed.extend(self.codes(&at).into_iter().map(|code| format!("{id} {status} {code}")));
                        if kind == "application/json" {
                            listed.insert(format!("{id} {status} {kind}"));
                        }
                    }
                }
            }
        }
        listed.difference(&self.seen.lock().unwrap()).cloned().collect()
    }

    /// The codes of a problem; those of its field errors follow the code that is listed first.
    fn codes(&self, media: &str) -> Vec<String> {
        let properties = format!("{media}/schema/properties");
        let listed = |pointer: String| {
            let codes = self.document.pointer(&format!("{pointer}/enum")).and_then(Value::as_array);
            codes.into_iter().flatten().map(|code| code.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let mut codes = listed(format!("{properties}/code"));
        let of_fields = self.child(&format!("{properties}/errors/items/properties"), "code").map(listed);
        if let Some(first) = codes.first().cloned() {
            codes.extend(of_fields.into_iter().flatten().map(|code| format!("{first} {code}")));
        }
        codes
    }
}

/// Every object below a value, with its pointer.
pub fn objects<'a>(pointer: String, value: &'a Value, found: &mut Vec<(String, &'a Map<String, Value>)>) {
    match value {
        Value::Object(object) => {
            found.push((pointer.clone(), object));
            for (key, value) in object {
                objects(format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1")), value, found);
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
