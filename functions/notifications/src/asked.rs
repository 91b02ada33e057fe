//! What a client asks of the stream. Pure.

use std::collections::BTreeSet;

use millrace_api::Problem;
use millrace_store::feed::{Entry, number_of};
use url::form_urlencoded;

/// The types that entries have.
const TYPES: [&str; 8] = [
    "LowStockWarning",
    "Notify",
    "OrderConfirmed",
    "OrderRejected",
    "TimerFired",
    "TimerFailed",
    "DeadLetter",
    "UserActivityCount",
];

/// From where, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The last number that the client has.
    pub after: u64,
    /// Types; without any, all.
    types: BTreeSet<String>,
    /// What entries are about; without any, everything.
    subject: Option<String>,
}

impl Asked {
    /// Reads the query, and the header `Last-Event-ID`, which a client sends that goes on: it is newer than the query.
    ///
    /// # Errors
    /// 400 names the parameter that is not valid.
    pub fn read(query: &str, last_event_id: Option<&str>) -> Result<Self, Problem> {
        let mut asked = Self { after: 0, types: BTreeSet::new(), subject: None };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "after" => asked.after = number("after", &value)?,
                "type" => {
                    for kind in value.split(',') {
                        asked.types.insert(known(kind)?);
                    }
                }
                "subject" => asked.subject = Some(value.into_owned()),
                _ => {}
            }
        }
        if let Some(id) = last_event_id.filter(|id| !id.is_empty()) {
            asked.after = number("Last-Event-ID", id)?;
        }
        Ok(asked)
    }

    /// Whether the client wants this entry.
    pub fn wants(&self, entry: &Entry) -> bool {
        (self.types.is_empty() || self.types.contains(&entry.kind))
            && self.subject.as_ref().is_none_or(|subject| *subject == entry.subject)
    }
}

fn number(field: &str, text: &str) -> Result<u64, Problem> {
    let detail = "the number of an entry was expected, or 0 for all of them";
    number_of(text).ok_or_else(|| Problem::invalid_field(field, "out_of_range", detail))
}

fn known(kind: &str) -> Result<String, Problem> {
    if TYPES.contains(&kind) {
        return Ok(kind.to_owned());
    }
    let detail = format!("one or several of {} were expected", TYPES.join(", "));
    Err(Problem::invalid_field("type", "unknown_type", detail))
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn entry(kind: &str, subject: &str) -> Entry {
        Entry {
            seq: 1,
            event_id: "e".to_owned(),
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            time: "2026-11-28T06:00:00Z".parse().unwrap(),
            title: "t".to_owned(),
            data: RawValue::from_string("{}".to_owned()).unwrap(),
        }
    }

    #[test]
    fn the_last_event_is_newer_than_the_query() {
        let after = |query: &str, id: Option<&str>| Asked::read(query, id).map(|asked| asked.after);
        assert_eq!(after("", None).unwrap(), 0);
        assert_eq!(after("after=7&other=x", None).unwrap(), 7);
        assert_eq!(after("after=7", Some("9")).unwrap(), 9);
        assert_eq!(after("after=7", Some("")).unwrap(), 7);
        for (query, id) in
            [("after=-1", None), ("after=", None), ("after=1.5", None), ("", Some("x")), ("type=Nothing", None)]
        {
            assert_eq!(after(query, id).unwrap_err().code, "invalid_request", "{query} {id:?}");
        }
    }

    #[test]
    fn several_types_and_a_subject_choose_entries() {
        let wants =
            |query: &str, kind: &str, subject: &str| Asked::read(query, None).unwrap().wants(&entry(kind, subject));
        assert!(wants("", "Notify", "beef"));
        for query in ["type=Notify&type=DeadLetter", "type=Notify,DeadLetter"] {
            assert!(wants(query, "DeadLetter", "x") && wants(query, "Notify", "x"));
            assert!(!wants(query, "TimerFired", "x"));
        }
        assert!(wants("type=Notify&subject=be%20ef", "Notify", "be ef"));
        assert!(!wants("type=Notify&subject=beef", "Notify", "salt") && !wants("subject=beef", "Notify", "Beef"));
    }
}
