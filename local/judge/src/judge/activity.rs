//! User activity: what was accepted is on the topic as it was sent, and nothing is there that nobody sent.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Found;
use super::topic::Topic;
use crate::activity::Activity;
use crate::event::{Event, Payload};
use crate::journal::{Journal, Outcome, Request};

/// The path for single events, and its alias.
const SINGLE: [&str; 2] = ["/events", "/events/generate"];

/// The path for many events.
const BATCH: &str = "/events/batch";

impl Request {
    /// The events that the request sends, in order; `None` for what is not an event.
    fn activities(&self) -> Vec<Option<Activity>> {
        match self.sent.path.as_str() {
            path if SINGLE.contains(&path) => vec![activity(&self.sent.body)],
            BATCH => {
                let batch: Option<Batch> = serde_json::from_str(&self.sent.body).ok();
                batch.into_iter().flat_map(|batch| batch.events).map(|event| activity(event.get())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The ids of the events that its answer accepts, each at its event's index.
    fn accepted(&self) -> Vec<Option<String>> {
        let Some((_, answer)) = self.answer.as_ref().filter(|_| self.outcome() == Outcome::Acknowledged) else {
            return Vec::new();
        };
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let id = |result: &Value| Some(result["eventId"].as_str()?.to_owned());
        match body["results"].as_array() {
            Some(results) => {
                results.iter().map(|result| id(result).filter(|_| result["status"] == "accepted")).collect()
            }
            None => vec![id(&body)],
        }
    }
}

#[derive(Deserialize)]
struct Batch {
    events: Vec<Box<RawValue>>,
}

/// An event from its text, because a parsed number may have lost digits.
fn activity(body: &str) -> Option<Activity> {
    let mut body: BTreeMap<String, Box<RawValue>> = serde_json::from_str(body).ok()?;
    if let Some(kind) = body.remove("eventType") {
        body.entry("type".to_owned()).or_insert(kind);
    }
    serde_json::from_str(&serde_json::to_string(&body).ok()?).ok()
}

pub(super) fn judge(journal: &Journal, topic: &Topic, found: &mut Found) {
    // An id belongs to its user, and a user may use it for another event, which is then a dead letter.
    let mut published: BTreeMap<(&str, &str), BTreeSet<&Activity>> = BTreeMap::new();
    let mut asked: BTreeSet<Activity> = BTreeSet::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for read in &topic.records {
        let Ok(Event { id, source, payload: Payload::Activity(activity), .. }) = &read.event else { continue };
        if read.by_hand {
            // A failing one may be redriven, and then the API publishes it without a request that sends it.
            asked.insert(activity.clone());
            continue;
        }
        published.entry((&activity.user_id, id)).or_default().insert(activity);
        let owner = *owners.entry(source).or_insert(&activity.user_id);
        // But for redrives, whose source another producer chose.
        let shared = owner != activity.user_id && !asked.contains(activity);
        found.check(!shared, "source-shared", source, || format!("{owner} and {} have one source", activity.user_id));
    }
    for request in journal.requests.iter().filter(|request| request.outcome() != Outcome::Refused) {
        let activities = request.activities();
        for (activity, id) in activities.iter().zip(request.accepted()) {
            let Some(id) = id else { continue };
            let Some(activity) = activity else {
                found.add("acknowledged-differs", &id, "accepted was no event");
                continue;
            };
            let Some(published) = published.get(&(activity.user_id.as_str(), id.as_str())) else {
                found.add("acknowledged-missing", &id, format!("{} was accepted", request.sent.path));
                continue;
            };
            found.check(published.contains(activity), "acknowledged-differs", &id, || {
                format!("accepted was {activity:?}, published {published:?}")
            });
        }
        asked.extend(activities.into_iter().flatten());
    }
    for ((_, id), activities) in published {
        for activity in activities {
            found.check(asked.contains(activity), "invented", id, || format!("{activity:?} was sent by nobody"));
        }
    }
}
