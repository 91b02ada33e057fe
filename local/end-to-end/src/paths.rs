//! Where the repository and the binaries under test are.

use std::path::{Path, PathBuf};

/// The root of the repository, where `make run` runs.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/")).to_owned()
}

/// The directory of the binaries built with this profile: the grandparent of `deps/<this test>`.
pub fn binaries() -> PathBuf {
    let executable = std::env::current_exe().unwrap_or_default();
    executable.ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// A binary of this workspace. Cargo builds those of other packages only if asked to.
///
/// # Panics
/// If it was not built; the message says what to run.
pub fn binary(name: &str) -> PathBuf {
    let path = binaries().join(name);
    assert!(
        path.is_file(),
        "{} is missing: `make binaries` builds it, and `make test` before the tests",
        path.display()
    );
    path
}

/// An example of this package, which `cargo test` builds before the tests.
///
/// # Panics
/// If it was not built.
pub fn example(name: &str) -> PathBuf {
    binary(&format!("examples/{name}"))
}

/// Names of the functions, which are those of their binaries.
///
/// # Panics
/// If there is no directory of functions.
pub fn functions() -> Vec<String> {
    let functions = root().join("functions");
    let entries = std::fs::read_dir(&functions).unwrap_or_else(|error| panic!("{}: {error}", functions.display()));
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
