//! Whether the contract has an answer.

use std::collections::BTreeSet;

use http::HeaderName;
use serde_json::{Value, json};

use super::{Contract, essence};
use crate::stack::Answer;

/// Headers of HTTP, of API Gateway and of the content.
const TRANSPORT: [&str; 5] = ["apigw-requestid", "connection", "content-length", "content-type", "date"];

/// What API Gateway answers by itself, as the contract says of every path.
const GATEWAY: [u16; 6] = [400, 404, 413, 429, 500, 503];

const PROBLEM: &str = "application/problem+json";

/// The components that the contract's text has for every path.
const OPTIONS: &str = "/components/responses/Options";
const METHOD_NOT_ALLOWED: &str = "/components/responses/MethodNotAllowed";
const NOT_FOUND: &str = "/components/responses/NotFound";
const BY_THE_GATEWAY: &str = "/components/responses/Gateway";

impl Contract {
    /// Checks status, headers and body of an answer, and notes it as seen.
    pub(super) fn answer(&self, method: &str, path: &str, answer: &Answer) -> Result<(), String> {
        let Some((_, item)) = self.path(path) else { return self.of_every_path(404, NOT_FOUND, method, answer) };
        let operations = self.operations(&item);
        let has = |name: &str| operations.iter().find(|(method, _)| method == name).map(|(_, at)| at.as_str());
        let operation = if method == "HEAD" { has("GET") } else { has(method) };
        match operation {
            None if method == "OPTIONS" => self.of_every_path(204, OPTIONS, method, answer)?,
            None => self.of_every_path(405, METHOD_NOT_ALLOWED, method, answer)?,
            Some(operation) => return self.of_operation(operation, method, answer),
        }
        let mut methods: BTreeSet<&str> = operations.iter().map(|(method, _)| method.as_str()).collect();
        methods.insert("OPTIONS");
        methods.extend(has("GET").map(|_| "HEAD"));
        let allowed: BTreeSet<&str> = answer.header("allow").split(", ").collect();
        if GATEWAY.contains(&answer.status) || allowed == methods {
            return Ok(());
        }
        Err(format!("it has {methods:?}"))
    }

    fn of_operation(&self, operation: &str, method: &str, answer: &Answer) -> Result<(), String> {
        let name = format!("{} {}", self.at(operation)["operationId"].as_str().unwrap(), answer.status);
        let response = self.child(&format!("{operation}/responses"), &answer.status.to_string());
        let Some(response) = response else {
            return self.gateway(method, answer).map_err(|why| format!("{name}: {why}"));
        };
        let kind = essence(answer.header("content-type"));
        if kind == "application/json" && self.child(&format!("{response}/content"), &kind).is_none() {
            return self.gateway(method, answer).map_err(|why| format!("{name}: {why}"));
        }
        let value = self.response(&response, method, answer)?;
        if method != "HEAD" {
            self.seen.note(&name, &kind, &value);
        }
        Ok(())
    }

    /// An answer that the text of the contract has for every path, or one of API Gateway.
    fn of_every_path(&self, status: u16, response: &str, method: &str, answer: &Answer) -> Result<(), String> {
        if answer.status == status && essence(answer.header("content-type")) != "application/json" {
            return self.response(response, method, answer).map(drop);
        }
        self.gateway(method, answer)
    }

    fn gateway(&self, method: &str, answer: &Answer) -> Result<(), String> {
        if !GATEWAY.contains(&answer.status) {
            return Err("it does not have this status".to_owned());
        }
        self.response(BY_THE_GATEWAY, method, answer).map(drop)
    }

    /// Checks headers and body by a response; returns the body.
    fn response(&self, response: &str, method: &str, answer: &Answer) -> Result<Value, String> {
        self.headers(&format!("{response}/headers"), answer)?;
        let content = format!("{response}/content");
        let (kinds, kind) = (self.children(&content), essence(answer.header("content-type")));
        let media = kinds.iter().find(|(name, _)| *name == kind).map(|(_, media)| media);
        match media {
            None if kinds.is_empty() && answer.text.is_empty() && kind.is_empty() => Ok(Value::Null),
            None => Err(format!("a body of the type {kind:?}, and not {kinds:?}")),
            Some(_) if method == "HEAD" => {
                if answer.text.is_empty() {
                    Ok(Value::Null)
                } else {
                    Err("HEAD has a body".to_owned())
                }
            }
            Some(media) => {
                let value = body(&kind, &answer.text)?;
                self.validate(&format!("{media}/schema"), &value)?;
                if kind == PROBLEM {
                    problem(&value, answer.status)?;
                }
                Ok(value)
            }
        }
    }

    fn headers(&self, declared: &str, answer: &Answer) -> Result<(), String> {
        let declared = self.children(declared);
        for (name, at) in &declared {
            match answer.header(name) {
                "" if self.at(at)["required"] == true => return Err(format!("{name} is missing")),
                "" => {}
                text => {
                    let schema = format!("{at}/schema");
                    self.validate(&schema, &self.typed(&schema, text))?;
                }
            }
        }
        let known = |name: &str| {
            let of_cors = name == "vary" || name.starts_with("access-control-");
            of_cors || TRANSPORT.contains(&name) || declared.iter().any(|(it, _)| it.eq_ignore_ascii_case(name))
        };
        let unknown: Vec<&str> = answer.headers.keys().map(HeaderName::as_str).filter(|name| !known(name)).collect();
        if unknown.is_empty() { Ok(()) } else { Err(format!("it does not have the headers {unknown:?}")) }
    }
}

fn body(kind: &str, text: &str) -> Result<Value, String> {
    if kind.ends_with("json") {
        serde_json::from_str(text).map_err(|error| format!("the body: {error}"))
    } else {
        Ok(Value::from(text))
    }
}

/// What the members of a problem say of each other.
fn problem(value: &Value, status: u16) -> Result<(), String> {
    let kind = format!("urn:millrace:problem:{}", value["code"].as_str().unwrap_or_default());
    if value["status"] == status && value["type"] == json!(kind) {
        return Ok(());
    }
    Err(format!("a problem that contradicts itself: {value}"))
}
