//! The document: servers, ways to say who calls, paths, webhooks, and answers of every path.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Comparison, To, entries, follow};

const DOCUMENT: [&str; 9] =
    ["openapi", "info", "servers", "tags", "externalDocs", "paths", "webhooks", "components", "security"];
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const PATH: [&str; 3] = ["parameters", "summary", "description"];
const SCHEME: [&str; 7] = ["type", "scheme", "bearerFormat", "in", "name", "flows", "openIdConnectUrl"];

impl Comparison<'_> {
    pub(super) fn documents(&mut self) {
        let (old, new) = (self.old, self.new);
        self.both_known("", old, new, &DOCUMENT);
        if old["openapi"] != new["openapi"] {
            self.add("openapi", "the version of OpenAPI is another", true);
        }
        self.servers();
        self.schemes();
        self.paths("paths", To::Server);
        self.paths("webhooks", To::Client);
        self.of_every_path();
    }

    fn servers(&mut self) {
        let urls = |document: &Value| {
            let servers = document["servers"].as_array().into_iter().flatten();
            servers.map(|server| server["url"].to_string()).collect::<BTreeSet<_>>()
        };
        let (before, after) = (urls(self.old), urls(self.new));
        for url in before.symmetric_difference(&after) {
            let gone = before.contains(url);
            self.add("servers", format!("{url} is {}", if gone { "gone" } else { "new" }), gone);
        }
    }

    fn schemes(&mut self) {
        let of = |document: &Value| entries(document.pointer("/components/securitySchemes"));
        let (before, after) = (of(self.old), of(self.new));
        for (name, scheme) in before.iter().chain(&after) {
            self.known(&format!("securitySchemes {name}"), scheme, &[&SCHEME[..], &["description"]].concat());
        }
        for (name, scheme) in before {
            let at = format!("securitySchemes {name}");
            match after.get(&name) {
                None => self.add(&at, "it is gone", true),
                Some(other) => {
                    let differs =
                        |keyword: &&&str| **keyword != "bearerFormat" && scheme.get(*keyword) != other.get(*keyword);
                    for keyword in SCHEME.iter().filter(differs) {
                        self.add(&at, format!("{keyword} is another"), true);
                    }
                }
            }
        }
    }

    /// Paths, or webhooks. Of these the requests go to the client.
    fn paths(&mut self, kind: &str, requests: To) {
        let (old, new) = (self.old, self.new);
        let (before, after) = (entries(old.get(kind)), entries(new.get(kind)));
        for (path, item) in &before {
            let Some(other) = after.get(path) else {
                self.add(path, "it is gone", true);
                continue;
            };
            let (item, other) = (follow(old, item), follow(new, other));
            self.both_known(path, item, other, &[&METHODS[..], &PATH].concat());
            for method in METHODS {
                let at = format!("{} {path}", method.to_uppercase());
                match (item.get(method), other.get(method)) {
                    (Some(_), None) => self.add(&at, "it is gone", true),
                    (None, Some(_)) => self.add(&at, "it is new", false),
                    (Some(_), Some(_)) => self.operation(&at, (item, method), (other, method), requests),
                    (None, None) => {}
                }
            }
        }
        for path in after.keys().filter(|path| !before.contains_key(*path)) {
            self.add(path, "it is new", false);
        }
    }

    /// Answers that no operation lists, because the text of the contract has them for every path.
    fn of_every_path(&mut self) {
        let of = |document: &Value| {
            let text = document.to_string();
            let mut responses = entries(document.pointer("/components/responses"));
            responses.retain(|name, _| !text.contains(&format!("\"#/components/responses/{name}\"")));
            responses
        };
        let before = of(self.old);
        let after = entries(self.new.pointer("/components/responses"));
        for (name, response) in before {
            let at = format!("every path {name}");
            match after.get(&name) {
                None => self.add(&at, "it is gone", true),
                Some(other) => self.answer(&at, (&response, other), To::Client, false),
            }
        }
    }
}
