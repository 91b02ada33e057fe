//! The model of counting: whatever Lambda repeats, in whatever cut and order, and wherever calls fail, fall silent or come from
//! a copy that was thought dead, each record counts once.

use std::collections::BTreeMap;
use std::sync::Mutex;

use fastrand::Rng;
use jiff::Timestamp;
use millrace_platform::dynamo::StoreError;
use millrace_store::analytics::{AMOUNT, Bucket, FAILED, Fact, LATE, PIECES, Row, Sheet, Sums, merge};
use serde_json::json;

use crate::batch::{Read, StreamBatch};
use crate::count::{Counted, Ledger, MAX_ROWS, Shard, count};
use crate::sequence::Sequence;

const RUNS: u64 = 300;

const SHARD: Shard<'static> = Shard { stream: "arn", id: "shard" };

/// A table whose calls may fail before they act and after, and between whose calls another copy may count.
struct Model<'a> {
    state: Mutex<(Option<Sequence>, Sheet)>,
    random: Mutex<Rng>,
    records: &'a [Read],
    /// Whether the condition of the watermark is left out, to show that the model sees it.
    careless: bool,
}

impl Model<'_> {
    fn chance(&self, percent: u32) -> bool {
        self.random.lock().unwrap().u32(0..100) < percent
    }
}

impl Ledger for Model<'_> {
    async fn watermark(&self, _: &Shard<'_>) -> Result<Option<Sequence>, StoreError> {
        if self.chance(3) {
            return Err(StoreError::Unavailable("not read".to_owned()));
        }
        Ok(self.state.lock().unwrap().0.clone())
    }

    async fn add(
        &self,
        _: &Shard<'_>,
        before: Option<&Sequence>,
        to: &Sequence,
        sheet: &Sheet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        assert!(sheet.len() <= MAX_ROWS, "{} rows", sheet.len());
        let silent = |why: &str| Err(StoreError::Unavailable(why.to_owned()));
        if self.chance(10) {
            return silent("not written");
        }
        if self.chance(10) {
            // A copy counts one record more than is counted so far, between this one's read and its write.
            let mut state = self.state.lock().unwrap();
            let at = state.0.clone();
            if let Some(next) = self.records.iter().find(|record| at.as_ref().is_none_or(|at| record.sequence > *at)) {
                state.0 = Some(next.sequence.clone());
                merge(&mut state.1, next.fact().unwrap().sheet(now));
            }
        }
        {
            let mut state = self.state.lock().unwrap();
            if state.0.as_ref() != before && !self.careless {
                return Err(StoreError::Condition(vec![0]));
            }
            state.0 = Some(to.clone());
            merge(&mut state.1, sheet.clone());
        }
        if self.chance(10) { silent("written, but the answer is lost") } else { Ok(()) }
    }
}

/// Random records: events of a few types in few or many buckets, orders, outcomes.
fn records(random: &mut Rng, now: Timestamp) -> Vec<Read> {
    let count = random.usize(1..60);
    let records: Vec<_> = (0..count)
        .map(|at| {
            json!({"dynamodb": {
                "SequenceNumber": (95 + 4 * at + random.usize(0..3)).to_string(), "NewImage": image(random, now)
            }})
        })
        .collect();
    let batch: StreamBatch = serde_json::from_slice(json!({"Records": records}).to_string().as_bytes()).unwrap();
    batch.read().unwrap()
}

fn image(random: &mut Rng, now: Timestamp) -> serde_json::Value {
    let span = [1, 600, 86_400 * 3, 86_400 * 500][random.usize(0..4)];
    let time = Timestamp::from_second(now.as_second() - random.i64(0..span)).unwrap().to_string();
    let kind = ["OrderConfirmed", "OrderRejected", "UserActivity", "Unheard"][random.usize(0..4)];
    if random.u32(0..5) == 0 {
        let (failed, late) = (random.bool(), random.bool());
        return json!({"time": {"S": time}, "failed": {"BOOL": failed}, "late": {"BOOL": late}});
    }
    json!({"time": {"S": time}, "type": {"S": kind}, "data": {"S": order(random).to_string()}})
}

fn order(random: &mut Rng) -> serde_json::Value {
    let price = |amount: u64, currency: &str| json!({"amount": amount, "currency": currency});
    let currency = ["EUR", "JPY", "USD"][random.usize(0..3)];
    let lines: Vec<_> = (0..random.usize(1..=70))
        .map(|at| {
            let (quantity, amount) = (random.u64(1..=9), random.u64(0..=u64::MAX));
            json!({"productId": format!("p{at}"), "name": "P", "quantity": quantity, "unitPrice": price(1, currency),
                   "total": price(amount, currency), "recipe": []})
        })
        .collect();
    let time = "2026-11-28T00:00:00Z";
    json!({"id": "o", "status": "confirmed", "lines": lines, "total": price(random.u64(..), currency), "version": 2,
           "createdAt": time, "updatedAt": time})
}

/// What is to be counted, written down plainly: the sum of every row and attribute.
fn reference(records: &[Read], now: Timestamp) -> BTreeMap<(String, String), u128> {
    let mut sums = BTreeMap::new();
    let mut add = |row: &Row, attribute: &str, more: u128| {
        let days = match row {
            Row::Types { bucket: Bucket::Day, .. } | Row::Orders { bucket: Bucket::Day, .. } => i64::MAX / 86_400 / 2,
            Row::Types { bucket: Bucket::Minute, .. } | Row::Orders { bucket: Bucket::Minute, .. } => 7,
            _ => 400,
        };
        let (start, seconds) = match row {
            Row::Types { bucket, start } | Row::Orders { bucket, start, .. } => (*start, bucket.seconds()),
            Row::Product { day, .. } => (*day, 86_400),
        };
        if start.as_second() + seconds + days * 86_400 > now.as_second() {
            *sums.entry((format!("{row:?}"), attribute.to_owned())).or_insert(0) += more;
        }
    };
    for record in records {
        let (kind, time, data, failed, late) = match record.fact().unwrap() {
            Fact::Event { kind, time, data } => (kind, time, data, false, false),
            Fact::Outcome { time, failed, late } => ("", time, "{}", failed, late),
        };
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        for bucket in Bucket::ALL {
            let seconds = bucket.seconds();
            let start = Timestamp::from_second(time.as_second() / seconds * seconds).unwrap();
            let types = Row::Types { bucket, start };
            if !kind.is_empty() {
                add(&types, kind, 1);
            }
            for (attribute, is) in [(FAILED, failed), (LATE, late)] {
                if is {
                    add(&types, attribute, 1);
                }
            }
            if kind.starts_with("Order") {
                let row = Row::Orders { bucket, start, currency: text(&data["total"]["currency"]) };
                add(&row, kind, data["total"]["amount"].as_u64().unwrap().into());
            }
        }
        if kind == "OrderConfirmed" {
            let day = Timestamp::from_second(time.as_second() / 86_400 * 86_400).unwrap();
            for line in data["lines"].as_array().unwrap().iter().take(50) {
                let (product, currency) = (text(&line["productId"]), text(&line["total"]["currency"]));
                let row = Row::Product { day, product, currency };
                add(&row, PIECES, line["quantity"].as_u64().unwrap().into());
                add(&row, AMOUNT, line["total"]["amount"].as_u64().unwrap().into());
            }
        }
    }
    sums
}

fn plain(sheet: &Sheet) -> BTreeMap<(String, String), u128> {
    let each = |(row, sums): (&Row, &Sums)| {
        let row = format!("{row:?}");
        sums.by.iter().map(move |(name, sum)| ((row.clone(), name.clone()), *sum)).collect::<Vec<_>>()
    };
    sheet.iter().flat_map(each).collect()
}

/// Delivers a shard as Lambda does: each record in order for the first time, after which any cut of what was delivered may
/// come again. Returns whether the counters are those of the reference.
fn run(seed: u64, careless: bool) -> bool {
    let mut random = Rng::with_seed(seed);
    let now: Timestamp = "2026-11-28T05:12:00Z".parse().unwrap();
    let records = records(&mut random, now);
    let model = Model { state: Mutex::default(), random: Mutex::new(random.fork()), records: &records, careless };
    let deliver = |from: usize, to: usize| {
        let mut counted = Counted::default();
        futures::executor::block_on(count(&model, &SHARD, &records[from..to], now, &mut counted))
    };
    let mut next = 0;
    while next < records.len() {
        let end = random.usize(next + 1..=records.len());
        // Lambda retries from where it was until the batch succeeds, in the same cut or another.
        while deliver(next, end).is_err() {}
        next = end;
        while random.u32(0..3) == 0 {
            let from = random.usize(0..next);
            let _ = deliver(from, random.usize(from + 1..=next));
        }
    }
    let state = model.state.lock().unwrap();
    plain(&state.1) == reference(&records, now)
}

#[test]
fn every_record_is_counted_once_whatever_is_repeated_cut_anew_or_cut_off() {
    for seed in 0..RUNS {
        assert!(run(seed, false), "seed {seed}");
    }
}

#[test]
fn the_model_sees_a_watermark_that_is_moved_without_its_condition() {
    assert!((0..RUNS).any(|seed| !run(seed, true)));
}
