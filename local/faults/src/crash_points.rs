//! Crash points of the functions, as `/_local/crash-points` lists and arms them.
//!
//! The functions and the stack communicate through files, described in `shared/platform/src/crash_points.rs`. Only
//! functions built with that crate's feature take part, which the Makefile enables.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Variable that tells a function where the files are.
pub const VARIABLE: &str = "MILLRACE_CRASH_POINTS";

/// The files of one stack; deleted with it.
#[derive(Debug)]
pub struct CrashPoints {
    directory: TempDir,
}

/// A step that a function has passed since the stack started.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct CrashPoint {
    /// Function.
    pub function: String,
    /// What it does, such as `dynamodb.PutItem.<table>.before`, `kafka.produce.<topic>.after`, `answer.before`.
    pub step: String,
    /// Whether the next process that passes it is stopped.
    pub armed: bool,
    /// Whether a process was stopped here since it was last armed.
    pub struck: bool,
}

/// What happens to the process that passes an armed step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Strike {
    /// It is killed.
    #[default]
    Kill,
    /// It is frozen until it receives SIGCONT.
    Stop,
}

/// Why a step is not armed.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// No process has passed it yet.
    #[error("the function has not passed this step")]
    Unknown,
    /// The file cannot be written.
    #[error("the crash point cannot be armed: {0}")]
    Io(#[from] io::Error),
}

impl CrashPoints {
    /// No steps yet.
    ///
    /// # Errors
    /// No temporary directory can be created.
    pub fn new() -> io::Result<Self> {
        Ok(Self { directory: tempfile::Builder::new().prefix("millrace-crash-points-").tempdir()? })
    }

    /// Value of [`VARIABLE`].
    pub fn directory(&self) -> String {
        self.directory.path().display().to_string()
    }

    /// Every step passed so far, by function and name.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn all(&self) -> io::Result<Vec<CrashPoint>> {
        let mut points = Vec::new();
        for function in names(self.directory.path().join("seen"))? {
            for step in names(self.directory.path().join("seen").join(&function))? {
                let is = |place| self.file(place, &function, &step).exists();
                let (armed, struck) = (is("armed"), is("struck"));
                points.push(CrashPoint { function: function.clone(), step, armed, struck });
            }
        }
        points.sort();
        Ok(points)
    }

    /// Arms a step for one process.
    ///
    /// # Errors
    /// No process has passed it, or its file cannot be written.
    pub fn arm(&self, function: &str, step: &str, strike: Strike) -> Result<(), ArmError> {
        // Only a name that a function has recorded is used as a path.
        if !self.all()?.iter().any(|point| point.function == function && point.step == step) {
            return Err(ArmError::Unknown);
        }
        let armed = self.file("armed", function, step);
        if let Some(directory) = armed.parent() {
            fs::create_dir_all(directory)?;
        }
        match fs::remove_file(self.file("struck", function, step)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        // Renamed into place, so that a process never sees it half-written.
        let draft = tempfile::NamedTempFile::new_in(self.directory.path())?;
        fs::write(draft.path(), if strike == Strike::Stop { "STOP" } else { "KILL" })?;
        draft.persist(armed).map_err(|failed| failed.error)?;
        Ok(())
    }

    fn file(&self, place: &str, function: &str, step: &str) -> PathBuf {
        self.directory.path().join(place).join(function).join(step)
    }
}

/// Names in a directory; empty if it does not exist.
fn names(directory: PathBuf) -> io::Result<Vec<String>> {
    match fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_step_that_was_passed_can_be_armed_and_it_strikes_until_it_is_met() {
        let points = CrashPoints::new().unwrap();
        assert!(matches!(points.arm("api", "answer.before", Strike::Kill), Err(ArmError::Unknown)));
        assert!(matches!(points.arm("..", "x", Strike::Kill), Err(ArmError::Unknown)));
        // As a function does it.
        for place in ["seen", "struck"] {
            fs::create_dir_all(points.directory.path().join(place).join("api")).unwrap();
        }
        fs::write(points.file("seen", "api", "answer.before"), "").unwrap();
        let state = || points.all().unwrap().into_iter().map(|point| (point.armed, point.struck)).collect::<Vec<_>>();
        assert_eq!(state(), [(false, false)]);
        points.arm("api", "answer.before", Strike::Stop).unwrap();
        assert_eq!(state(), [(true, false)]);
        let (armed, struck) =
            (points.file("armed", "api", "answer.before"), points.file("struck", "api", "answer.before"));
        assert_eq!(fs::read_to_string(&armed).unwrap(), "STOP");
        fs::rename(armed, struck).unwrap();
        assert_eq!(state(), [(false, true)]);
        points.arm("api", "answer.before", Strike::Kill).unwrap();
        assert_eq!(state(), [(true, false)]);
    }
}
