//! What requests are known to have done to each ingredient.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::Found;
use crate::ingredient::{Content, Ingredient, restocked};
use crate::journal::{Answer, Journal, Outcome, Request};

/// The path of ingredients.
const INGREDIENTS: &str = "/ingredients";

/// A request's change of an ingredient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Creates or replaces it.
    Set(Content),
    /// Adds to its stock.
    Add(u64),
}

/// A version that an answer names.
pub(super) struct Point {
    pub change: Change,
    pub after: Content,
}

/// What is known of one ingredient.
#[derive(Default)]
pub(super) struct Known {
    /// Known changes, by version.
    pub points: BTreeMap<u64, Point>,
    /// Changes that may have been made, each at most once.
    pub unknown: Vec<Change>,
}

impl Request {
    fn ingredient(&self) -> Option<&str> {
        let id = self.sent.path.strip_prefix(INGREDIENTS)?.strip_prefix('/')?;
        Some(id.strip_suffix("/restock").unwrap_or(id))
    }

    fn is_about_ingredients(&self) -> bool {
        self.sent.path.starts_with(INGREDIENTS)
    }

    fn change(&self) -> Option<Change> {
        if self.sent.path.ends_with("/restock") {
            return restocked(&self.sent.body).map(Change::Add);
        }
        Content::read(&self.sent.body).map(Change::Set)
    }

    /// A key is scoped to its route; a PUT has none.
    fn route_and_key(&self) -> Option<(&str, &str)> {
        let key = self.sent.idempotency_key.as_deref().filter(|_| self.sent.method == "POST")?;
        Some((&self.sent.path, key))
    }
}

/// Reads the journal, and checks each answer by itself.
pub(super) fn read(journal: &Journal, found: &mut Found) -> BTreeMap<String, Known> {
    let mut model: BTreeMap<String, Known> = BTreeMap::new();
    let mut answered: HashMap<(&str, &str), &Answer> = HashMap::new();
    for request in &journal.requests {
        let Some((_, answer)) = request.answer.as_ref().filter(|_| request.outcome() == Outcome::Acknowledged) else {
            continue;
        };
        if request.is_seed() {
            seeded(answer, &mut model);
        }
        if !request.is_about_ingredients() {
            continue;
        }
        if let Some(key) = request.route_and_key() {
            let first = *answered.entry(key).or_insert(answer);
            found.check(first.body == answer.body, "key-answers-differ", key.1, || {
                format!("answered with {} and with {}", first.body, answer.body)
            });
            if !std::ptr::eq(first, answer) {
                continue;
            }
        }
        acknowledged(request, answer, &mut model, found);
    }
    let mut keys = BTreeSet::new();
    let unknown = journal.requests.iter().filter(|it| it.outcome() == Outcome::Unknown && it.is_about_ingredients());
    for request in unknown {
        let counts = request.route_and_key().is_none_or(|key| !answered.contains_key(&key) && keys.insert(key));
        let id = request.ingredient().map(str::to_owned).or_else(|| chosen_id(&request.sent.body));
        if let (true, Some(id), Some(change)) = (counts, id, request.change()) {
            model.entry(id).or_default().unknown.push(change);
        }
    }
    model
}

/// Adds demo data that did not exist before.
fn seeded(answer: &Answer, model: &mut BTreeMap<String, Known>) {
    let Ok(mut body) = serde_json::from_str::<Value>(&answer.body) else { return };
    let Ok(ingredients) = serde_json::from_value::<Vec<Ingredient>>(body["ingredients"].take()) else { return };
    for Ingredient { id, version, content } in ingredients {
        if version == 1 {
            let point = Point { change: Change::Set(content.clone()), after: content };
            model.entry(id).or_default().points.entry(version).or_insert(point);
        }
    }
}

fn acknowledged(request: &Request, answer: &Answer, model: &mut BTreeMap<String, Known>, found: &mut Found) {
    let (Ok(Ingredient { id, version, content }), Some(change)) =
        (serde_json::from_str(&answer.body), request.change())
    else {
        found.add("answer-unreadable", &request.sent.path, answer.body.as_str());
        return;
    };
    let named =
        request.ingredient().is_none_or(|named| named == id) && chosen_id(&request.sent.body).is_none_or(|it| it == id);
    found.check(named && answer.etag == Some(format!("\"{version}\"")), "answer-disagrees", &id, || {
        format!("{} was answered with the ETag {:?} and {}", request.sent.path, answer.etag, answer.body)
    });
    if let Some(wanted) = request.wanted() {
        found.check(version == wanted + 1, "if-match-ignored", &id, || {
            format!("version {version} was made by a request for version {wanted}")
        });
    }
    let as_asked = match &change {
        Change::Set(asked) => *asked == content,
        // The stock before is checked by the walk over the versions.
        Change::Add(quantity) => content.stock >= *quantity,
    };
    found.check(as_asked, "answer-differs-from-request", &id, || {
        format!("{} was answered with {}", request.sent.body, answer.body)
    });
    let known = model.entry(id.clone()).or_default();
    if known.points.insert(version, Point { change, after: content }).is_some() {
        found.add("version-acknowledged-twice", &id, format!("version {version}"));
    }
}

fn chosen_id(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    Some(body.get("id")?.as_str()?.to_owned())
}
