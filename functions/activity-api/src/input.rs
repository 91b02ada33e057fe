//! Parses request bodies. Each item of a batch is validated by itself.

use std::collections::BTreeMap;

use millrace_api::Problem;
use millrace_domain::activity::UserActivity;
use millrace_domain::validation::{self, Errors, Fields};
use serde_json::Value;
use serde_json::value::RawValue;

/// Most events in a batch.
pub const MAX_BATCH: usize = 500;

/// Parses the body of one event. With `alias`, `eventType` may stand for `type`.
pub fn event(body: &[u8], alias: bool) -> Result<UserActivity, Problem> {
    let text = whole(body)?;
    read(&validation::json(body)?, text, "", alias)
}

/// Parses the body of a batch: for each item an event or its mistakes.
pub fn batch(body: &[u8]) -> Result<Vec<Result<UserActivity, Problem>>, Problem> {
    let text = whole(body)?;
    let value = validation::json(body)?;
    let mut errors = Errors::default();
    let events = Fields::of(&value, "", &["events"], &mut errors)
        .and_then(|fields| fields.required("events", &mut errors))
        .and_then(|events| validation::list(events, "/events", MAX_BATCH, &mut errors));
    if events.is_some_and(<[Value]>::is_empty) {
        errors.add("/events", "too_few", "at least one event was expected");
    }
    let events = errors.finish(events)?;
    let texts = items(text).map_err(|error| Problem::invalid_field("/events", "invalid_json", error.to_string()))?;
    let events = events.iter().zip(texts).enumerate();
    Ok(events.map(|(at, (event, text))| read(event, text, &format!("/events/{at}"), false)).collect())
}

/// A body as JSON that is not parsed yet.
fn whole(body: &[u8]) -> Result<&RawValue, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::invalid_field("", "invalid_json", error.to_string()))
}

/// The text of each item of a batch.
fn items(body: &RawValue) -> Result<Vec<&RawValue>, serde_json::Error> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(body.get())?;
    members.get("events").map_or_else(|| Ok(Vec::new()), |events| serde_json::from_str(events.get()))
}

fn read(value: &Value, text: &RawValue, path: &str, alias: bool) -> Result<UserActivity, Problem> {
    let mut errors = Errors::default();
    let activity = UserActivity::from_input(value, text, path, alias, &mut errors);
    Ok(errors.finish(activity)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_is_read_item_by_item() {
        let event = json!({"userId": "u", "type": "click", "payload": {"seq": 1}});
        let body = json!({"events": [event, {"userId": " "}, 7]}).to_string();
        let items = batch(body.as_bytes()).unwrap();
        assert!(items[0].is_ok() && items[1].is_err() && items[2].is_err());
        let mistakes = serde_json::to_value(items[1].as_ref().unwrap_err()).unwrap();
        assert_eq!(mistakes["errors"][0]["field"], "/events/1/userId");
    }

    #[test]
    fn what_is_no_batch_is_refused_whole() {
        let event = json!({"userId": "u", "type": "click", "payload": {}});
        let many = json!({"events": vec![event.clone(); MAX_BATCH + 1]});
        for body in [many, json!({"events": []}), json!({"events": null}), json!({}), json!([event])] {
            assert!(batch(body.to_string().as_bytes()).is_err());
        }
        assert!(batch(json!({"events": vec![event; MAX_BATCH]}).to_string().as_bytes()).is_ok());
    }
}
