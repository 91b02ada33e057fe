//! What the items of the tables say.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::conservation::observed::{Copy, Place, StoredIngredient, StoredMail, StoredOrder, StoredProduct};

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

pub(super) fn pending(item: &Item) -> String {
    let text = |name| text(item, name).unwrap_or_else(|why| why);
    format!("{}, {}", text("aggregate"), text("entry"))
}

pub(super) fn logged(item: &Item) -> Result<Copy, String> {
    let time = text(item, "time")?;
    Ok(Copy {
        id: text(item, "eventId")?,
        kind: text(item, "type")?,
        time: time.parse().map_err(|_| format!("{time} is no time"))?,
        data: text(item, "data")?,
        place: place(item)?,
    })
}

pub(super) fn place(item: &Item) -> Result<Place, String> {
    let (partition, offset) = (number(item, "partition")?, number(item, "offset")?);
    Ok(Place { topic: text(item, "topic")?, partition, offset })
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
