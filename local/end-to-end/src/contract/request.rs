//! Whether the contract allows a request.

use reqwest::{Request, Url};
use serde_json::Value;

use super::{Contract, essence};

/// What curl says of a body with `-d`; no route means it.
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

impl Contract {
    /// Why the contract refuses a request. Parameters that it does not name are passed over, as it says.
    pub fn refuses(&self, request: &Request) -> Option<String> {
        self.allowed(request).err()
    }

    fn allowed(&self, request: &Request) -> Result<(), String> {
        let path = request.url().path();
        let (template, item) = self.path(path).ok_or("there is no such path")?;
        let method = request.method().as_str().replace("HEAD", "GET").to_lowercase();
        let operation = self.child(&item, &method).ok_or("the path does not have this method")?;
        for at in [&item, &operation].map(|at| self.children(&format!("{at}/parameters"))).concat() {
            self.parameter(&at.1, &template, request)?;
        }
        self.body(&operation, request)
    }

    fn parameter(&self, at: &str, template: &str, request: &Request) -> Result<(), String> {
        let parameter = self.at(at);
        let name = parameter["name"].as_str().unwrap();
        let given: Vec<String> = match parameter["in"].as_str().unwrap() {
            "query" => request.url().query_pairs().filter(|(key, _)| key == name).map(|(_, it)| it.into()).collect(),
            "header" => {
                let lines = request.headers().get_all(name).iter().map(|line| line.to_str());
                let lines = lines.collect::<Result<Vec<_>, _>>().map_err(|error| format!("{name}: {error}"))?;
                if lines.is_empty() { Vec::new() } else { vec![lines.join(", ")] }
            }
            _ => segments(template, request.url(), name),
        };
        if given.len() > 1 || (given.is_empty() && parameter["required"] == true) {
            return Err(format!("{} values of {name}", given.len()));
        }
        let schema = format!("{at}/schema");
        given.iter().try_for_each(|text| self.validate(&schema, &self.typed(&schema, text)))
    }

    fn body(&self, operation: &str, request: &Request) -> Result<(), String> {
        // What has no body passes one over.
        let Some(body) = self.child(operation, "requestBody") else { return Ok(()) };
        let bytes = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        if bytes.is_empty() {
            return if self.at(&body)["required"] == true { Err("the body is missing".to_owned()) } else { Ok(()) };
        }
        let header = request.headers().get("content-type").map(|kind| kind.to_str().unwrap_or_default());
        let kind = essence(header.unwrap_or(JSON));
        let content = format!("{body}/content");
        let named = self.child(&content, &kind);
        let json = kind == FORM || (kind.starts_with("application/") && kind.ends_with("+json"));
        let media = named.or_else(|| self.child(&content, JSON).filter(|_| json));
        let media = media.ok_or_else(|| format!("a body of the type {kind}"))?;
        let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("the body: {error}"))?;
        self.validate(&format!("{media}/schema"), &value)
    }
}

/// The values of a path's parameter.
fn segments(template: &str, url: &Url, name: &str) -> Vec<String> {
    let named = format!("{{{name}}}");
    let pairs = template.split('/').zip(url.path().split('/')).filter(|(part, _)| *part == named);
    pairs.map(|(_, value)| decoded(value)).collect()
}

/// Percent-decoded.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let code = std::str::from_utf8(after.get(..2).unwrap_or_default()).ok();
        match code.filter(|_| *byte == b'%').and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                rest = &after[2..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
