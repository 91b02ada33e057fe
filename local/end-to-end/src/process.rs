//! The process of the stack: start, observe, stop.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use crate::paths;

/// Lines of each log shown when a wait fails.
const TAIL: usize = 12;

/// A running `millrace-local` with its functions.
pub struct Process {
    child: Child,
    pid: u32,
    lines: Arc<Mutex<Vec<String>>>,
    changed: watch::Receiver<usize>,
    logs: TempDir,
}

/// How a process ended, and its output.
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<String>,
    pub stderr: String,
}

/// The stack's binary, with all functions next to it.
pub fn binary() -> PathBuf {
    for function in paths::functions() {
        paths::binary(&function);
    }
    paths::binary("millrace-local")
}

impl Process {
    /// Starts a stack on free ports, without waiting for it.
    pub fn spawn(binary: &Path, args: &[&str]) -> Process {
        let logs = tempfile::tempdir().unwrap();
        let stderr = std::fs::File::create(logs.path().join("stack.stderr")).unwrap();
        let free = ["--http-port", "0", "--aws-port", "0", "--kafka-port", "0"];
        // A flag that the caller passes must not be passed twice.
        let free = free.chunks(2).filter(|flag| !args.contains(&flag[0])).flatten();
        let mut child = Command::new(binary)
            .current_dir(paths::root())
            .args(free)
            .args(["--quiet", "--logs"])
            .arg(logs.path())
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            // The functions end with the stack: their process group reads a pipe that the stack holds.
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let pid = child.id().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (told, changed) = watch::channel(0);
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let kept = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok(Some(line)) = stdout.next_line().await {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                told.send_modify(|lines| *lines += 1);
            }
        });
        Process { child, pid, lines, changed, logs }
    }

    /// The first line on stdout that is a JSON object.
    pub async fn ready(&mut self, within: Duration) -> Result<String, String> {
        let mut changed = self.changed.clone();
        let told = tokio::time::timeout(within, changed.wait_for(|_| self.json_lines().len() == 1)).await;
        match told {
            Ok(Ok(_)) => Ok(self.json_lines().remove(0)),
            Ok(Err(_)) => Err(format!("the stack ended before it was ready{}", self.tail())),
            Err(_) => Err(format!("the stack was not ready within {within:?}{}", self.tail())),
        }
    }

    /// Machine-readable lines on stdout.
    pub fn json_lines(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter(|line| line.starts_with('{')).cloned().collect()
    }

    /// Sends a signal to the stack's process only, as `kill` does.
    pub fn signal(&self, signal: &str) {
        let command = format!("kill -s {signal} {}", self.pid);
        let status = std::process::Command::new("/bin/sh").args(["-c", &command]).status().unwrap();
        assert!(status.success(), "{command}");
    }

    /// Waits for the end of the process, when its stdout is complete.
    pub async fn ended(mut self, within: Duration) -> Ended {
        let waited = tokio::time::timeout(within, self.child.wait()).await;
        let Ok(status) = waited else { panic!("the stack did not end within {within:?}{}", self.tail()) };
        let _ = self.changed.wait_for(|_| false).await;
        let stdout = self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let stderr = std::fs::read_to_string(self.logs.path().join("stack.stderr")).unwrap();
        Ended { status: status.unwrap(), stdout, stderr }
    }

    /// Name and text of every log: of each function, and of the stack.
    pub fn logs(&self) -> Vec<(String, String)> {
        let Ok(files) = std::fs::read_dir(self.logs.path()) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        paths.sort();
        let read = |path: PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned())
        };
        paths.into_iter().map(read).collect()
    }

    /// The last lines of every log, for a message.
    pub fn tail(&self) -> String {
        let mut told = String::new();
        for (name, text) in self.logs() {
            let lines: Vec<&str> = text.lines().collect();
            let last = lines.len().saturating_sub(TAIL);
            told.push_str(&format!("\n---- the end of {name}\n{}", lines[last..].join("\n")));
        }
        told
    }
}

/// Whether a process is still running; a zombie is not.
pub fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z")
}

/// Waits until none of these processes runs.
pub async fn gone(pids: &[u32], within: Duration) {
    let deadline = Instant::now() + within;
    while let Some(pid) = pids.iter().find(|pid| runs(**pid)) {
        assert!(Instant::now() < deadline, "process {pid} still runs after {within:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
