//! What the tasks act on: the store, Kafka, the copies, and what clients have noted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use jiff::Timestamp;
use millrace_delivery::outbox::Entry;
use millrace_judge::Journal;
use millrace_judge::observed::{ArchiveLine, Copy, DeadLetter};

use super::bug::Bug;
use super::kafka::Kafka;

/// When the clock starts: a little before an hour ends, so that archives of both hours are written.
const START: i64 = 1_795_244_380;

/// The world of one run.
#[derive(Default)]
pub struct World {
    /// Whether consumers end when they have caught up.
    pub closing: bool,
    pub bug: Option<Bug>,
    pub store: Store,
    pub kafka: Kafka,
    pub journal: Journal,
    /// Records and writes that take effect although nobody waits for them any more.
    pub late: usize,
    /// When the store is throttled, from and to.
    pub throttled: Vec<RangeInclusive<u64>>,
    /// When each process of the API tries Kafka again.
    pub fast_path: [u64; 2],
}

/// The tables and the bucket. Every access is atomic.
#[derive(Default)]
pub struct Store {
    pub products: BTreeMap<String, Stored>,
    pub orders: BTreeMap<String, StoredOrder>,
    /// Bundles with the time of their commit.
    pub bundles: BTreeMap<String, (u64, Vec<Entry>)>,
    pub outbox: BTreeMap<(String, String), Entry>,
    /// Every change of the outbox with its time: what a read that is eventually consistent may see.
    pub outbox_history: Vec<(u64, (String, String), Option<Entry>)>,
    pub keys: BTreeMap<String, Key>,
    pub log: BTreeMap<String, Copy>,
    pub archive: BTreeMap<String, Vec<ArchiveLine>>,
    pub dead_letters: BTreeMap<String, DeadLetter>,
    /// Client request tokens of committed transactions.
    pub tokens: BTreeSet<u64>,
    /// Id, version and product of each commit, none for a deletion: what the reference model knows.
    pub commits: Vec<(String, u64, Option<String>)>,
}

/// A product's item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    pub version: u64,
    pub body: Option<String>,
    /// The bundle that may still hold events of the version.
    pub bundle: Option<String>,
}

/// An order's item.
#[derive(Debug, Clone)]
pub struct StoredOrder {
    pub id: String,
    pub status: String,
    pub body: String,
    pub bundle: Option<String>,
}

/// What one transaction of the stock consumer writes.
#[derive(Debug, Clone)]
pub struct Take {
    pub orders: Vec<StoredOrder>,
    /// Next versions by id.
    pub products: Vec<(String, Stored)>,
    pub bundle: String,
    pub entries: Vec<Entry>,
}

/// An Idempotency-Key's item.
#[derive(Debug, Clone)]
pub struct Key {
    pub fingerprint: String,
    pub owner: u64,
    /// None where it is finished.
    pub lease_until: Option<u64>,
    pub answer: Option<Reply>,
}

/// An answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub etag: Option<String>,
    pub body: String,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self { status, etag: None, body: String::new() }
    }
}

/// A change of a product with its events, and the answer of its key.
#[derive(Debug, Clone)]
pub struct Change {
    /// A repeat with the token of a committed transaction changes nothing and succeeds.
    pub token: u64,
    pub id: String,
    pub from: u64,
    /// The bundle that the version before names.
    pub bundle: Option<String>,
    pub to: Stored,
    pub entries: Vec<Entry>,
    pub answer: Option<(Claim, Reply)>,
}

/// The right to do the request of a key.
#[derive(Debug, Clone)]
pub struct Claim {
    pub key: String,
    pub owner: u64,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Raced,
    ClaimLost,
}

impl World {
    pub fn new(bug: Option<Bug>) -> Self {
        Self { bug, ..Self::default() }
    }
}

/// The time so many milliseconds after the start.
pub fn time(milliseconds: u64) -> Timestamp {
    Timestamp::from_millisecond(START * 1_000 + milliseconds as i64).unwrap()
}

impl Store {
    /// State, events and answer in one transaction, on condition that the version is `from`.
    pub fn change(&mut self, now: u64, change: Change, bug: Option<Bug>) -> Result<(), Refused> {
        if self.tokens.contains(&change.token) {
            return Ok(());
        }
        let version = self.products.get(&change.id).map_or(0, |stored| stored.version);
        let conditional = bug != Some(Bug::WritesWithoutACondition);
        let claim = change.answer.as_ref().map(|(claim, _)| claim);
        let claim = claim.filter(|_| bug != Some(Bug::CommitsWithoutItsClaim));
        if claim.is_some_and(|claim| self.keys.get(&claim.key).is_none_or(|key| !key.is_held_by(claim.owner))) {
            return Err(Refused::ClaimLost);
        }
        let taken = |entry: &Entry| self.outbox.contains_key(&(entry.aggregate.clone(), entry.entry.clone()));
        if (conditional && version != change.from) || change.entries.iter().any(taken) {
            return Err(Refused::Raced);
        }
        self.tokens.insert(change.token);
        self.commits.push((change.id.clone(), change.to.version, change.to.body.clone()));
        self.products.insert(change.id, change.to);
        for entry in change.entries {
            self.put_entry(now, entry);
        }
        if let Some((claim, reply)) = change.answer {
            self.finish(&claim, reply);
        }
        Ok(())
    }

    /// A new order with its event.
    pub fn add_order(&mut self, now: u64, token: u64, order: StoredOrder, entry: Entry) {
        if self.tokens.insert(token) {
            self.orders.insert(order.id.clone(), order);
            self.put_entry(now, entry);
        }
    }

    /// Decides pending orders, takes from products on condition of their versions, and stores all events as a bundle.
    pub fn take(&mut self, now: u64, token: u64, take: &Take, bug: Option<Bug>) -> Result<(), Refused> {
        if self.tokens.contains(&token) {
            return Ok(());
        }
        let pending = |order: &StoredOrder| self.orders.get(&order.id).is_some_and(|stored| stored.status == "pending");
        let version = |id: &String| self.products.get(id).map_or(0, |stored| stored.version);
        let decided = bug != Some(Bug::DecidesAnOrderEachTime) && !take.orders.iter().all(pending);
        let conditional = bug != Some(Bug::WritesWithoutACondition);
        let changed = conditional && take.products.iter().any(|(id, next)| version(id) + 1 != next.version);
        if decided || changed {
            return Err(Refused::Raced);
        }
        self.tokens.insert(token);
        for (id, next) in &take.products {
            self.commits.push((id.clone(), next.version, next.body.clone()));
            self.products.insert(id.clone(), next.clone());
        }
        self.orders.extend(take.orders.iter().map(|order| (order.id.clone(), order.clone())));
        self.bundles.insert(take.bundle.clone(), (now, take.entries.clone()));
        Ok(())
    }

    pub fn put_entry(&mut self, now: u64, entry: Entry) {
        let key = (entry.aggregate.clone(), entry.entry.clone());
        self.outbox_history.push((now, key.clone(), Some(entry.clone())));
        self.outbox.insert(key, entry);
    }

    /// Whether every order is decided and every event is published.
    pub fn is_at_rest(&self) -> bool {
        let decided = self.orders.values().all(|order| order.status != "pending");
        decided && self.outbox.is_empty() && self.bundles.is_empty()
    }

    pub fn delete_entry(&mut self, now: u64, entry: &Entry) {
        let key = (entry.aggregate.clone(), entry.entry.clone());
        self.outbox_history.push((now, key.clone(), None));
        self.outbox.remove(&key);
    }

    /// When an entry was stored.
    pub fn stored_at(&self, entry: &Entry) -> u64 {
        let put = self.outbox_history.iter().find(|(.., put)| put.as_ref().is_some_and(|put| put == entry));
        put.map_or(0, |(at, ..)| *at)
    }

    /// The outbox as it was at a time.
    pub fn outbox_at(&self, time: u64) -> BTreeMap<(String, String), Entry> {
        let mut outbox = BTreeMap::new();
        for (_, key, entry) in self.outbox_history.iter().take_while(|(at, ..)| *at <= time) {
            match entry {
                Some(entry) => outbox.insert(key.clone(), entry.clone()),
                None => outbox.remove(key),
            };
        }
        outbox
    }

    pub fn finish(&mut self, claim: &Claim, reply: Reply) {
        if let Some(key) = self.keys.get_mut(&claim.key) {
            (key.lease_until, key.answer) = (None, Some(reply));
        }
    }

    /// Gives a claim back.
    pub fn release(&mut self, claim: &Claim) {
        if self.keys.get(&claim.key).is_some_and(|key| key.is_held_by(claim.owner)) {
            self.keys.remove(&claim.key);
        }
    }
}

impl Key {
    fn is_held_by(&self, owner: u64) -> bool {
        self.owner == owner && self.lease_until.is_some()
    }
}
