//! Whether the contract of the HTTP API may become another one: what a change means for a client that knows only the old one,
//! and for the receiver of a webhook.
//!
//! What the server is sent may be more, and what it sends may be less: a request that was valid stays valid and means the same,
//! and an answer stays what a client expects, apart from what the contract tells clients to pass over: further properties and
//! headers, and further statuses and codes of errors. For a webhook the two are the other way around.

mod document;
mod message;
mod operation;

use std::fmt;

use serde_json::{Map, Value};

use crate::schema::{self, Schema};

/// A change of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where, as in `POST /orders 201 application/json lines[].quantity`.
    pub at: String,
    /// What is another.
    pub what: String,
    /// Somebody who knows only the old contract may fail.
    pub breaking: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.breaking { "breaking" } else { "compatible" };
        write!(f, "{kind}: {}: {}", self.at, self.what)
    }
}

/// The changes from one contract (OpenAPI 3.1) to another, those of texts and examples left out. A keyword that is not
/// understood is a breaking one wherever it stands.
pub fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let mut comparison = Comparison { old, new, found: Vec::new() };
    comparison.documents();
    comparison.found
}

/// Who gets what is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// The server, from clients: requests, and the answers to webhooks.
    Server,
    /// Clients, from the server: answers, and webhooks.
    Client,
}

struct Comparison<'a> {
    old: &'a Value,
    new: &'a Value,
    found: Vec<Change>,
}

impl Comparison<'_> {
    fn add(&mut self, at: &str, what: impl Into<String>, breaking: bool) {
        self.found.push(Change { at: at.to_owned(), what: what.into(), breaking });
    }

    /// Notes keywords of an object that are not understood.
    fn known(&mut self, at: &str, object: &Value, known: &[&str]) {
        let names = object.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        for name in names.filter(|name| !known.contains(name) && !name.starts_with("x-")) {
            let what = format!("{name} is not understood here");
            if !self.found.iter().any(|it| it.at == at && it.what == what) {
                self.add(at, what, true);
            }
        }
    }

    /// Likewise of an object of both contracts.
    fn both_known(&mut self, at: &str, old: &Value, new: &Value, known: &[&str]) {
        self.known(at, old, known);
        self.known(at, new, known);
    }

    fn schemas(&mut self, to: To, at: &str, old: &Value, new: &Value, growing: &[&str]) {
        let open = Value::Bool(true);
        let before = Schema { document: self.old, schema: old.get("schema").unwrap_or(&open), growing };
        let after = Schema { document: self.new, schema: new.get("schema").unwrap_or(&open), growing };
        for change in schema::changes_within(before, after) {
            let hurts = match to {
                To::Server => change.refuses_old,
                To::Client => change.allows_new,
            };
            let at = format!("{at} {}", change.path);
            self.add(at.trim_end(), change.what, hurts || change.alters);
        }
    }
}

/// What a reference within a document leads to; any other value is itself.
fn follow<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    /// References to references; more are a circle.
    const DEEPEST: usize = 8;
    for _ in 0..DEEPEST {
        let reference = value.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
        match reference.and_then(|pointer| document.pointer(pointer)) {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

/// The entries of an object.
fn entries(object: Option<&Value>) -> Map<String, Value> {
    object.and_then(Value::as_object).cloned().unwrap_or_default()
}
