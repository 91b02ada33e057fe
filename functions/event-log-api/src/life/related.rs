//! The events that belong to an event: those of its aggregate beside it, and those that the same request has caused. Pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use millrace_domain::event::EventType;
use millrace_store::event_log::time_of_order;
use serde::Serialize;

use super::facts::Ends;
use crate::chosen::Named;

/// An event, as far as the indexes of the log have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Related {
    pub event_id: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Absent if it is too long for a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    pub time: Timestamp,
}

/// The related events of the event with this id and source key, by time.
pub fn related(own: (&str, &str), of_subject: &[Named], of_trace: &[Named], now: Timestamp) -> Vec<Related> {
    let mut seen = BTreeSet::from([own]);
    let time = |named: &Named| {
        let in_trace = || named.order.split('#').next()?.parse().ok();
        time_of_order(&named.order).or_else(in_trace)
    };
    let mut related: Vec<Related> = of_subject
        .iter()
        .chain(of_trace)
        .filter(|named| named.is_there(now) && seen.insert((named.event_id.as_str(), named.source_key.as_str())))
        .filter_map(|named| {
            Some(Related {
                event_id: named.event_id.clone(),
                kind: named.kind.clone(),
                source: Some(named.source_key.clone()).filter(|source| !source.starts_with("sha256:")),
                time: time(named)?,
            })
        })
        .collect();
    related.sort_by(|a, b| (a.time, &a.event_id).cmp(&(b.time, &b.event_id)));
    related
}

/// What the events of a timer tell of it.
pub fn ends(of_timer: &[Named]) -> Ends {
    let mut ends = Ends::default();
    for named in of_timer {
        let Some(time) = time_of_order(&named.order) else { continue };
        match EventType::from_name(&named.kind) {
            Some(EventType::TimerDue) => {
                let number = named.event_id.rsplit_once('.').and_then(|(_, number)| number.parse().ok());
                ends.due.extend(number.map(|number| (number, time)));
            }
            Some(EventType::TimerFailed) => {
                ends.failed.insert(time);
            }
            _ => {}
        }
    }
    ends
}
