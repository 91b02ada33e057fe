//! User activity: what was accepted is on the topic as it was sent, and nothing is there that nobody sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

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
        let body: Value = serde_json::from_str(&self.sent.body).unwrap_or_default();
        match self.sent.path.as_str() {
            path if SINGLE.contains(&path) => vec![activity(&body)],
            BATCH => body["events"].as_array().into_iter().flatten().map(activity).collect(),
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

fn activity(body: &Value) -> Option<Activity> {
    let mut body = body.as_object()?.clone();
    if let Some(kind) = body.remove("eventType") {
        body.entry("type").or_insert(kind);
    }
    serde_json::from_value(body.into()).ok()
}

/// Equal for two activities with the same content; orderable.
fn content(activity: &Activity) -> String {
    let Activity { user_id, kind, payload, event_id } = activity;
    serde_json::json!([user_id, kind, payload, event_id]).to_string()
}

pub(super) fn judge(journal: &Journal, topic: &Topic, found: &mut Found) {
    let mut published: BTreeMap<&str, &Activity> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for read in &topic.records {
        let Ok(Event { id, payload: Payload::Activity(activity), .. }) = &read.event else { continue };
        if read.by_hand {
            // A failing one may be redriven, and then the API publishes it without a request that sends it.
            asked.insert(content(activity));
        } else {
            published.entry(id).or_insert(activity);
        }
    }
    for request in journal.requests.iter().filter(|request| request.outcome() != Outcome::Refused) {
        let activities = request.activities();
        for (activity, id) in activities.iter().zip(request.accepted()) {
            let Some(id) = id else { continue };
            let Some(published) = published.get(id.as_str()) else {
                found.add("acknowledged-missing", &id, format!("{} was accepted", request.sent.path));
                continue;
            };
            found.check(activity.as_ref() == Some(*published), "acknowledged-differs", &id, || {
                format!("accepted was {activity:?}, published {published:?}")
            });
        }
        asked.extend(activities.iter().flatten().map(content));
    }
    for (id, activity) in published {
        found.check(asked.contains(&content(activity)), "invented", id, || format!("{activity:?} was sent by nobody"));
    }
}
