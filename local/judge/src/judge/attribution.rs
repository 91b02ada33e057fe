//! Nothing is there that nobody asked for.
//!
//! A change that no answer names needs a request of unknown outcome, and each such request (or all requests with one
//! `Idempotency-Key` together) explains at most one change. Which request explains which change is a bipartite
//! matching, so that a wrong guess never hides an invented change or flags a legitimate one.

use std::collections::{BTreeMap, HashMap};

use super::Found;
use super::answers::{Obligations, asked};
use super::topic::Histories;
use crate::event::{Event, Kind};
use crate::journal::{Journal, Outcome, Request};
use crate::product::Content;

/// A change that no answer names.
struct Change<'a> {
    id: &'a str,
    event: &'a Event,
    before: Option<&'a Event>,
}

/// Index of the changes that a request may explain.
#[derive(Default)]
struct Index<'a> {
    by_product: HashMap<&'a str, Vec<usize>>,
    created: BTreeMap<&'a Content, Vec<usize>>,
}

pub(super) fn judge(journal: &Journal, obligations: &Obligations, histories: &Histories, found: &mut Found) {
    let seeded = journal.requests.iter().any(Request::is_seed);
    let changes = unnamed(obligations, histories, seeded);
    let mut index = Index::default();
    for (at, change) in changes.iter().enumerate() {
        index.by_product.entry(change.id).or_default().push(at);
        if let Some(content) = change.event.content().filter(|_| change.event.kind == Kind::ProductCreated) {
            index.created.entry(content).or_default().push(at);
        }
    }
    let mut matching = Matching { taken: vec![None; changes.len()], fits: Vec::new() };
    // An augmenting path keeps what is matched, so the requests that must match go first.
    for request in &obligations.deletions {
        let fits = fitting(request, &changes, &index);
        let lost = || format!("{} was acknowledged, and there is no ProductDeleted for it", request.sent.path);
        found.check(matching.add(fits), "acknowledged-without-event", request.product().unwrap_or_default(), lost);
    }
    let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for request in journal.requests.iter().filter(|it| it.outcome() == Outcome::Unknown && it.is_about_products()) {
        let fits = fitting(request, &changes, &index);
        match request.key() {
            Some(key) if obligations.keys.contains_key(key) => {}
            Some(key) => by_key.entry(key).or_default().extend(fits),
            None => drop(matching.add(fits)),
        }
    }
    for fits in by_key.into_values() {
        matching.add(fits);
    }
    for (change, _) in changes.iter().zip(&matching.taken).filter(|(_, taken)| taken.is_none()) {
        let Change { id, event, .. } = change;
        let evidence =
            format!("{} of version {}, {}, was asked for by nobody", event.kind.name(), event.version, event.data);
        found.add("invented", id, evidence);
    }
}

fn unnamed<'a>(obligations: &Obligations, histories: &Histories<'a>, seeded: bool) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    for (id, history) in histories {
        let mut before = None;
        for (version, events) in &history.changes {
            let named = obligations.versions.contains(&((*id).to_owned(), *version));
            // A second event of a version is a violation of its own. Product changes by orders are explained by them,
            // and demo data by a request for it.
            let otherwise = |event: &Event| event.is_by_orders() || (seeded && event.is_demo_data());
            let by_request = events.iter().filter(|event| !otherwise(event));
            for event in by_request.filter(|event| !named || event.kind == Kind::ProductDeleted) {
                changes.push(Change { id, event, before });
            }
            before = events.last().copied();
        }
    }
    changes
}

/// The changes that a request can have made.
fn fitting(request: &Request, changes: &[Change], index: &Index) -> Vec<usize> {
    let fits = |at: &usize| {
        let Change { event, before, .. } = changes.get(*at)?;
        let version = request.wanted().is_none_or(|wanted| event.version == wanted + 1);
        let fits = match request.sent.method.as_str() {
            "DELETE" => event.kind == Kind::ProductDeleted,
            "PUT" | "PATCH" => {
                event.kind == Kind::ProductUpdated && asked(request, *before).as_ref() == event.content()
            }
            _ => false,
        };
        (version && fits).then_some(*at)
    };
    if !request.is_create() {
        let of_product = request.product().and_then(|id| index.by_product.get(id));
        return of_product.into_iter().flatten().filter_map(fits).collect();
    }
    let chosen = chosen_id(&request.sent.body);
    let created = Content::read(&request.sent.body).and_then(|content| index.created.get(&content));
    let fits = |at: &&usize| {
        // If the client chose no id, the server generated one that was never used.
        changes.get(**at).is_some_and(|change| match &chosen {
            Some(id) => change.id == id,
            None => change.event.version == 1,
        })
    };
    created.into_iter().flatten().filter(fits).copied().collect()
}

fn chosen_id(body: &str) -> Option<String> {
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(body.get("id")?.as_str()?.to_owned())
}

/// Kuhn's algorithm: requests one after the other, each with the changes that it could explain.
struct Matching {
    /// The request that explains each change.
    taken: Vec<Option<usize>>,
    fits: Vec<Vec<usize>>,
}

impl Matching {
    /// Adds a request; false if no change is left for it.
    fn add(&mut self, fits: Vec<usize>) -> bool {
        self.fits.push(fits);
        let mut seen = vec![false; self.taken.len()];
        self.place(self.fits.len() - 1, &mut seen)
    }

    fn place(&mut self, request: usize, seen: &mut [bool]) -> bool {
        let fits = self.fits.get(request).cloned().unwrap_or_default();
        if let Some(free) = fits.iter().find(|at| self.taken.get(**at) == Some(&None)) {
            self.taken[*free] = Some(request);
            return true;
        }
        for at in fits {
            let Some(unseen) = seen.get_mut(at).filter(|seen| !**seen) else { continue };
            *unseen = true;
            let holder = self.taken.get(at).copied().flatten();
            if holder.is_some_and(|holder| self.place(holder, seen)) {
                self.taken[at] = Some(request);
                return true;
            }
        }
        false
    }
}
