//! What an event adds to which counters. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use millrace_domain::event::EventType;
use millrace_domain::order::Order;

use super::{AMOUNT, Bucket, FAILED, LATE, PIECES, Row};

/// Lines of an order whose products are counted. The API takes no longer order; of one that is put on the topic by hand, the
/// first lines count.
pub const MAX_LINES: usize = millrace_domain::order::MAX_LINES;

/// Most rows that a fact adds to: its type and its currency in each bucket, and a product for each line.
pub const MAX_ROWS_OF_FACT: usize = 2 * Bucket::ALL.len() + MAX_LINES;

/// Something that is counted once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<'a> {
    /// An event, counted by its own time.
    Event {
        /// Its type. One that this version does not know is counted as well.
        kind: &'a str,
        /// When it happened.
        time: Timestamp,
        /// Its payload.
        data: &'a str,
    },
    /// What became of a user's activity, counted by the time of the activity.
    Outcome {
        /// When the activity happened.
        time: Timestamp,
        /// It failed.
        failed: bool,
        /// It was processed after its turn.
        late: bool,
    },
}

/// What a row gets: sums by attribute, and the name of a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// What is added, by attribute.
    pub by: BTreeMap<String, u128>,
    /// Name of the product, as the last order had it.
    pub name: Option<String>,
}

impl Sums {
    /// Adds to an attribute.
    pub fn add(&mut self, attribute: &str, more: u128) {
        let sum = self.by.entry(attribute.to_owned()).or_default();
        *sum = sum.saturating_add(more);
    }
}

/// What several rows get.
pub type Sheet = BTreeMap<Row, Sums>;

/// Adds one sheet to another.
pub fn merge(into: &mut Sheet, from: Sheet) {
    for (row, sums) in from {
        let all = into.entry(row).or_default();
        for (attribute, more) in sums.by {
            all.add(&attribute, more);
        }
        all.name = sums.name.or(all.name.take());
    }
}

impl Fact<'_> {
    /// What it adds, without the rows that would have expired at `now`; so an event of long ago leaves no part of a bucket
    /// whose other counters are gone.
    #[must_use]
    pub fn sheet(&self, now: Timestamp) -> Sheet {
        let mut sheet = Sheet::new();
        let mut add = |row: Row, attribute: &str, more: u128, name: Option<&str>| {
            if row.expires_at().is_none_or(|at| at > now.as_second()) {
                let sums = sheet.entry(row).or_default();
                sums.add(attribute, more);
                sums.name = name.map(str::to_owned).or(sums.name.take());
            }
        };
        match *self {
            Self::Event { kind, time, data } => {
                for bucket in Bucket::ALL {
                    add(Row::Types { bucket, start: bucket.start(time) }, kind, 1, None);
                }
                let Some(order) = order(kind, data) else { return sheet };
                let currency = order.total.currency.to_string();
                for bucket in Bucket::ALL {
                    let row = Row::Orders { bucket, start: bucket.start(time), currency: currency.clone() };
                    add(row, kind, order.total.amount.into(), None);
                }
                if kind == EventType::OrderConfirmed.name() {
                    for line in order.lines.iter().take(MAX_LINES) {
                        let (product, currency) = (line.product_id.to_string(), line.total.currency.to_string());
                        let row = Row::Product { day: Bucket::Day.start(time), product, currency };
                        add(row.clone(), PIECES, line.quantity.into(), Some(&line.name));
                        add(row, AMOUNT, line.total.amount.into(), None);
                    }
                }
            }
            Self::Outcome { time, failed, late } => {
                for bucket in Bucket::ALL {
                    for attribute in [failed.then_some(FAILED), late.then_some(LATE)].into_iter().flatten() {
                        add(Row::Types { bucket, start: bucket.start(time) }, attribute, 1, None);
                    }
                }
            }
        }
        sheet
    }
}

/// The order that an event carries. The event was validated when it was read from its topic; if its data cannot be read all
/// the same, the event counts and its value does not.
fn order(kind: &str, data: &str) -> Option<Order> {
    match EventType::from_name(kind)? {
        EventType::OrderCreated | EventType::OrderConfirmed | EventType::OrderRejected => {}
        _ => return None,
    }
    let read = serde_json::from_str(data);
    read.inspect_err(|error| tracing::error!(%error, kind, "the value of an order is not counted")).ok()
}
