//! A shell beside the stack that ends every function process when the stack is gone, and delivers signals.
//!
//! A function process does not notice that the stack was killed: with concurrent invocations, `lambda_runtime` retries
//! a refused connection immediately and without end. Asking the kernel to kill a child with its parent
//! (`PR_SET_PDEATHSIG`), and sending signals other than SIGKILL, would take unsafe code or another dependency. Instead,
//! a shell leads a process group that every function process joins before it runs. The shell reads commands from a pipe
//! whose other end only the stack holds: when that end closes, for whatever reason, the shell kills its group,
//! including itself.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

/// Maximum time the shell may take for one command.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);

/// Ctrl-C and a closed terminal are handled by the stack: the shell waits for the end of the pipe.
const SCRIPT: &str = "trap '' HUP INT TERM
while read -r signal pid; do kill \"-$signal\" \"$pid\" 2>/dev/null; echo done; done
kill -KILL 0";

/// A signal that the control API may send to function processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Signal {
    /// Ends the process at once.
    Kill,
    /// Asks the process to end; it is killed if it still runs after the grace period.
    Term,
    /// Freezes the process.
    Stop,
    /// Resumes a frozen process.
    Cont,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Signal; 4] = [Signal::Kill, Signal::Term, Signal::Stop, Signal::Cont];

    /// Name without `SIG`.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Kill => "KILL",
            Signal::Term => "TERM",
            Signal::Stop => "STOP",
            Signal::Cont => "CONT",
        }
    }
}

/// The shell and its process group, started on first use.
#[derive(Debug, Default)]
pub(super) struct ProcessGroup {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Absent,
    Present(Box<Shell>),
    Closed,
}

#[derive(Debug)]
struct Shell {
    process: Child,
    group: i32,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl ProcessGroup {
    /// Starts a process in the shell's group, after starting the shell if there is none. Fails once closed.
    pub async fn spawn(&self, command: &mut Command) -> anyhow::Result<Child> {
        let mut state = self.state.lock().await;
        let ended = match &mut *state {
            State::Absent => true,
            State::Present(shell) => shell.process.try_wait().map_or(true, |status| status.is_some()),
            State::Closed => anyhow::bail!("the stack is stopping"),
        };
        if ended {
            *state = State::Present(Box::new(Shell::start()?));
        }
        let State::Present(shell) = &*state else { anyhow::bail!("the stack is stopping") };
        Ok(command.process_group(shell.group).spawn()?)
    }

    /// Sends a signal to a process that the caller started and has not reaped, so that its process id cannot have been
    /// reused.
    pub async fn signal(&self, pid: u32, signal: Signal) -> anyhow::Result<()> {
        let mut state = self.state.lock().await;
        let State::Present(shell) = &mut *state else { anyhow::bail!("no shell to send signals with") };
        tokio::time::timeout(ANSWER_LIMIT, async {
            shell.commands.write_all(format!("{} {pid}\n", signal.name()).as_bytes()).await?;
            shell.answers.next_line().await?.context("the shell has ended")
        })
        .await
        .context("the shell did not answer")??;
        Ok(())
    }

    /// Kills whatever is left in the group. Nothing can be started afterwards.
    pub async fn close(&self) {
        let before = std::mem::replace(&mut *self.state.lock().await, State::Closed);
        if let State::Present(shell) = before {
            let Shell { mut process, commands, answers, .. } = *shell;
            drop((commands, answers));
            if tokio::time::timeout(ANSWER_LIMIT, process.wait()).await.is_err() {
                // The shell is stuck or frozen; its group has no other member that we know of.
                let _ = process.kill().await;
            }
        }
    }
}

impl Shell {
    fn start() -> anyhow::Result<Shell> {
        let mut process = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("cannot start /bin/sh, which guards the function processes")?;
        let group = process.id().and_then(|id| i32::try_from(id).ok()).context("/bin/sh ended at once")?;
        let commands = process.stdin.take().context("/bin/sh has no input")?;
        let answers = BufReader::new(process.stdout.take().context("/bin/sh has no output")?).lines();
        Ok(Shell { process, group, commands, answers })
    }
}
