//! Layering: a crate depends only on what its `Cargo.toml` allows (`[package.metadata.layers]`), and the manifests keep
//! the layers apart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what should not be")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use end_to_end::paths;
use serde_json::Value;

/// The folder of a crate in the repository.
const SHARED: &str = "shared/";
const FUNCTIONS: &str = "functions/";

/// Name prefixes of crates that do I/O or serve it. The domain uses none of them.
const IO: [&str; 8] = ["aws-", "axum", "http", "hyper", "krafka", "lambda_", "reqwest", "tokio"];

/// A crate of this workspace.
struct Crate {
    folder: String,
    /// What it may depend on; `None` if its manifest does not say.
    may_use: Option<BTreeSet<String>>,
    /// What it depends on, apart from tests.
    uses: BTreeSet<String>,
}

/// The crates by name, as cargo reads the manifests. It reads nothing else, so nothing has to be fetched.
fn crates() -> BTreeMap<String, Crate> {
    let root = paths::root();
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--offline"];
    let metadata = Command::new(env!("CARGO")).args(arguments).current_dir(&root).output().unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let names = |list: &Value| list.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    let of = |package: &Value| {
        let manifest = package["manifest_path"].as_str().unwrap();
        let folder = manifest.strip_prefix(root.to_str().unwrap()).unwrap().trim_start_matches('/');
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        let uses = dependencies.filter(|it| it["kind"] != "dev").map(|it| it["name"].as_str().unwrap().to_owned());
        let may_use = package.pointer("/metadata/layers/may-use").map(names);
        let name = package["name"].as_str().unwrap().to_owned();
        (name, Crate { folder: folder.replace("/Cargo.toml", ""), may_use, uses: uses.collect() })
    };
    metadata["packages"].as_array().unwrap().iter().map(of).collect()
}

/// The crates' violations of the rules, one line each.
fn violations(crates: &BTreeMap<String, Crate>) -> Vec<String> {
    let mut violations = Vec::new();
    for (name, it) in crates {
        let ours = it.uses.iter().filter_map(|used| Some((used, crates.get(used)?)));
        for (used, other) in ours {
            let allowed = match &it.may_use {
                Some(may_use) => may_use.contains(used),
                // A function builds on shared crates, never on another function.
                None if it.folder.starts_with(FUNCTIONS) => other.folder.starts_with(SHARED),
                // The end-to-end tests may use everything but the functions, which are programs.
                None => name == "end-to-end" && !other.folder.starts_with(FUNCTIONS),
            };
            if !allowed {
                violations.push(format!("{name} may not depend on {used}"));
            }
        }
        let says = it.may_use.is_some() || it.folder.starts_with(FUNCTIONS) || name == "end-to-end";
        if !says {
            violations.push(format!("{}/Cargo.toml does not say what {name} may depend on", it.folder));
        }
    }
    let domain = &crates["millrace-domain"].uses;
    let io = domain.iter().filter(|used| IO.iter().any(|prefix| used.starts_with(prefix)));
    violations.extend(io.map(|used| format!("the domain does no I/O, and depends on {used}")));
    violations
}

#[test]
fn every_crate_depends_only_on_what_its_manifest_allows() {
    assert_eq!(violations(&crates()), Vec::<String>::new());
}

#[test]
fn an_arrow_that_points_upward_a_silent_manifest_and_io_in_the_domain_are_seen() {
    let broken = |crate_name: &str, uses: &str| {
        let mut crates = crates();
        crates.get_mut(crate_name).unwrap().uses.insert(uses.to_owned());
        violations(&crates)
    };
    assert_eq!(broken("millrace-platform", "millrace-domain"), ["millrace-platform may not depend on millrace-domain"]);
    assert_eq!(broken("millrace-delivery", "millrace-api"), ["millrace-delivery may not depend on millrace-api"]);
    assert_eq!(broken("stock", "orders-api"), ["stock may not depend on orders-api"]);
    assert_eq!(broken("millrace-judge", "millrace-domain"), ["millrace-judge may not depend on millrace-domain"]);
    assert_eq!(broken("local-template", "millrace-domain"), ["local-template may not depend on millrace-domain"]);
    assert_eq!(broken("millrace-domain", "tokio"), ["the domain does no I/O, and depends on tokio"]);
    let mut crates = crates();
    crates.get_mut("millrace-store").unwrap().may_use = None;
    let silent = violations(&crates).pop().unwrap();
    assert_eq!(silent, "shared/store/Cargo.toml does not say what millrace-store may depend on");
}
