//! `make watch`: rebuilds when a source file has changed, and replaces the functions whose binaries the build has
//! changed. Everything else keeps running: Kafka, offsets, tables, objects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use local_lambda::functions::{Signal, Supervisor};
use tokio::process::Command;

/// Polling interval of the source files.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What is watched, and what happens on a change.
pub struct Watch {
    /// Directories of source files.
    pub directories: Vec<PathBuf>,
    /// The build, as a shell command.
    pub build: String,
    /// The functions.
    pub supervisor: Supervisor,
}

/// Files and their modification times.
type Files = BTreeMap<PathBuf, SystemTime>;

impl Watch {
    /// Watches until dropped, which also ends a build in progress.
    ///
    /// # Errors
    /// A directory cannot be read, or the build cannot be started.
    pub async fn run(self) -> anyhow::Result<()> {
        let mut known = self.sources()?;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let found = self.sources()?;
            if found != known {
                known = found;
                self.rebuild().await?;
            }
        }
    }

    fn sources(&self) -> anyhow::Result<Files> {
        let mut files = Files::new();
        for directory in &self.directories {
            collect(directory, &mut files).with_context(|| format!("cannot watch {}", directory.display()))?;
        }
        Ok(files)
    }

    /// Modification times of the functions' binaries, as far as they exist.
    fn binaries(&self) -> BTreeMap<String, SystemTime> {
        let written =
            |(name, path): (String, PathBuf)| Some((name, path.metadata().and_then(|it| it.modified()).ok()?));
        self.supervisor.binaries().into_iter().filter_map(written).collect()
    }

    async fn rebuild(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        let before = self.binaries();
        let mut build = Command::new("sh");
        let build = build.args(["-c", &self.build]).kill_on_drop(true).status().await;
        if !build.context("cannot start the build")?.success() {
            eprintln!("The build failed; the functions run on as they were.");
            return Ok(());
        }
        let after = self.binaries();
        let changed: Vec<&str> =
            after.iter().filter(|(name, at)| before.get(*name) != Some(at)).map(|(name, _)| name.as_str()).collect();
        for function in &changed {
            // Invocations in flight finish; the next one starts the new binary.
            self.supervisor.signal(function, Signal::Term).await?;
        }
        let seconds = began.elapsed().as_secs_f64();
        if changed.is_empty() {
            eprintln!("Built in {seconds:.1} s; no function has changed.");
        } else {
            eprintln!("Replaced {} {seconds:.1} s after the change.", changed.join(", "));
        }
        Ok(())
    }
}

/// The files below a directory, except hidden ones.
fn collect(directory: &Path, files: &mut Files) -> std::io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // An editor may have replaced it in the meantime.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            match collect(&entry.path(), files) {
                // It was removed in the meantime, for example by switching branches: a change like any other.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                collected => collected?,
            }
        } else {
            files.insert(entry.path(), metadata.modified()?);
        }
    }
    Ok(())
}
