//! What goes over the wire: parameters, headers and bodies.

use serde_json::{Map, Value};

use super::{Comparison, To, entries, follow};

const FIELD: [&str; 8] = ["name", "in", "required", "description", "deprecated", "schema", "example", "examples"];
const ANSWER: [&str; 5] = ["description", "summary", "headers", "content", "links"];
const MEDIA: [&str; 3] = ["schema", "example", "examples"];

/// The media type of errors. To their codes more are added, and a client that does not know one goes by the status.
const PROBLEM: &str = "application/problem+json";
const CODES: [&str; 2] = ["code", "errors[].code"];

impl Comparison<'_> {
    /// Parameters, or headers, by name.
    pub(super) fn fields(&mut self, at: &str, (before, after): (Map<String, Value>, Map<String, Value>), to: To) {
        for (name, field) in &before {
            let at = format!("{at} {name}");
            let Some(other) = after.get(name) else {
                // One that a client sends would be passed over, and one that it reads is missing.
                self.add(&at, "it is gone", true);
                continue;
            };
            let (old, new) = (self.old, self.new);
            let (field, other) = (follow(old, field), follow(new, other));
            self.both_known(&at, field, other, &FIELD);
            self.required(&at, field, other, to);
            self.schemas(to, &at, field, other, &[]);
        }
        for (name, field) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let at = format!("{at} {name}");
            let new = self.new;
            let field = follow(new, field);
            self.known(&at, field, &FIELD);
            self.add(&at, "it is new", to == To::Server && field["required"] == true);
        }
    }

    pub(super) fn answer(&mut self, at: &str, (old, new): (&Value, &Value), to: To, error: bool) {
        let (old, new) = (follow(self.old, old), follow(self.new, new));
        self.answer_known(at, old);
        self.answer_known(at, new);
        let headers = |answer: &Value| {
            let headers = entries(answer.get("headers")).into_iter();
            headers.map(|(name, header)| (format!("header {}", name.to_lowercase()), header)).collect::<Map<_, _>>()
        };
        self.fields(at, (headers(old), headers(new)), to);
        self.content(at, (old, new), to, error);
    }

    pub(super) fn answer_known(&mut self, at: &str, answer: &Value) {
        self.known(at, answer, &ANSWER);
    }

    pub(super) fn content(&mut self, at: &str, (old, new): (&Value, &Value), to: To, error: bool) {
        let (before, after) = (entries(old.get("content")), entries(new.get("content")));
        for (kind, media) in &before {
            let at = format!("{at} {kind}");
            let Some(other) = after.get(kind) else {
                self.add(&at, "it is gone", true);
                continue;
            };
            self.both_known(&at, media, other, &MEDIA);
            let growing = if to == To::Client && kind == PROBLEM { &CODES[..] } else { &[] };
            self.schemas(to, &at, media, other, growing);
        }
        for (kind, media) in after.iter().filter(|(kind, _)| !before.contains_key(*kind)) {
            let at = format!("{at} {kind}");
            self.known(&at, media, &MEDIA);
            // Every error may be a problem.
            self.add(&at, "it is new", to == To::Client && !(error && kind == PROBLEM));
        }
    }
}
