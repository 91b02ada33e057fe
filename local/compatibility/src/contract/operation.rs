//! An operation: who may call it, what it takes, and what it answers.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Comparison, To, entries, follow};

const OPERATION: [&str; 10] = [
    "operationId",
    "tags",
    "summary",
    "description",
    "deprecated",
    "externalDocs",
    "security",
    "parameters",
    "requestBody",
    "responses",
];
const BODY: [&str; 3] = ["description", "required", "content"];

/// A path, and a method of it.
type At<'a> = (&'a Value, &'a str);

/// What a caller has to have, of which one is enough: schemes, and scopes of each.
type Alternatives = Vec<BTreeSet<(String, String)>>;

impl Comparison<'_> {
    pub(super) fn operation(&mut self, at: &str, old: At<'_>, new: At<'_>, requests: To) {
        let (before, after) = (&old.0[old.1], &new.0[new.1]);
        self.both_known(at, before, after, &OPERATION);
        if before["operationId"] != after["operationId"] {
            self.add(at, "operationId, by which generated clients name it, is another", true);
        }
        self.security(at, before, after, requests);
        let parameters = (parameters(self.old, old), parameters(self.new, new));
        self.fields(at, parameters, requests);
        self.body(at, before.get("requestBody"), after.get("requestBody"), requests);
        let answers = if requests == To::Server { To::Client } else { To::Server };
        self.answers(at, (entries(before.get("responses")), entries(after.get("responses"))), answers);
    }

    /// Who could call it still can. A receiver of webhooks checks them as it always did.
    fn security(&mut self, at: &str, old: &Value, new: &Value, requests: To) {
        let (before, after) = (alternatives(self.old, old), alternatives(self.new, new));
        if before == after {
            return;
        }
        let enough = |one: &Alternatives, other: &Alternatives| {
            one.iter().all(|has| other.iter().any(|needs| needs.is_subset(has)))
        };
        let kept = match requests {
            To::Server => enough(&before, &after),
            To::Client => enough(&after, &before),
        };
        self.add(at, format!("security {before:?} becomes {after:?}"), !kept);
    }

    fn body(&mut self, at: &str, old: Option<&Value>, new: Option<&Value>, to: To) {
        let at = format!("{at} body");
        let (old, new) = match (old, new) {
            (None, None) => return,
            (Some(_), None) => return self.add(&at, "it is gone", true),
            (None, Some(new)) => {
                let new = follow(self.new, new);
                self.known(&at, new, &BODY);
                return self.add(&at, "it is new", new["required"] == true || to == To::Client);
            }
            (Some(old), Some(new)) => (follow(self.old, old), follow(self.new, new)),
        };
        self.both_known(&at, old, new, &BODY);
        self.required(&at, old, new, to);
        self.content(&at, (old, new), to, false);
    }

    /// Whether something has to be there. Who sends it may always send it, and who gets it may rely on it.
    pub(super) fn required(&mut self, at: &str, old: &Value, new: &Value, to: To) {
        match (old["required"] == true, new["required"] == true) {
            (false, true) => self.add(at, "it is required now", to == To::Server),
            (true, false) => self.add(at, "it is not required any more", to == To::Client),
            _ => {}
        }
    }

    fn answers(&mut self, at: &str, (before, after): (Map<String, Value>, Map<String, Value>), to: To) {
        for (status, response) in &before {
            let at = format!("{at} {status}");
            match after.get(status) {
                // An error that does not come any more hurts nobody; a success that somebody waits for does.
                None => self.add(&at, "it is gone", to == To::Server || !is_error(status)),
                Some(other) => self.answer(&at, (response, other), to, is_error(status)),
            }
        }
        for (status, response) in after.iter().filter(|(status, _)| !before.contains_key(*status)) {
            let at = format!("{at} {status}");
            // A client takes a status that it does not know for the first of its class (RFC 9110, 15).
            self.add(&at, "it is new", to == To::Client && !is_error(status));
            let new = self.new;
            self.answer_known(&at, follow(new, response));
        }
    }
}

fn is_error(status: &str) -> bool {
    status.starts_with(['4', '5'])
}

/// The parameters of an operation, and those of its path that it does not have itself, by place and name.
fn parameters(document: &Value, (item, method): At<'_>) -> Map<String, Value> {
    let of = |holder: &Value| holder["parameters"].as_array().cloned().unwrap_or_default();
    let mut found = Map::new();
    for parameter in of(item).into_iter().chain(of(&item[method])) {
        let parameter = follow(document, &parameter);
        let (place, name) =
            (parameter["in"].as_str().unwrap_or_default(), parameter["name"].as_str().unwrap_or_default());
        let name = if place == "header" { name.to_lowercase() } else { name.to_owned() };
        found.insert(format!("{place} {name}"), parameter.clone());
    }
    found
}

/// Without any, no caller needs anything.
fn alternatives(document: &Value, operation: &Value) -> Alternatives {
    let stated = operation.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
    let needs = |alternative: &Value| {
        let schemes = alternative.as_object().into_iter().flatten();
        let pairs = schemes.flat_map(|(scheme, scopes)| {
            let scopes = scopes.as_array().into_iter().flatten().filter_map(Value::as_str);
            std::iter::once("").chain(scopes).map(|scope| (scheme.clone(), scope.to_owned())).collect::<Vec<_>>()
        });
        pairs.collect::<BTreeSet<_>>()
    };
    match stated {
        Some(all) if !all.is_empty() => all.iter().map(needs).collect(),
        _ => vec![BTreeSet::new()],
    }
}
