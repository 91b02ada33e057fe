//! The item of a subject, and its writes as expressions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::window::{Rule, Seen, Write};
use crate::dynamo::{Item, StoreError, n, number};

/// The item may be deleted this long after the last accepted request, in microseconds. Much longer than a write can be
/// delayed, because deleting the item also loses its `pruned` time.
const RETENTION: i64 = 60 * 60 * 1_000_000;

const APPEND: &str = "SET stamps = list_append(if_not_exists(stamps, :none), :stamps), \
    version = if_not_exists(version, :zero) + :one, expiresAt = :expiresAt";
const HAS_ROOM: &str = "attribute_not_exists(stamps) OR \
    (size(stamps) <= :room AND (attribute_not_exists(pruned) OR pruned <= :stamp))";
const REPLACE: &str = "SET stamps = :stamps, pruned = :stamp, version = :to, expiresAt = :expiresAt";
const UNCHANGED: &str = "version = :from";

/// An update of the item: expression, condition and values.
pub(super) struct Update {
    pub expression: &'static str,
    pub condition: &'static str,
    pub values: HashMap<String, AttributeValue>,
}

/// A write as an update.
pub(super) fn update(rule: &Rule, write: &Write) -> Update {
    let list = |stamps: &[i64]| AttributeValue::L(stamps.iter().map(n).collect());
    let value = |name: &str, value| (name.to_owned(), value);
    let expires = |stamp: i64| value(":expiresAt", n((stamp + RETENTION) / 1_000_000));
    match write {
        Write::Append { stamp, count } => Update {
            expression: APPEND,
            condition: HAS_ROOM,
            values: HashMap::from([
                value(":none", list(&[])),
                value(":stamps", list(&vec![*stamp; *count])),
                value(":zero", n(0)),
                value(":one", n(1)),
                value(":room", n(rule.limit.saturating_sub(*count))),
                value(":stamp", n(stamp)),
                expires(*stamp),
            ]),
        },
        Write::Replace { from, to } => Update {
            expression: REPLACE,
            condition: UNCHANGED,
            values: HashMap::from([
                value(":stamps", list(&to.stamps)),
                value(":stamp", n(to.pruned)),
                value(":from", n(from)),
                value(":to", n(to.version)),
                expires(to.pruned),
            ]),
        },
    }
}

/// Reads the item that came with a failed condition; a missing item counts as empty.
pub(super) fn seen(item: Option<&Item>) -> Result<Seen, StoreError> {
    let Some(item) = item.filter(|item| !item.is_empty()) else { return Ok(Seen::default()) };
    let corrupt = || StoreError::Corrupt("stamps is not a list of numbers".to_owned());
    let stamps = item.get("stamps").and_then(|stamps| stamps.as_l().ok()).ok_or_else(corrupt)?;
    let stamp = |value: &AttributeValue| value.as_n().ok()?.parse().ok();
    let stamps = stamps.iter().map(|value| stamp(value).ok_or_else(corrupt)).collect::<Result<_, _>>()?;
    let pruned = if item.contains_key("pruned") { number(item, "pruned")? } else { 0 };
    Ok(Seen { stamps, pruned, version: number(item, "version")? })
}
