//! Parses the items of the tables.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::analytics::{Analytics, Outcome};
use crate::event::attributes;
use crate::observed::{Copy, FeedEntry, Observed, Place, StoredIngredient, StoredMail, StoredOrder, StoredProduct};
use crate::timer::StoredTimer;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn product(item: &Item) -> Result<StoredProduct, String> {
    let body = if item.contains_key("deletedAt") { None } else { Some(text(item, "body")?) };
    Ok(StoredProduct { id: text(item, "id")?, version: number(item, "version")?, body })
}

pub(super) fn order(item: &Item) -> Result<StoredOrder, String> {
    Ok(StoredOrder { id: text(item, "id")?, status: text(item, "status")?, body: text(item, "body")? })
}

pub(super) fn ingredient(item: &Item) -> Result<StoredIngredient, String> {
    Ok(StoredIngredient { id: text(item, "id")?, version: number(item, "version")?, body: text(item, "body")? })
}

pub(super) fn mail(item: &Item) -> Result<StoredMail, String> {
    Ok(StoredMail { event: text(item, "eventId")?, sent: item.contains_key("sentAt") })
}

/// Parses an item of the timers table, which has timers, the due index, and its reader's lease.
pub(super) fn of_timers(item: &Item, observed: &mut Observed) {
    let kept = text(item, "pk").and_then(|pk| match pk.split('#').next() {
        Some("timer") => {
            observed.timers.push(timer(item)?);
            Ok(())
        }
        Some("due") => {
            let sk = text(item, "sk")?;
            let read = sk.split_once('#').and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
            let (at, id): (i64, String) = read.ok_or_else(|| format!("{sk} is no time and timer"))?;
            observed.due.entry(id).or_default().push((at, number(item, "attempt")?));
            Ok(())
        }
        Some("runner") => Ok(()),
        _ => Err(format!("{pk} is unknown")),
    });
    if let Err(why) = kept {
        observed.unreadable.push(("TimersTable".to_owned(), why));
    }
}

/// Parses an item of the analytics table, which has counters, watermarks of shards, and outcomes of activity.
pub(super) fn of_analytics(item: &Item, analytics: &mut Analytics) -> Result<(), String> {
    const NO_COUNTERS: [&str; 4] = ["pk", "sk", "expiresAt", "name"];
    let (pk, sk) = (text(item, "pk")?, text(item, "sk")?);
    let bucket = match pk.split('#').next() {
        Some("counted") => return Ok(()),
        Some("outcome") => {
            let time = text(item, "time")?.parse().map_err(|_| format!("{pk} has no time"))?;
            let flag = |name| item.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or_default();
            analytics.outcomes.push(Outcome { time, failed: flag("failed"), late: flag("late") });
            return Ok(());
        }
        // Without the shard.
        _ => pk.rsplit_once('#').map_or(pk.as_str(), |(bucket, _)| bucket).to_owned(),
    };
    for name in item.keys().filter(|name| !NO_COUNTERS.contains(&name.as_str())) {
        let counter = (bucket.clone(), sk.clone(), name.clone());
        *analytics.counters.entry(counter).or_default() += number::<u128>(item, name)?;
    }
    Ok(())
}

fn timer(item: &Item) -> Result<StoredTimer, String> {
    Ok(StoredTimer {
        id: text(item, "id")?,
        status: text(item, "status")?,
        version: number(item, "version")?,
        url: text(item, "url")?,
        fire_at: number(item, "fireAt")?,
        due_at: number(item, "dueAt")?,
        attempt: number(item, "attempt")?,
    })
}

pub(super) fn pending(item: &Item) -> String {
    let text = |name| text(item, name).unwrap_or_else(|why| why);
    format!("{}, {}", text("aggregate"), text("entry"))
}

pub(super) fn logged(item: &Item) -> Result<Copy, String> {
    let time = text(item, "time")?;
    Ok(Copy {
        id: text(item, "eventId")?,
        source: text(item, "source")?,
        kind: text(item, "type")?,
        time: Some(time.parse().map_err(|_| format!("{time} is no time"))?),
        attributes: attributes(text(item, "attributes")?.as_bytes())?,
        data: text(item, "data")?,
        place: place(item)?,
    })
}

pub(super) fn place(item: &Item) -> Result<Place, String> {
    let (partition, offset) = (number(item, "partition")?, number(item, "offset")?);
    Ok(Place { topic: text(item, "topic")?, partition, offset })
}

/// The entries of a chunk of the feed; other items have none.
pub(super) fn chunk(item: &Item) -> Result<Vec<FeedEntry>, String> {
    if !item.contains_key("entries") {
        return Ok(Vec::new());
    }
    serde_json::from_str(&text(item, "entries")?).map_err(|error| error.to_string())
}

pub(super) fn text(item: &Item, name: &str) -> Result<String, String> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.cloned().ok_or_else(|| format!("no text {name} in {item:?}"))
}

pub(super) fn bytes(item: &Item, name: &str) -> Option<Vec<u8>> {
    Some(item.get(name)?.as_b().ok()?.as_ref().to_vec())
}

fn number<T: FromStr>(item: &Item, name: &str) -> Result<T, String> {
    let value = item.get(name).and_then(|value| value.as_n().ok()?.parse().ok());
    value.ok_or_else(|| format!("no number {name} in {item:?}"))
}
