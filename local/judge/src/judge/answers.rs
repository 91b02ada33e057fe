//! What was acknowledged is there, as it was acknowledged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Found;
use super::topic::Histories;
use crate::event::{Event, Payload};
use crate::journal::{Answer, Journal, Outcome, Request};
use crate::observed::{Observed, StoredProduct};
use crate::product::{Content, Product};

/// The path at which products are created.
const PRODUCTS: &str = "/products";

/// The paths at which orders are created.
const ORDERS: [&str; 2] = ["/orders", "/order"];

/// The paths that load demo data.
const SEEDS: [&str; 2] = ["/orders/seed", "/order/seed"];

/// What acknowledged requests account for.
#[derive(Default)]
pub(super) struct Obligations<'a> {
    /// Versions that an answer names.
    pub versions: BTreeSet<(String, u64)>,
    /// Deletions, whose answer does not name the version.
    pub deletions: Vec<&'a Request>,
    /// Keys with an acknowledged answer, which accounts for all requests with the key.
    pub keys: BTreeMap<&'a str, &'a Answer>,
}

/// An acknowledged version.
struct Acknowledged<'a> {
    request: &'a Request,
    answer: &'a Answer,
    /// Line on which it was sent; with a key, the line of the first request with that key, since that one may have
    /// created it.
    asked_at: usize,
    answered_at: usize,
    product: Product,
}

impl Request {
    /// The `Idempotency-Key`, if the API uses it for this request.
    pub(super) fn key(&self) -> Option<&str> {
        self.sent.idempotency_key.as_deref().filter(|_| self.is_create())
    }

    pub(super) fn is_create(&self) -> bool {
        self.sent.method == "POST" && self.sent.path == PRODUCTS
    }

    pub(super) fn is_order(&self) -> bool {
        ORDERS.contains(&self.sent.path.as_str())
    }

    /// Whether it asks for demo data, which includes products.
    pub(super) fn is_seed(&self) -> bool {
        SEEDS.contains(&self.sent.path.as_str())
    }

    pub(super) fn is_about_products(&self) -> bool {
        self.sent.path.starts_with(PRODUCTS)
    }

    /// The product that the path names.
    pub(super) fn product(&self) -> Option<&str> {
        self.sent.path.strip_prefix(PRODUCTS)?.strip_prefix('/')
    }

    /// The version that `If-Match` requires.
    pub(super) fn wanted(&self) -> Option<u64> {
        self.sent.if_match.as_deref()?.trim_matches('"').parse().ok()
    }
}

pub(super) fn judge<'a>(
    journal: &'a Journal,
    histories: &Histories,
    observed: &Observed,
    found: &mut Found,
) -> Obligations<'a> {
    let stored: HashMap<&str, &StoredProduct> =
        observed.products.iter().map(|product| (product.id.as_str(), product)).collect();
    let mut first_asked: HashMap<&str, usize> = HashMap::new();
    for request in &journal.requests {
        if let Some(key) = request.key() {
            first_asked.entry(key).or_insert(request.sent_at);
        }
    }
    let mut obligations = Obligations::default();
    let mut by_product: BTreeMap<String, Vec<Acknowledged>> = BTreeMap::new();
    for request in journal.requests.iter().filter(|it| it.outcome() == Outcome::Acknowledged && it.is_about_products())
    {
        let Some((answered_at, answer)) = &request.answer else { continue };
        if let Some(key) = request.key() {
            let first = *obligations.keys.entry(key).or_insert(answer);
            found.check(first == answer, "key-answers-differ", key, || {
                format!("answered with {} and with {}", first.body, answer.body)
            });
            if !std::ptr::eq(first, answer) {
                continue;
            }
        }
        if request.sent.method == "DELETE" {
            obligations.deletions.push(request);
            continue;
        }
        match serde_json::from_str::<Product>(&answer.body) {
            Ok(product) => {
                let asked_at = request.key().and_then(|key| first_asked.get(key)).copied();
                let asked_at = asked_at.unwrap_or(request.sent_at);
                let acknowledged = Acknowledged { request, answer, asked_at, answered_at: *answered_at, product };
                by_product.entry(acknowledged.product.id.clone()).or_default().push(acknowledged);
            }
            Err(error) => found.add("answer-unreadable", &request.sent.path, format!("{error}: {}", answer.body)),
        }
    }
    for (id, acknowledged) in &by_product {
        for one in acknowledged {
            check_answer(one, found);
            check_stored(one, stored.get(id.as_str()).copied(), found);
            check_event(one, histories, found);
            if !obligations.versions.insert((id.clone(), one.product.version)) {
                found.add("version-acknowledged-twice", id, format!("version {}", one.product.version));
            }
        }
        check_time(id, acknowledged, found);
    }
    obligations
}

/// Checks that the answer fits the request.
fn check_answer(Acknowledged { request, answer, product, .. }: &Acknowledged, found: &mut Found) {
    let tag = format!("\"{}\"", product.version);
    found.check(answer.etag.as_ref() == Some(&tag), "answer-disagrees", &product.id, || {
        format!("the ETag is {:?}, and the body {}", answer.etag, answer.body)
    });
    let named = request.product().is_none_or(|id| id == product.id);
    found.check(named, "answer-disagrees", &product.id, || format!("{} was asked", request.sent.path));
    if let Some(wanted) = request.wanted() {
        found.check(product.version == wanted + 1, "if-match-ignored", &product.id, || {
            format!("version {} was made by a request for version {wanted}", product.version)
        });
    }
}

fn check_stored(
    Acknowledged { answer, product, .. }: &Acknowledged,
    stored: Option<&StoredProduct>,
    found: &mut Found,
) {
    let Product { id, version, .. } = product;
    let Some(stored) = stored.filter(|stored| stored.version >= *version) else {
        let stored = stored.map_or("nothing".to_owned(), |stored| format!("version {}", stored.version));
        found.add("acknowledged-missing", id, format!("version {version} was acknowledged, stored is {stored}"));
        return;
    };
    let same = stored.version > *version || stored.body.as_ref() == Some(&answer.body);
    found.check(same, "acknowledged-differs", id, || {
        format!("acknowledged was {}, stored is {:?}", answer.body, stored.body)
    });
}

/// Checks that the change event has the acknowledged body, and that this is what the request makes of the previous
/// version.
fn check_event(Acknowledged { request, answer, product, .. }: &Acknowledged, histories: &Histories, found: &mut Found) {
    let Product { id, version, content, .. } = product;
    let history = histories.get(id.as_str());
    let changes =
        |version: u64| history.and_then(|history| history.changes.get(&version)).map_or(&[][..], Vec::as_slice);
    let events = changes(*version);
    if events.is_empty() {
        found.add("acknowledged-without-event", id, format!("version {version} was acknowledged"));
    }
    found.check(events.is_empty() || events.iter().any(|event| event.data == answer.body), "event-differs", id, || {
        let data: Vec<&str> = events.iter().map(|event| event.data.as_str()).collect();
        format!("acknowledged was {}, published {data:?}", answer.body)
    });
    let before = changes(version.wrapping_sub(1)).last().copied();
    // A missing previous version is another rule's violation.
    if let Some(asked) = asked(request, before) {
        found.check(asked == *content, "answer-differs-from-request", id, || {
            format!("{} {} was answered with {}", request.sent.method, request.sent.body, answer.body)
        });
    }
}

/// What a request makes of a product, given the change before it.
pub(super) fn asked(request: &Request, before: Option<&Event>) -> Option<Content> {
    match (request.sent.method.as_str(), before.map(|before| &before.payload)) {
        ("POST" | "PUT", _) => Content::read(&request.sent.body),
        ("PATCH", Some(Payload::Product(before))) => before.content.patched(&request.sent.body),
        _ => None,
    }
}

/// If one request was answered before another was sent, it has the lower version.
fn check_time(id: &str, acknowledged: &[Acknowledged], found: &mut Found) {
    let mut answered: Vec<(usize, u64)> =
        acknowledged.iter().map(|one| (one.answered_at, one.product.version)).collect();
    answered.sort_unstable();
    // The highest version that had been answered by then.
    let mut highest = 0;
    for (_, version) in &mut answered {
        highest = highest.max(*version);
        *version = highest;
    }
    for one in acknowledged {
        let before = answered.partition_point(|(at, _)| *at < one.asked_at);
        let Some((_, seen)) = before.checked_sub(1).and_then(|last| answered.get(last)) else { continue };
        found.check(*seen < one.product.version, "went-back", id, || {
            format!("version {} was asked for after version {seen} had been answered", one.product.version)
        });
    }
}
