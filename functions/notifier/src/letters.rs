//! Dead letters, which come from the stream of their table: a consumer writes one in its own transaction, and no event says
//! so.

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
        subject: id.to_owned(),
        time,
        title: cut(format!("{consumer} has given up {id}: {reason}")),
        data: to_raw_value(&data).ok()?,
    })
}
