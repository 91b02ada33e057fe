//! What a function's answer says about its records. Pure.
//!
//! Lambda documents the rules for streams (LDG/services-ddb-batchfailurereporting): an empty or null list, or an empty
//! or null answer, is success; an identifier that is empty, null or under a wrong key fails the whole batch. The same
//! rules are used for Kafka, whose identifier is the records-map key and the offset.
//!
//! Stricter than AWS on purpose: an answer that is not an object, one that lacks `batchItemFailures` but has other
//! keys, and an identifier that was not in the batch fail the whole batch. On AWS some of these pass as success, which
//! loses records; here the mistake becomes visible at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::retry::Verdict;
use crate::invoke::Outcome;

/// An answer that cannot be interpreted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not JSON.
    #[error("the answer is not JSON: {0}")]
    NotJson(String),
    /// JSON of another form.
    #[error("the answer has no batchItemFailures and is not empty")]
    NoFailuresList,
    /// An entry is not as documented.
    #[error("an entry of batchItemFailures is not as documented: {0}")]
    Entry(String),
    /// An entry names a record that was not sent.
    #[error("batchItemFailures names {0}, which was not in the batch")]
    NotInBatch(String),
}

/// Identifies a Kafka record in `batchItemFailures`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaIdentifier {
    /// The key of the records map: `topic-partition`.
    pub partition: String,
    /// Offset of the record.
    pub offset: i64,
}

/// Identifies a stream record in `batchItemFailures`: its sequence number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct SequenceNumber(pub String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry<I> {
    item_identifier: I,
}

/// Parses an answer. `sent` are the identifiers of the sent records, in order; the positions in the result are
/// positions in that list.
///
/// # Errors
/// [`Malformed`] if the whole batch counts as failed because of the answer.
pub fn failures<I>(answer: &[u8], sent: &[I]) -> Result<BTreeSet<usize>, Malformed>
where
    I: Ord + std::fmt::Debug + for<'a> Deserialize<'a>,
{
    if answer.is_empty() {
        return Ok(BTreeSet::new());
    }
    let answer: Value = serde_json::from_slice(answer).map_err(|error| Malformed::NotJson(error.to_string()))?;
    let mut answer = match answer {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Object(map) if map.is_empty() => return Ok(BTreeSet::new()),
        Value::Object(map) => map,
        _ => return Err(Malformed::NoFailuresList),
    };
    let list = answer.remove("batchItemFailures").ok_or(Malformed::NoFailuresList)?;
    let entries: Option<Vec<Entry<I>>> =
        serde_json::from_value(list).map_err(|error| Malformed::Entry(error.to_string()))?;
    let positions: BTreeMap<&I, usize> = sent.iter().enumerate().map(|(at, identifier)| (identifier, at)).collect();
    entries
        .unwrap_or_default()
        .into_iter()
        .map(|entry| {
            let position = positions.get(&entry.item_identifier).copied();
            position.ok_or_else(|| Malformed::NotInBatch(format!("{:?}", entry.item_identifier)))
        })
        .collect()
}

/// The verdict of an invocation, and what was wrong with the answer if it could not be interpreted. Without `report`
/// (`ReportBatchItemFailures`), every answer that is not an error completes the batch.
pub fn judge<I>(outcome: &Outcome, report: bool, sent: &[I]) -> (Verdict, Option<Malformed>)
where
    I: Ord + std::fmt::Debug + for<'a> Deserialize<'a>,
{
    match outcome {
        Outcome::Throttled => (Verdict::Throttled, None),
        Outcome::FunctionError(_) => (Verdict::Failed, None),
        Outcome::Success(_) if !report => (Verdict::Completed, None),
        Outcome::Success(answer) => match failures(answer, sent) {
            Ok(failed) if failed.is_empty() => (Verdict::Completed, None),
            Ok(failed) => (Verdict::Partial(failed), None),
            Err(malformed) => (Verdict::Failed, Some(malformed)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Vec<KafkaIdentifier> {
        (10..14).map(|offset| KafkaIdentifier { partition: "t-0".into(), offset }).collect()
    }

    fn read(answer: &str) -> Result<Vec<usize>, Malformed> {
        failures(answer.as_bytes(), &sent()).map(|failed| failed.into_iter().collect())
    }

    #[test]
    fn empty_and_null_answers_are_success() {
        for answer in ["", "null", "{}", r#"{"batchItemFailures":[]}"#, r#"{"batchItemFailures":null}"#] {
            assert_eq!(read(answer), Ok(vec![]), "{answer}");
        }
    }

    #[test]
    fn reported_records_are_found_whatever_their_order() {
        let answer = r#"{"batchItemFailures":[
            {"itemIdentifier":{"partition":"t-0","offset":13}},
            {"itemIdentifier":{"partition":"t-0","offset":11}},
            {"itemIdentifier":{"partition":"t-0","offset":13}}]}"#;
        assert_eq!(read(answer), Ok(vec![1, 3]));
    }

    #[test]
    fn anything_else_fails_the_whole_batch() {
        for answer in [
            "no json",
            "[]",
            "\"\"",
            "0",
            r#"{"statusCode":200}"#,
            r#"{"batchItemFailure":[]}"#,
            r#"{"batchItemFailures":{}}"#,
            r#"{"batchItemFailures":[{}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"t-0-11"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":{"topic-partition":"t-0","offset":11}}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":{"partition":"t-0","offset":"11"}}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":{"partition":"t-0","offset":99}}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":{"partition":"t-1","offset":11}}]}"#,
            r#"{"batchItemFailures":[{"itemidentifier":{"partition":"t-0","offset":11}}]}"#,
        ] {
            assert!(read(answer).is_err(), "{answer}");
        }
    }

    #[test]
    fn without_the_response_type_an_answer_is_not_read() {
        let outcome = Outcome::Success("garbage".into());
        assert_eq!(judge(&outcome, false, &sent()), (Verdict::Completed, None));
        assert_eq!(judge(&outcome, true, &sent()).0, Verdict::Failed);
    }
}
