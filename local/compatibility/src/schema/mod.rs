//! Whether a schema may become another one: what a change refuses, and what it allows.
//!
//! Schemas are open: a reader passes over properties that it does not know. A new optional property is therefore neither, as it
//! is with Protobuf and Avro, although data of the past may have had anything under its name.

mod choice;
mod compare;
mod form;
mod keywords;
mod merge;

use std::fmt;

use serde_json::Value;

use self::compare::Comparison;
use self::form::Forms;

/// A change of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where, as in `data.price.amount`.
    pub path: String,
    /// What is another.
    pub what: String,
    /// It refuses what the old schema allowed: what is stored, and what writers send that know only the old one.
    pub refuses_old: bool,
    /// It allows what the old schema refused, and readers that know only that get it.
    pub allows_new: bool,
    /// All that was allowed still is and nothing else, but it does not mean the same any more: an optional property is gone, or a
    /// default is another.
    pub alters: bool,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match (self.refuses_old, self.allows_new, self.alters) {
            (true, true, _) => "refuses what was allowed, and allows what was refused",
            (true, false, _) => "refuses what was allowed",
            (false, true, _) => "allows what was refused",
            (false, false, true) => "changes what is meant",
            (false, false, false) => "refuses and allows nothing",
        };
        write!(f, "{}: {}, which {who}", self.path, self.what)
    }
}

/// A schema, and the document that its references are of.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'a> {
    /// What references such as `#/components/schemas/Price` are of.
    pub document: &'a Value,
    /// The schema.
    pub schema: &'a Value,
    /// Its values may become more where they stand at one of these paths, as if it said so with `x-may-grow`.
    pub growing: &'a [&'a str],
}

/// The changes from one schema, which is a document of its own, to another, those of annotations left out. A keyword that is not
/// understood is one of them wherever it stands.
pub fn changes(old: &Value, new: &Value) -> Vec<Change> {
    let whole = |schema| Schema { document: schema, schema, growing: &[] };
    changes_within(whole(old), whole(new))
}

/// As [`changes`], of schemas within documents.
pub fn changes_within(old: Schema<'_>, new: Schema<'_>) -> Vec<Change> {
    let mut found = Comparison::default();
    let (mut before, mut after) = (Forms::of(old), Forms::of(new));
    let before_form = before.form(old);
    let after_form = after.form(new);
    before.not_understood.append(&mut after.not_understood);
    for (path, what) in before.not_understood {
        found.not_understood(&path, what);
    }
    found.compare("", &before_form, &after_form);
    found.changes
}

/// The path of a property.
fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
