//! Settings for running functions, and the limits that the caller cannot choose.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use local_template::model::Function;

/// How functions are run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Directory of the functions: `<name>`, or `<logical id>/bootstrap` as `sam build` writes them.
    pub binaries: PathBuf,
    /// The command that builds them, for messages.
    pub built_by: String,
    /// Maximum number of processes per function. `ReservedConcurrentExecutions` may lower it.
    pub instances: u32,
    /// Maximum number of concurrent invocations per process. More than 1 sets `AWS_LAMBDA_MAX_CONCURRENCY`, so the
    /// functions must poll with `run_concurrent`.
    pub concurrency: u32,
    /// AWS Region given to the functions.
    pub region: String,
    /// Additional environment variables of every function; they take precedence over the template's.
    pub environment: BTreeMap<String, String>,
    /// Maximum time from a process's start to its first poll. Lambda gives 10 s.
    pub init_limit: Duration,
    /// How long an invocation waits for a free process before it is throttled. Longer than an init, or a slow cold
    /// start would throttle the very request that caused it.
    pub queue_wait: Duration,
    /// Idle time after which a process is stopped, unless it is the function's last one.
    pub idle_limit: Duration,
    /// Directory for `<function>.log`; `None` writes no files.
    pub logs: Option<PathBuf>,
    /// Whether the functions' output goes to the stack's standard error.
    pub terminal: bool,
}

impl Settings {
    /// Settings with Lambda's limits, one invocation per process, and binaries from a directory.
    pub fn new(binaries: impl AsRef<Path>) -> Settings {
        let binaries = binaries.as_ref();
        Settings {
            binaries: std::path::absolute(binaries).unwrap_or_else(|_| binaries.to_path_buf()),
            built_by: "sam build".to_owned(),
            instances: 10,
            concurrency: 1,
            region: "us-east-1".to_owned(),
            environment: BTreeMap::new(),
            init_limit: Duration::from_secs(10),
            queue_wait: Duration::from_secs(15),
            idle_limit: Duration::from_secs(60),
            logs: None,
            terminal: true,
        }
    }

    /// The binary of a function; if there is none, the path at which it was expected.
    pub(super) fn binary(&self, function: &Function) -> PathBuf {
        let named = self.binaries.join(&function.name);
        let built = self.binaries.join(&function.logical_id).join("bootstrap");
        if !named.is_file() && built.is_file() { built } else { named }
    }

    /// How many processes a function may have and how many concurrent invocations each. Reserved concurrency counts
    /// invocations in Lambda, so the product of the two never exceeds it.
    pub(super) fn capacity(&self, reserved: Option<u32>) -> Capacity {
        let limit = reserved.unwrap_or(u32::MAX);
        let slots = self.concurrency.max(1).min(limit.max(1));
        Capacity { instances: self.instances.max(1).min(limit / slots), slots }
    }
}

/// Limits of one function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capacity {
    /// Maximum number of processes; 0 if the reserved concurrency is 0, which throttles everything.
    pub instances: u32,
    /// Maximum number of concurrent invocations per process.
    pub slots: u32,
}

/// Why functions cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Missing binaries.
    #[error("function binaries are missing: {}; `{built_by}` builds them", listed(paths))]
    Missing {
        /// The expected paths.
        paths: Vec<PathBuf>,
        /// [`Settings::built_by`].
        built_by: String,
    },
    /// The log directory cannot be created or written.
    #[error("cannot write function logs to {}: {source}", path.display())]
    Logs {
        /// The directory.
        path: PathBuf,
        /// The system error.
        source: std::io::Error,
    },
    /// The writer thread of the functions' output cannot start.
    #[error("cannot start the thread that writes the functions' output: {0}")]
    Output(std::io::Error),
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_concurrency_bounds_invocations_not_processes() {
        let settings = Settings { instances: 4, concurrency: 8, ..Settings::new(".") };
        let capacity = |reserved| {
            let Capacity { instances, slots } = settings.capacity(reserved);
            (instances, slots)
        };
        assert_eq!(capacity(None), (4, 8));
        assert_eq!(capacity(Some(100)), (4, 8));
        assert_eq!(capacity(Some(17)), (2, 8));
        assert_eq!(capacity(Some(3)), (1, 3));
        assert_eq!(capacity(Some(1)), (1, 1));
        assert_eq!(capacity(Some(0)).0, 0);
    }
}
