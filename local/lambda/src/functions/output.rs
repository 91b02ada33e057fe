//! The output of function processes: whole lines, to the stack's standard error and to a file per function.
//!
//! The stack's standard output stays clean, because programs read its one line of JSON.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::{mpsc, oneshot};

use super::settings::StartError;

/// Maximum length of a line, in bytes; the rest is dropped and counted.
const MAX_LINE: usize = 64 * 1024;
/// Maximum number of lines queued for the writer. When the queue is full, function processes block in their writes.
const MAX_QUEUED: usize = 4096;
/// A log file of this size, in bytes, is renamed to `<function>.log.1`, replacing an earlier one.
const MAX_FILE: u64 = 64 * 1024 * 1024;
/// How long `close` waits for the last lines to be written.
const FLUSH_LIMIT: Duration = Duration::from_millis(500);

/// A line of a function.
#[derive(Debug)]
pub(super) struct Line {
    function: Arc<str>,
    text: Vec<u8>,
}

/// The writer of the functions' lines, on its own thread because a terminal may block.
#[derive(Debug)]
pub(super) struct Output {
    writer: Mutex<Option<(mpsc::Sender<Line>, oneshot::Receiver<()>)>>,
}

impl Output {
    /// Starts the writer. The directory is created if absent.
    pub fn start(logs: Option<&Path>, terminal: bool) -> Result<Output, StartError> {
        if let Some(path) = logs {
            std::fs::create_dir_all(path).map_err(|source| StartError::Logs { path: path.to_path_buf(), source })?;
        }
        let (sender, mut lines) = mpsc::channel::<Line>(MAX_QUEUED);
        let (ended, end) = oneshot::channel();
        let mut files = Files { directory: logs.map(Path::to_path_buf), open: HashMap::new() };
        std::thread::Builder::new()
            .name("function-output".to_owned())
            .spawn(move || {
                while let Some(line) = lines.blocking_recv() {
                    files.write(&line);
                    if terminal {
                        to_terminal(&line);
                    }
                }
                let _ = ended.send(());
            })
            .map_err(StartError::Output)?;
        Ok(Output { writer: Mutex::new(Some((sender, end))) })
    }

    /// The queue for a process's lines; `None` after the end.
    pub fn sender(&self) -> Option<mpsc::Sender<Line>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(sender, _)| sender.clone())
    }

    /// Waits until everything is written, at most half a second.
    pub async fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, end)) = writer {
            drop(sender);
            let _ = tokio::time::timeout(FLUSH_LIMIT, end).await;
        }
    }
}

/// Forwards a process's stream, line by line, until its end.
pub(super) async fn forward(stream: impl AsyncRead + Unpin, function: Arc<str>, lines: mpsc::Sender<Line>) {
    let mut reader = BufReader::new(stream);
    let mut text = Vec::new();
    let mut lost = 0usize;
    loop {
        let chunk = match reader.fill_buf().await {
            Ok(chunk) if !chunk.is_empty() => chunk,
            _ => break,
        };
        let mut parts = chunk.splitn(2, |byte| *byte == b'\n');
        let part = parts.next().unwrap_or_default();
        let complete = parts.next().is_some();
        let kept = part.len().min(MAX_LINE.saturating_sub(text.len()));
        text.extend(part.iter().take(kept));
        lost += part.len() - kept;
        let used = part.len() + usize::from(complete);
        reader.consume(used);
        if complete && lines.send(line(&function, &mut text, &mut lost)).await.is_err() {
            return;
        }
    }
    if !text.is_empty() {
        let _ = lines.send(line(&function, &mut text, &mut lost)).await;
    }
}

fn line(function: &Arc<str>, text: &mut Vec<u8>, lost: &mut usize) -> Line {
    let mut text = std::mem::take(text);
    match std::mem::take(lost) {
        0 => {}
        bytes => text.extend(format!(" (and {bytes} bytes more)").into_bytes()),
    }
    Line { function: function.clone(), text }
}

fn to_terminal(line: &Line) {
    let whole = [line.function.as_bytes(), b" | ", &line.text, b"\n"].concat();
    // A closed terminal is no reason to end the functions.
    let _ = io::stderr().lock().write_all(&whole);
}

struct Files {
    directory: Option<PathBuf>,
    open: HashMap<Arc<str>, (File, u64)>,
}

impl Files {
    fn write(&mut self, line: &Line) {
        if let Err(error) = self.append(line) {
            to_terminal(&Line {
                function: line.function.clone(),
                text: format!("(cannot write the log file: {error})").into_bytes(),
            });
            self.directory = None;
        }
    }

    fn append(&mut self, line: &Line) -> io::Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let path = directory.join(format!("{}.log", line.function));
        if self.open.get(&line.function).is_some_and(|(_, size)| *size >= MAX_FILE) {
            self.open.remove(&line.function);
            std::fs::rename(&path, directory.join(format!("{}.log.1", line.function)))?;
        }
        if !self.open.contains_key(&line.function) {
            let file = File::options().create(true).append(true).open(&path)?;
            let size = file.metadata()?.len();
            self.open.insert(line.function.clone(), (file, size));
        }
        if let Some((file, size)) = self.open.get_mut(&line.function) {
            let whole = [&line.text[..], b"\n"].concat();
            *size += whole.len() as u64;
            file.write_all(&whole)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines_of(printed: &[u8]) -> Vec<String> {
        let (sender, mut lines) = mpsc::channel(16);
        forward(printed, "archive".into(), sender).await;
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(String::from_utf8(line.text).unwrap());
        }
        all
    }

    #[tokio::test]
    async fn lines_arrive_whole_and_the_last_one_without_its_newline_too() {
        assert_eq!(lines_of(b"one\n\ntwo\nthree").await, ["one", "", "two", "three"]);
    }

    #[tokio::test]
    async fn an_endless_line_is_cut() {
        let printed = [vec![b'x'; MAX_LINE + 10], b"\nnext\n".to_vec()].concat();
        let lines = lines_of(&printed).await;
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("x (and 10 bytes more)"));
        assert_eq!(lines[1], "next");
    }

    #[tokio::test]
    async fn every_function_has_its_file() {
        let directory = tempfile::tempdir().unwrap();
        let output = Output::start(Some(directory.path()), false).unwrap();
        forward(&b"one\n"[..], "archive".into(), output.sender().unwrap()).await;
        forward(&b"two\n"[..], "event-log".into(), output.sender().unwrap()).await;
        output.close().await;
        let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(read("archive.log"), "one\n");
        assert_eq!(read("event-log.log"), "two\n");
    }
}
