//! The judgement: a pure function of what was answered and what is there.
//!
//! Each rule has a stable code, and a violation carries its evidence. The rules of one module share a subject:
//! - [`topic`]: the order and form of what was published;
//! - [`products`]: state and events agree;
//! - [`orders`]: orders are decided and take what they say;
//! - [`ingredients`]: stocks are what requests and orders leave, and a fall below half is notified once;
//! - [`timers`]: timers are there with their events;
//! - [`answers`]: what was acknowledged is there;
//! - [`attribution`]: nothing is there that nobody asked for;
//! - [`copies`]: the log and the archive;
//! - [`analytics`]: the counters;
//! - [`dead_letters`]: the dead letters and the mails;
//! - [`feed`]: the feed of notifications;
//! - [`reused`]: an id belongs to one content of its source;
//! - [`activity`]: the events of users are on the topic as they were sent.

mod activity;
mod analytics;
mod answers;
mod attribution;
mod copies;
mod dead_letters;
mod feed;
mod ingredients;
mod orders;
mod products;
mod reused;
mod stock_model;
mod timers;
mod topic;

use std::fmt;

use self::topic::{Published, Topic};
use super::journal::Journal;
use super::observed::Observed;

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Stable code of the rule.
    pub code: &'static str,
    /// The product, event, place or object concerned.
    pub of: String,
    /// What was found.
    pub evidence: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.of, self.evidence)
    }
}

/// The violations found so far.
#[derive(Debug, Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, code: &'static str, of: impl fmt::Display, evidence: impl Into<String>) {
        self.0.push(Violation { code, of: of.to_string(), evidence: evidence.into() });
    }

    /// Notes a violation unless `holds`.
    fn check(&mut self, holds: bool, code: &'static str, of: impl fmt::Display, evidence: impl FnOnce() -> String) {
        if !holds {
            self.add(code, of, evidence());
        }
    }
}

/// Every violation in a system at rest; empty if everything is conserved.
pub fn judge(journal: &Journal, observed: &Observed) -> Vec<Violation> {
    let mut found = Found::default();
    for (place, why) in &observed.unreadable {
        found.add("unreadable", place, why.as_str());
    }
    for entry in &observed.outbox {
        found.add("outbox-not-empty", entry, "waits to be published");
    }
    let topic = Topic::read(journal, observed);
    let Published { histories, orders, notices, timers } = topic::judge(&topic, &mut found);
    products::judge(&histories, observed, &mut found);
    orders::judge(journal, &orders, &histories, observed, &mut found);
    ingredients::judge(journal, &notices, observed, &mut found);
    timers::judge(journal, &timers, observed, &mut found);
    let obligations = answers::judge(journal, &histories, observed, &mut found);
    attribution::judge(journal, &obligations, &histories, &mut found);
    copies::judge(&topic, observed, &mut found);
    analytics::judge(observed, &mut found);
    dead_letters::judge(&topic, observed, &mut found);
    feed::judge(&topic, observed, &mut found);
    activity::judge(journal, &topic, &mut found);
    found.0
}
