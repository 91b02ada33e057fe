//! Requests and their answers, as newline-delimited JSON.
//!
//! A request is written before it is sent and its answer when it arrives, so that a client that dies in between leaves
//! a request of unknown outcome. The order of the lines is an order of time: if a request was answered on an earlier
//! line than another was sent, it happened before it.

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::observed::Place;

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Line {
    /// A request is about to be sent.
    Sent(Uuid, Sent),
    /// Its answer arrived. Without this line its outcome is unknown.
    Answered(Uuid, Answer),
    /// A record that a test produced to the topic itself.
    Produced(Place),
}

/// A request that may change something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// HTTP method.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Body; invalid UTF-8 is replaced.
    #[serde(default)]
    pub body: String,
    /// `Idempotency-Key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// `If-Match`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_match: Option<String>,
}

/// An answer that arrived completely.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Body.
    #[serde(default)]
    pub body: String,
}

/// A request with what is known of its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Line on which it was sent.
    pub sent_at: usize,
    /// The request.
    pub sent: Sent,
    /// Line on which it was answered, and the answer.
    pub answer: Option<(usize, Answer)>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// 2xx: it must take effect.
    Acknowledged,
    /// 3xx and 4xx: it must have no effect.
    Refused,
    /// 5xx or no answer: it may have taken effect, once.
    Unknown,
}

/// All lines together.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    /// Requests in the order in which they were sent.
    pub requests: Vec<Request>,
    /// Records that no API produced.
    pub produced: BTreeSet<Place>,
    lines: usize,
    by_id: HashMap<Uuid, usize>,
}

impl Request {
    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        match &self.answer {
            Some((_, answer)) if (200..300).contains(&answer.status) => Outcome::Acknowledged,
            Some((_, answer)) if answer.status < 500 => Outcome::Refused,
            _ => Outcome::Unknown,
        }
    }
}

impl Journal {
    /// Adds the next line.
    ///
    /// # Errors
    /// It answers a request that no earlier line sent.
    pub fn take(&mut self, line: Line) -> anyhow::Result<()> {
        self.lines += 1;
        match line {
            Line::Sent(id, sent) => {
                self.by_id.insert(id, self.requests.len());
                self.requests.push(Request { sent_at: self.lines, sent, answer: None });
            }
            Line::Answered(id, answer) => {
                let request = self.by_id.get(&id).and_then(|at| self.requests.get_mut(*at));
                let request = request.with_context(|| format!("line {} answers an unknown request", self.lines))?;
                request.answer = Some((self.lines, answer));
            }
            Line::Produced(place) => {
                self.produced.insert(place);
            }
        }
        Ok(())
    }

    /// Reads a journal. An incomplete last line is from a writer that was killed and does not count.
    ///
    /// # Errors
    /// The file cannot be read, or a line is not one of a journal.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut journal = Self::default();
        for line in text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
            let place = || format!("{}, line {}", path.display(), journal.lines + 1);
            let line = serde_json::from_slice(line).with_context(place)?;
            journal.take(line).with_context(|| path.display().to_string())?;
        }
        Ok(journal)
    }
}

/// Writes a journal; tasks may share it.
#[derive(Debug, Default)]
pub struct Recorder(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    journal: Journal,
    file: Option<File>,
}

impl Recorder {
    /// A journal that continues in a file. `default` makes one that is only in memory.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn append(path: &Path) -> anyhow::Result<Self> {
        let context = || format!("cannot write {}", path.display());
        let file = OpenOptions::new().create(true).append(true).open(path).with_context(context)?;
        // The incomplete line of a killed writer would corrupt the next one.
        let text = std::fs::read(path).with_context(context)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            file.set_len(whole as u64).with_context(context)?;
        }
        Ok(Self(Mutex::new(Open { journal: Journal::read(path)?, file: Some(file) })))
    }

    /// Notes a request before it is sent; returns the id for its answer.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn sent(&self, sent: Sent) -> anyhow::Result<Uuid> {
        let id = Uuid::new_v4();
        self.write(Line::Sent(id, sent))?;
        Ok(id)
    }

    /// Notes the answer of a request.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn answered(&self, request: Uuid, answer: Answer) -> anyhow::Result<()> {
        self.write(Line::Answered(request, answer))
    }

    /// Notes a record that was produced to the topic.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn produced(&self, place: Place) -> anyhow::Result<()> {
        self.write(Line::Produced(place))
    }

    /// What was noted so far.
    pub fn journal(&self) -> Journal {
        self.open().journal.clone()
    }

    fn write(&self, line: Line) -> anyhow::Result<()> {
        let mut open = self.open();
        if let Some(file) = &mut open.file {
            let mut bytes = serde_json::to_vec(&line)?;
            bytes.push(b'\n');
            file.write_all(&bytes).context("cannot write the journal")?;
        }
        open.journal.take(line)
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_read_as_it_was_written_and_goes_on_behind_a_writer_that_was_killed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.ndjson");
        let post = Sent { method: "POST".to_owned(), path: "/products".to_owned(), ..Sent::default() };
        let first = Recorder::append(&path).unwrap();
        let answered = first.sent(post.clone()).unwrap();
        first.answered(answered, Answer { status: 201, ..Answer::default() }).unwrap();
        first.sent(post.clone()).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"sent\":[").unwrap();

        assert_eq!(Journal::read(&path).unwrap().requests, first.journal().requests);
        let second = Recorder::append(&path).unwrap();
        let place = Place { topic: "t".to_owned(), partition: 0, offset: 7 };
        second.produced(place.clone()).unwrap();
        let read = Journal::read(&path).unwrap();
        assert_eq!((read.requests.len(), read.produced.contains(&place)), (2, true));
    }

    #[test]
    fn the_status_or_its_absence_tells_the_outcome() {
        let outcome = |status: Option<u16>| {
            let answer = status.map(|status| (2, Answer { status, ..Answer::default() }));
            Request { sent_at: 1, sent: Sent::default(), answer }.outcome()
        };
        let expected = [
            (None, Outcome::Unknown),
            (Some(201), Outcome::Acknowledged),
            (Some(204), Outcome::Acknowledged),
            (Some(412), Outcome::Refused),
            (Some(503), Outcome::Unknown),
        ];
        for (status, expected) in expected {
            assert_eq!(outcome(status), expected, "{status:?}");
        }
    }
}
