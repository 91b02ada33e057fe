//! What the analytics count, defined here independently of the functions.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::observed::Copy;
use super::order::Order;

/// A bucket or a day of products, what in it, and which counter.
pub type Counter = (String, String, String);

/// The counters.
pub type Counters = BTreeMap<Counter, u128>;

/// Most lines of an order whose products are counted.
const LINES: usize = 50;

/// The lengths of a bucket, and how its start is written.
const BUCKETS: [(&str, &str); 3] =
    [("minute", "%Y-%m-%dT%H:%M:00Z"), ("hour", "%Y-%m-%dT%H:00:00Z"), ("day", "%Y-%m-%dT00:00:00Z")];

/// How long counters are certainly kept; behind it they may be gone.
const MINUTES_KEPT: SignedDuration = SignedDuration::from_hours(6 * 24);
const KEPT: SignedDuration = SignedDuration::from_hours(399 * 24);

/// What became of a user's activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// When the activity happened.
    pub time: Timestamp,
    /// It failed.
    pub failed: bool,
    /// It was processed after its turn.
    pub late: bool,
}

/// What the analytics table has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analytics {
    /// The counters, summed over the shards.
    pub counters: Counters,
    /// The outcomes that it was told.
    pub outcomes: Vec<Outcome>,
}

impl Analytics {
    /// Events that are counted so far, by the counters of days.
    pub fn events(&self) -> u128 {
        let days = self.counters.iter().filter(|((bucket, what, counter), _)| {
            bucket == "day" && !what.contains('#') && !["failed", "late"].contains(&counter.as_str())
        });
        days.map(|(_, count)| count).sum()
    }

    /// Outcomes that are counted, and those that were told: each that failed and each that was late.
    pub fn outcomes(&self) -> (u128, u128) {
        let days = self
            .counters
            .iter()
            .filter(|((bucket, _, counter), _)| bucket == "day" && ["failed", "late"].contains(&counter.as_str()));
        let told = self.outcomes.iter().map(|it| u128::from(it.failed) + u128::from(it.late));
        (days.map(|(_, count)| count).sum(), told.sum())
    }
}

/// What the events of the log and the outcomes add up to.
pub fn expected(log: &[Copy], outcomes: &[Outcome]) -> Counters {
    let mut counters = Counters::new();
    let mut add = |bucket: &str, what: String, counter: &str, more: u128| {
        *counters.entry((bucket.to_owned(), what, counter.to_owned())).or_default() += more;
    };
    let start = |time: Timestamp, form: &str| time.to_zoned(TimeZone::UTC).strftime(form).to_string();
    for copy in log {
        let Some(time) = copy.time else { continue };
        for (bucket, form) in BUCKETS {
            add(bucket, start(time, form), &copy.kind, 1);
        }
        let is_order = ["OrderCreated", "OrderConfirmed", "OrderRejected"].contains(&copy.kind.as_str());
        let Some(order) = serde_json::from_str::<Order>(&copy.data).ok().filter(|_| is_order) else { continue };
        for (bucket, form) in BUCKETS {
            let what = format!("{}#{}", start(time, form), order.total.currency);
            add(bucket, what, &copy.kind, order.total.amount.into());
        }
        if copy.kind == "OrderConfirmed" {
            let day = format!("products#{}", start(time, BUCKETS[2].1));
            for line in order.lines.iter().take(LINES) {
                let what = format!("{}#{}", line.product_id, line.total.currency);
                add(&day, what.clone(), "pieces", line.quantity.into());
                add(&day, what, "amount", line.total.amount.into());
            }
        }
    }
    for Outcome { time, failed, late } in outcomes {
        for (bucket, form) in BUCKETS {
            for (counter, is) in [("failed", failed), ("late", late)] {
                if *is {
                    add(bucket, start(*time, form), counter, 1);
                }
            }
        }
    }
    counters
}

/// Whether a counter is certainly kept at `now`.
pub fn is_kept((bucket, what, _): &Counter, now: Timestamp) -> bool {
    let (kept, start) = match bucket.as_str() {
        "day" => return true,
        "minute" => (MINUTES_KEPT, what.split('#').next()),
        "hour" => (KEPT, what.split('#').next()),
        products => (KEPT, products.split('#').nth(1)),
    };
    let start = start.and_then(|start| start.parse::<Timestamp>().ok());
    start.is_none_or(|start| start > now.checked_sub(kept).unwrap_or(Timestamp::MIN))
}
