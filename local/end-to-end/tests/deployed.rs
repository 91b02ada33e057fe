//! Deployed binaries are built from the manifests alone, which enable no crash points.
#![allow(clippy::unwrap_used, reason = "a test stops at what should not be")]

use std::process::Command;

use end_to_end::paths;
use serde_json::Value;

/// The variable that a process with crash points reads.
const VARIABLE: &str = "MILLRACE_CRASH_POINTS";

/// Cargo's own feature resolution of the whole workspace for this platform (a build has fetched its packages), with
/// everything it enables by default. `make lint` checks the binaries themselves.
#[test]
fn no_manifest_turns_crash_points_on_and_the_functions_under_test_have_them() {
    let root = paths::root();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host()])
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let shared =
        metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == "millrace-platform").unwrap();
    assert!(shared["features"]["crash-points"].is_array(), "the feature has another name by now");
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let resolved = nodes.iter().find(|node| node["id"] == shared["id"]).unwrap();
    assert_eq!(resolved["features"], Value::Array(Vec::new()), "features that a plain build has");

    let functions = paths::functions();
    for function in &functions {
        let binary = std::fs::read(paths::binary(function)).unwrap();
        assert!(binary.windows(VARIABLE.len()).any(|bytes| bytes == VARIABLE.as_bytes()), "the search would find it");
    }
    assert!(!functions.is_empty());
}

/// The host target triple, as `rustc` names it.
fn host() -> String {
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}
