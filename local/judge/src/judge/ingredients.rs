//! Ingredients: each accepted change is one version, orders take what confirmed orders say, and each fall below half is
//! notified once.
//!
//! Answers name only versions that clients asked for; the versions between are those of orders, which only take. So the
//! stock between two answers is known at both ends, and with it whether it fell below half there. The stock before a
//! replacement is unknown if orders came between; then the judge trusts the notices.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Found;
use super::stock_model::{self, Change, Known, Point};
use super::topic::Events;
use crate::event::{Event, Payload};
use crate::ingredient::{Content, Ingredient};
use crate::journal::{Journal, Outcome};
use crate::observed::{Observed, StoredIngredient};
use crate::order::{Notify, Order};

/// What confirmed orders take: the amount, and the number of orders.
type Owed = BTreeMap<String, (u128, u64)>;

pub(super) fn judge(journal: &Journal, notices: &Events, observed: &Observed, found: &mut Found) {
    let mut model = stock_model::read(journal, found);
    let mut owed = owed(observed);
    let maybe_seeded = journal.requests.iter().any(|it| it.is_seed() && it.outcome() != Outcome::Refused);
    for stored in &observed.ingredients {
        let known = model.remove(&stored.id).unwrap_or_default();
        let owed = owed.remove(&stored.id).unwrap_or_default();
        let events = notices.get(stored.id.as_str()).map_or(&[][..], Vec::as_slice);
        one(stored, known, owed, events, maybe_seeded, found);
    }
    for (id, known) in model.iter().filter(|(_, known)| !known.points.is_empty()) {
        let versions: Vec<&u64> = known.points.keys().collect();
        found.add(
            "acknowledged-missing",
            id,
            format!("versions {versions:?} were acknowledged, and nothing is stored"),
        );
    }
    for (id, (amount, _)) in owed.iter().filter(|(_, (amount, _))| *amount > 0) {
        found.add("ingredient-taken-differs", id, format!("confirmed orders took {amount} of what is not stored"));
    }
    let stored: Vec<&str> = observed.ingredients.iter().map(|stored| stored.id.as_str()).collect();
    for id in notices.keys().filter(|id| !stored.contains(*id)) {
        found.add("notice-invented", id, "no such ingredient is stored");
    }
}

fn owed(observed: &Observed) -> Owed {
    let mut owed = Owed::new();
    for stored in observed.orders.iter().filter(|order| order.status == "confirmed") {
        let Ok(order) = serde_json::from_str::<Order>(&stored.body) else { continue };
        for (id, amount) in order.takes() {
            let (all, orders) = owed.entry(id.to_owned()).or_default();
            (*all, *orders) = (*all + amount, *orders + 1);
        }
    }
    owed
}

fn one(
    stored: &StoredIngredient,
    mut known: Known,
    (owed, orders): (u128, u64),
    events: &[&Event],
    maybe_seeded: bool,
    found: &mut Found,
) {
    let id = stored.id.as_str();
    let last = match serde_json::from_str::<Ingredient>(&stored.body) {
        Ok(last) => last,
        Err(why) => return found.add("ingredient-unreadable", id, format!("{why}: {}", stored.body)),
    };
    let consistent = (last.id.as_str(), last.version) == (id, stored.version);
    found.check(consistent, "ingredient-inconsistent", id, || stored.body.clone());
    if let Some((version, point)) = known.points.last_key_value() {
        found.check(stored.version >= *version, "acknowledged-missing", id, || {
            format!("version {version} was acknowledged, stored is version {}", stored.version)
        });
        found.check(stored.version != *version || point.after == last.content, "acknowledged-differs", id, || {
            format!("acknowledged was {:?}, stored is {}", point.after, stored.body)
        });
    }
    if !known.points.contains_key(&1) && !begin(&mut known) {
        found.check(maybe_seeded || !known.unknown.is_empty(), "invented", id, || {
            format!("{} was asked for by nobody", stored.body)
        });
    }
    let most = (known.points.len() + known.unknown.len()) as u64 + orders + u64::from(maybe_seeded);
    found.check(stored.version <= most, "ingredient-version-unexplained", id, || {
        format!("version {} of {most} changes that were asked for", stored.version)
    });
    let notices = notices(id, stored, events, found);
    if known.unknown.is_empty() && known.points.contains_key(&1) {
        Walk::of(id, &known.points, notices, found).end(stored.version, &last.content, owed);
    }
}

/// Finds the request that created the first version if its answer is missing; false if it is ambiguous.
fn begin(known: &mut Known) -> bool {
    let sets = |change: &&Change| matches!(change, Change::Set(_));
    let Some(Change::Set(content)) = known.unknown.iter().find(sets).cloned() else { return false };
    let set = Change::Set(content.clone());
    if known.unknown.iter().filter(sets).any(|other| *other != set) {
        return false;
    }
    if let Some(at) = known.unknown.iter().position(|change| *change == set) {
        known.unknown.swap_remove(at);
    }
    known.points.insert(1, Point { change: set, after: content });
    true
}

/// Notices by version, each checked by itself.
fn notices<'a>(
    id: &str,
    stored: &StoredIngredient,
    events: &[&'a Event],
    found: &mut Found,
) -> BTreeMap<u64, &'a Notify> {
    let mut notices = BTreeMap::new();
    for event in events {
        let Payload::Notify(notice) = &event.payload else { continue };
        let below = 2 * u128::from(notice.stock) < u128::from(notice.full_level);
        found.check(below, "notice-above-half", id, || event.data.clone());
        found.check((1..=stored.version).contains(&notice.version), "notice-invented", id, || {
            format!("of version {}, and it is stored at {}", notice.version, stored.version)
        });
        let twice = notices.insert(notice.version, notice).is_some();
        found.check(!twice, "notice-twice", id, || format!("version {}", notice.version));
    }
    notices
}

/// Steps from one known version to the next.
struct Walk<'a> {
    id: &'a str,
    found: &'a mut Found,
    notices: BTreeMap<u64, &'a Notify>,
    version: u64,
    now: Content,
    /// Whether the next fall below half is notified.
    armed: bool,
    taken: u128,
    /// Whether the taken amount is known everywhere.
    exact: bool,
}

impl<'a> Walk<'a> {
    fn of(
        id: &'a str,
        points: &BTreeMap<u64, Point>,
        notices: BTreeMap<u64, &'a Notify>,
        found: &'a mut Found,
    ) -> Walk<'a> {
        let mut points = points.iter();
        let now = points.next().map(|(_, point)| point.after.clone()).unwrap_or_default();
        let armed = now.half(now.stock).is_ge();
        let mut walk = Walk { id, found, notices, version: 1, now, armed, taken: 0, exact: true };
        for (version, point) in points {
            walk.go(*version, point);
        }
        walk
    }

    fn go(&mut self, version: u64, Point { change, after }: &Point) {
        match change {
            Change::Add(quantity) => {
                self.orders(version, Some(after.stock.saturating_sub(*quantity)));
                let same = Content { stock: after.stock, ..self.now.clone() } == *after;
                self.check(same, "answer-differs-from-request", || {
                    format!("version {version} is {after:?}, and only its stock was restocked")
                });
            }
            Change::Set(_) => {
                let untouched = version == self.version + 1;
                self.orders(version, untouched.then_some(self.now.stock));
            }
        }
        let falls = self.armed && after.half(after.stock).is_lt();
        self.now = after.clone();
        self.check_notices(version..=version, falls, after.stock..=after.stock);
        self.armed = after.half(after.stock).is_gt() || (self.armed && !falls);
        self.version = version;
    }

    /// Orders between the known version and the next one, which leave `left` if that is known.
    fn orders(&mut self, next: u64, left: Option<u64>) {
        let changes = next.saturating_sub(self.version + 1);
        let (before, first) = (self.now.stock, self.version + 1);
        let Some(left) = left else {
            self.exact = false;
            let notified = self.notices.range(first..next).next().is_some();
            self.check_notices(first..=next - 1, notified && self.armed, 0..=before);
            self.armed &= !notified;
            return;
        };
        // Each version takes something, and nothing is taken without a version.
        let possible =
            if changes == 0 { left == before } else { before.checked_sub(changes).is_some_and(|most| left <= most) };
        self.check(possible, "ingredient-stock-differs", || {
            format!("it was {before} at version {}, and {left} before version {next}", first - 1)
        });
        self.taken += u128::from(before.saturating_sub(left));
        let falls = self.armed && self.now.half(left).is_lt();
        self.check_notices(first..=next.saturating_sub(1), falls, left..=before);
        self.armed &= !falls;
        self.now.stock = left;
    }

    /// Within these versions, there is one notice if the stock `falls`, and none otherwise.
    fn check_notices(&mut self, versions: RangeInclusive<u64>, falls: bool, stocks: RangeInclusive<u64>) {
        let notified: Vec<u64> = self.notices.keys().copied().filter(|version| versions.contains(version)).collect();
        self.check(notified.len() == usize::from(falls), "notice-wrong", || {
            let fell = if falls { "fell below half" } else { "had no fall to tell" };
            format!("it {fell} in the versions {versions:?}, and notices are of {notified:?}")
        });
        for version in notified {
            let Some(notice) = self.notices.remove(&version) else { continue };
            let tells = (&notice.name, &notice.unit, notice.full_level, &notice.email);
            let Content { name, unit, full_level, alert_email, .. } = &self.now;
            let same = tells == (name, unit, *full_level, alert_email) && stocks.contains(&notice.stock);
            let now = self.now.clone();
            self.check(same, "notice-differs", || format!("{notice:?} does not tell {now:?}"));
        }
    }

    fn end(mut self, version: u64, last: &Content, owed: u128) {
        self.orders(version + 1, Some(last.stock));
        let same = Content { stock: last.stock, ..self.now.clone() } == *last;
        self.check(same, "acknowledged-differs", || format!("stored is {last:?}"));
        let rest: Vec<u64> = self.notices.keys().copied().collect();
        self.check(rest.is_empty(), "notice-wrong", || format!("notices of the versions {rest:?}, which are no falls"));
        let (taken, exact) = (self.taken, self.exact);
        self.check(taken == owed || (!exact && taken <= owed), "ingredient-taken-differs", || {
            format!("{taken} were taken, and confirmed orders have {owed}")
        });
    }

    fn check(&mut self, holds: bool, code: &'static str, evidence: impl FnOnce() -> String) {
        self.found.check(holds, code, self.id, evidence);
    }
}
