//! Dead letters, which come from the stream of their table: a consumer writes one in its own transaction, and no event says
//! so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millrace_domain::event::identity::source_key;
use millrace_platform::clock;
use serde::Deserialize;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use crate::news::{Guard, News, cut, is_old};

/// Type of the entries.
const KIND: &str = "DeadLetter";

/// A record of the table's stream. The mapping lets pass those of letters that are dead: new ones, and redriven ones that
/// failed again.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    #[serde(default)]
    dynamodb: Change,
}

#[derive(Debug, Default, Deserialize)]
struct Change {
    #[serde(rename = "NewImage", default)]
    image: Value,
}

/// The news of stream records. What is not a dead letter is passed by: a stream must not stand still.
pub fn news(records: &[StreamRecord]) -> Vec<News> {
    records.iter().filter_map(|record| of(&record.dynamodb.image)).collect()
}

fn of(image: &Value) -> Option<News> {
    let text = |name: &str| image.get(name)?.get("S")?.as_str();
    let number = |name: &str| image.get(name)?.get("N")?.as_str()?.parse::<i64>().ok();
    let (id, address, at) = (text("id")?, text("address")?, text("at")?);
    let (consumer, reason) = (text("consumer")?, text("reason")?);
    let time = at.parse().ok().filter(|time| !is_old(*time, clock::now()))?;
    let data = json!({
        "consumer": consumer, "reason": reason, "detail": text("detail"), "source": text("source"), "topic": text("topic"),
        "partition": number("partition"), "offset": number("offset"), "attempts": number("attempts"), "at": at,
    });
    Some(News {
        // It may die again after a redrive, at another time.
        guards: vec![Guard::Event {
            id: id.to_owned(),
            source: source_key(&format!("{KIND}#{address}#{at}")).into_owned(),
        }],
        event_id: id.to_owned(),
        kind: KIND.to_owned(),
        subject: subject(image).unwrap_or_else(|| id.to_owned()),
        time,
        title: cut(format!("{consumer} has given up {id}: {reason}")),
        data: to_raw_value(&data).ok()?,
    })
}

/// What the event is about, where the record is one that says so.
fn subject(image: &Value) -> Option<String> {
    #[derive(Deserialize)]
    struct Subject {
        subject: String,
    }
    let bytes = STANDARD.decode(image.get("bytes")?.get("B")?.as_str()?).ok()?;
    serde_json::from_slice::<Subject>(&bytes).ok().map(|event| event.subject).filter(|subject| !subject.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(change: impl FnOnce(&mut Value)) -> StreamRecord {
        let event = STANDARD.encode(r#"{"id":"e-1","subject":"ann"}"#);
        let at = clock::now().to_string();
        let mut image = json!({
            "id": {"S": "e-1"}, "address": {"S": "activity-order#urn:shop"}, "at": {"S": at}, "status": {"S": "dead"},
            "consumer": {"S": "activity-order"}, "reason": {"S": "gap"}, "partition": {"N": "3"}, "bytes": {"B": event},
        });
        change(&mut image);
        serde_json::from_value(json!({"eventName": "INSERT", "dynamodb": {"NewImage": image}})).unwrap()
    }

    #[test]
    fn a_letter_is_about_what_its_event_is_about_and_each_death_is_news() {
        let of = |change: fn(&mut Value)| news(&[record(change)]).pop();
        let letter = of(|_| {}).unwrap();
        assert_eq!((letter.subject.as_str(), letter.title.as_str()), ("ann", "activity-order has given up e-1: gap"));
        assert!(letter.data.get().contains(r#""partition":3"#), "{}", letter.data);
        for other in [json!({"B": "AP8="}), json!({"S": "x"}), json!(null)] {
            let mut record = record(|_| {});
            record.dynamodb.image["bytes"] = other;
            assert_eq!(news(&[record]).pop().unwrap().subject, "e-1", "one that is no event");
        }
        let again =
            of(|image| image["at"] = json!({"S": (clock::now() - jiff::SignedDuration::from_secs(60)).to_string()}));
        assert_ne!(again.unwrap().guards, letter.guards);
        assert!(of(|image| image["at"] = json!({"S": "2020-01-01T00:00:00Z"})).is_none());
        assert!(of(|image| drop(image.as_object_mut().unwrap().remove("consumer"))).is_none());
    }
}
