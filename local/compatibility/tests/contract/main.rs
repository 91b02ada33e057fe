//! The contract of the HTTP API against the released ones, and whether the judge calls changes what they are.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

mod breaking;
mod planted;

use std::fs;
use std::path::PathBuf;

use millrace_compatibility::contract::{Change, changes};
use serde_json::Value;

fn contracts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../contracts")
}

fn read(file: &str) -> Value {
    let path = contracts().join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_norway::from_str(&text).unwrap()
}

/// The files of the released contracts.
fn released() -> Vec<String> {
    let entries = fs::read_dir(contracts().join("released")).unwrap();
    let mut files: Vec<String> = entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    files
}

fn major(contract: &Value) -> &str {
    contract["info"]["version"].as_str().unwrap().split('.').next().unwrap()
}

#[test]
fn todays_contract_is_compatible_with_every_released_one_of_its_major_version() {
    let today = read("openapi.yaml");
    let mut compared = 0;
    for file in released() {
        let old = read(&format!("released/{file}"));
        let version = old["info"]["version"].as_str().unwrap();
        assert_eq!(file, format!("openapi.{version}.yaml"), "a file is called by the version that it has");
        if major(&old) != major(&today) {
            continue;
        }
        let breaking: Vec<String> =
            changes(&old, &today).iter().filter(|change| change.breaking).map(Change::to_string).collect();
        assert!(
            breaking.is_empty(),
            "clients of {version} would fail:\n{}\nThat needs another major version (docs/contributing.md)",
            breaking.join("\n")
        );
        compared += 1;
    }
    assert!(compared > 0, "no contract with the major version of today's was released");
}

/// Every planted change of a contract is called compatible or breaking, and where.
#[test]
fn every_planted_change_of_the_contract_is_called_what_it_is() {
    let old = read(&format!("released/{}", released().last().unwrap()));
    let mut wrong = Vec::new();
    for (what, at, breaking, plant) in planted::COMPATIBLE
        .iter()
        .map(|(what, at, plant)| (what, at, false, plant))
        .chain(breaking::BREAKING.iter().map(|(what, at, plant)| (what, at, true, plant)))
    {
        let mut new = old.clone();
        plant(&mut new);
        assert_ne!(old, new, "{what} is planted");
        let found = changes(&old, &new);
        let here = found.iter().any(|change| change.at.contains(at) && change.breaking == breaking);
        if !here || found.iter().any(|change| change.breaking && !breaking) {
            wrong.push(format!("{what}: {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_says_the_same_in_other_words_is_no_change() {
    let old = read(&format!("released/{}", released().last().unwrap()));
    assert_eq!(changes(&old, &old), []);
    for (what, plant) in planted::SAME {
        let mut new = old.clone();
        plant(&mut new);
        assert_ne!(old, new, "{what} is planted");
        assert_eq!(changes(&old, &new), [], "{what}");
        assert_eq!(changes(&new, &old), [], "{what}, the other way around");
    }
}
