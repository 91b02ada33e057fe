//! The whole check: wait, try a fresh event, read, judge, and report it as text.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::event::Event;
use super::idle::wait_until_idle;
use super::journal::{Journal, Outcome, Recorder};
use super::judge::{Violation, judge};
use super::observed::Observed;
use super::probe;
use super::read::Reader;
use crate::Addresses;

/// Timeout of an HTTP API request: API Gateway gives up after 30 s.
const REQUEST: Duration = Duration::from_secs(35);

/// What to check.
#[derive(Debug)]
pub struct Settings {
    /// The stack.
    pub addresses: Addresses,
    /// Maximum wait for what is in progress, and then for the fresh event.
    pub patience: Duration,
    /// Whether to start the relay at once, if the stack is a local one.
    pub relay: bool,
    /// Whether to create a product and wait for its event.
    pub probe: bool,
}

/// The verdict, with its numbers.
#[derive(Debug)]
pub struct Verdict {
    /// The violations; empty if everything is conserved.
    pub violations: Vec<Violation>,
    /// Distinct events on the topics.
    pub events: usize,
    numbers: Vec<String>,
}

/// Waits, tries a fresh event, reads and judges.
///
/// # Errors
/// The stack or the journal cannot be read.
pub async fn check(settings: &Settings, recorder: &Recorder) -> anyhow::Result<Verdict> {
    let reader = Reader::new(&settings.addresses);
    let http = reqwest::Client::builder().no_proxy().timeout(REQUEST).build()?;
    let mut further = Vec::new();
    let mut violation = |code, evidence: String| {
        further.push(Violation { code, of: settings.addresses.http.clone(), evidence });
    };
    if let Some(under_way) = wait_until_idle(&reader, &http, settings.relay, settings.patience).await? {
        violation("not-at-rest", under_way);
    } else if settings.probe
        && let Err(error) = probe::probe(&reader, &http, recorder, settings.relay, settings.patience).await
    {
        violation("no-fresh-event", format!("{error:#}"));
    }
    let mut verdict = Verdict::of(&recorder.journal(), &reader.observe().await?);
    verdict.violations.splice(0..0, further);
    Ok(verdict)
}

impl Verdict {
    /// Judges without waiting or reading.
    pub fn of(journal: &Journal, observed: &Observed) -> Self {
        let count = |outcome| journal.requests.iter().filter(|request| request.outcome() == outcome).count();
        let read = observed.records.iter().map(|record| Event::of_record(record).ok());
        let (mut ids, mut unreadable) = (BTreeSet::new(), 0);
        for event in read {
            match event {
                Some(event) => drop(ids.insert(event.identity())),
                None => unreadable += 1,
            }
        }
        let (records, events) = (observed.records.len(), ids.len());
        let numbers = vec![
            format!(
                "journal  {} requests: {} acknowledged, {} refused, {} of unknown outcome; {} records by hand",
                journal.requests.len(),
                count(Outcome::Acknowledged),
                count(Outcome::Refused),
                count(Outcome::Unknown),
                journal.produced.len()
            ),
            format!(
                "stored   {} products, {} orders, {} ingredients, {} mails, {} timers, {} entries in the outbox",
                observed.products.len(),
                observed.orders.len(),
                observed.ingredients.len(),
                observed.mails.len(),
                observed.timers.len(),
                observed.outbox.len()
            ),
            format!(
                "topic    {records} records: {events} events, {} repeats, {unreadable} unreadable",
                records - events - unreadable
            ),
            format!(
                "copies   {} in the log, {} lines in the archive, {} dead letters, {} counted",
                observed.log.len(),
                observed.archive.len(),
                observed.dead_letters.len(),
                observed.analytics.as_ref().map_or(0, |(analytics, _)| analytics.events())
            ),
        ];
        Self { violations: judge(journal, observed), events, numbers }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.numbers {
            writeln!(f, "{line}")?;
        }
        match self.violations.len() {
            0 => writeln!(f, "verdict  conserved")?,
            more => writeln!(f, "verdict  NOT conserved: {more} violations")?,
        }
        self.violations.iter().try_for_each(|violation| writeln!(f, "  {violation}"))
    }
}
