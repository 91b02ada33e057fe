//! Which of the contract's answers were seen, by this process and by all.
//!
//! An answer is `operation status code`, with the code of a bad field behind it where there is one; without a problem it is
//! `operation status type`, and `operation status` where there is no body.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use serde::Deserialize;
use serde_json::Value;

use super::Contract;
use crate::paths;

/// What was seen. If it is told to all, each answer is appended to a file of this process when it is seen first.
#[derive(Default)]
pub struct Seen {
    pub(super) told: bool,
    answers: Mutex<(BTreeSet<String>, Option<File>)>,
}

impl Seen {
    pub(super) fn note(&self, name: &str, kind: &str, body: &Value) {
        let problem = body["code"].as_str().filter(|_| kind == "application/problem+json");
        let Some(code) = problem else { return self.add(format!("{name} {kind}").trim_end().to_owned()) };
        self.add(format!("{name} {code}"));
        for error in body["errors"].as_array().into_iter().flatten() {
            self.add(format!("{name} {code} {}", error["code"].as_str().unwrap_or_default()));
        }
    }

    fn add(&self, what: String) {
        let mut seen = self.answers.lock().unwrap();
        if !seen.0.insert(what.clone()) || !self.told {
            return;
        }
        let file = seen.1.get_or_insert_with(|| {
            std::fs::create_dir_all(folder()).unwrap();
            let path = folder().join(std::process::id().to_string());
            OpenOptions::new().create(true).append(true).open(path).unwrap()
        });
        writeln!(file, "{what}").unwrap();
    }
}

/// Where each process of a run of `make test` says what it has seen.
fn folder() -> PathBuf {
    paths::binaries().join("../contract-seen")
}

impl Contract {
    /// The answers that were seen so far.
    pub fn seen(&self) -> BTreeSet<String> {
        self.seen.answers.lock().unwrap().0.clone()
    }

    /// The answers that all processes have seen since the folder was emptied.
    pub fn seen_by_all(&self) -> BTreeSet<String> {
        let files = std::fs::read_dir(folder()).unwrap();
        let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// The answers that the contract lists for operations with these tags.
    pub fn listed(&self, tags: &[&str]) -> BTreeSet<String> {
        let paths = self.children("/paths");
        let operations = paths.iter().flat_map(|(_, path)| self.operations(path)).map(|(_, at)| at);
        let tagged = |at: &String| tags.iter().any(|tag| self.at(at)["tags"][0] == *tag);
        operations.filter(tagged).flat_map(|at| self.listed_of(&at)).collect()
    }

    fn listed_of(&self, operation: &str) -> Vec<String> {
        let id = self.at(operation)["operationId"].as_str().unwrap();
        let mut listed = Vec::new();
        for (status, response) in self.children(&format!("{operation}/responses")) {
            let kinds = self.children(&format!("{response}/content"));
            if kinds.is_empty() {
                listed.push(format!("{id} {status}"));
            }
            for (kind, media) in kinds {
                let codes = if kind == "application/problem+json" { self.codes(&media) } else { vec![kind] };
                listed.extend(codes.into_iter().map(|code| format!("{id} {status} {code}")));
            }
        }
        listed
    }

    /// The codes of a problem. Those of bad fields follow the code that they stand for, or else the first.
    fn codes(&self, media: &str) -> Vec<String> {
        let properties = format!("{media}/schema/properties");
        let codes = self.values(&format!("{properties}/code"));
        let first = codes.first().unwrap_or_else(|| panic!("{media} lists no codes"));
        let of_fields = self.values(&format!("{properties}/errors/items/properties/code"));
        let owner = |code: &String| if codes.contains(code) { code.clone() } else { first.clone() };
        let of_fields: Vec<String> = of_fields.iter().map(|code| format!("{} {code}", owner(code))).collect();
        [codes, of_fields].concat()
    }

    /// The values that a schema allows.
    fn values(&self, pointer: &str) -> Vec<String> {
        let pointer = self.follow(pointer.to_owned());
        let Some(schema) = self.document().pointer(&pointer) else { return Vec::new() };
        let own = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
        let own = own.map(|value| value.as_str().unwrap().to_owned()).collect();
        let others = self.children(&format!("{pointer}/anyOf")).into_iter().map(|(_, at)| self.values(&at));
        std::iter::once(own).chain(others).flatten().collect()
    }
}

/// `contracts/unseen.yaml`: why no test sees some answers.
#[derive(Debug, Deserialize)]
pub struct Reasons(Vec<Reason>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    why: String,
    answers: Vec<String>,
}

impl Reasons {
    pub fn read() -> Reasons {
        let text = std::fs::read_to_string(paths::root().join("contracts/unseen.yaml")).unwrap();
        serde_norway::from_str(&text).unwrap()
    }

    /// Answers without a reason.
    pub fn lacking(&self, answers: impl Iterator<Item = String>) -> Vec<String> {
        answers.filter(|answer| !self.patterns().any(|(_, pattern)| fits(pattern, answer))).collect()
    }

    /// Reasons with the answers that they are for.
    pub fn told<'a>(&'a self, answers: &'a BTreeSet<String>) -> impl Iterator<Item = (&'a str, Vec<&'a str>)> {
        let of =
            move |pattern: &str| answers.iter().map(String::as_str).filter(|it| fits(pattern, it)).collect::<Vec<_>>();
        self.0.iter().map(move |it| (it.why.as_str(), it.answers.iter().flat_map(|pattern| of(pattern)).collect()))
    }

    /// Patterns that fit none of these answers.
    pub fn idle<'a>(&'a self, answers: &BTreeSet<String>) -> Vec<&'a str> {
        let patterns = self.patterns().map(|(_, pattern)| pattern);
        patterns.filter(|pattern| !answers.iter().any(|answer| fits(pattern, answer))).collect()
    }

    fn patterns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|it| it.answers.iter().map(|pattern| (it.why.as_str(), pattern.as_str())))
    }
}

/// Whether an answer fits a pattern, in which `*` stands for one word.
fn fits(pattern: &str, answer: &str) -> bool {
    let (pattern, answer): (Vec<&str>, Vec<&str>) = (pattern.split(' ').collect(), answer.split(' ').collect());
    pattern.len() == answer.len() && pattern.iter().zip(&answer).all(|(is, word)| *is == "*" || is == word)
}
