//! Reads a client's request, and reports every invalid field.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::text::MAX_BYTES;
use super::{EventId, InvalidPayload, MAX_SEQ, Payload, UserActivity, UserId};
use crate::validation::{self, Errors, Fields};

const FIELDS: [&str; 4] = ["userId", "type", "payload", "eventId"];

/// The older name of `type`, which `POST /events/generate` also accepts.
const ALIAS: &str = "eventType";

impl UserActivity {
    /// Reads the JSON value at `path` (empty for a whole body, `/events/3` in a batch) and adds every mistake to
    /// `errors`. `text` is the same value as it was sent, with every digit. With `alias`, `eventType` may stand for
    /// `type`.
    pub fn from_input(value: &Value, text: &RawValue, path: &str, alias: bool, errors: &mut Errors) -> Option<Self> {
        let mut known = FIELDS.to_vec();
        let mut kind = "type";
        if alias {
            known.push(ALIAS);
            kind = if value.get(kind).is_none() && value.get(ALIAS).is_some() { ALIAS } else { kind };
        }
        let fields = Fields::of(value, path, &known, errors)?;
        let user_id = fields.required("userId", errors);
        let user_id = user_id.and_then(|value| read_text(value, &fields.at("userId"), errors));
        if user_id.as_ref().is_some_and(UserId::is_reserved) {
            errors.add(fields.at("userId"), "reserved", "an id that a path can name was expected, other than . and ..");
        }
        let given = fields.required(kind, errors);
        let kind = given.and_then(|value| read_text(value, &fields.at(kind), errors));
        let payload = fields.required("payload", errors);
        let payload = payload.and_then(|value| read_payload(value, text, &fields.at("payload"), errors));
        let event_id: Option<EventId> =
            fields.optional("eventId").and_then(|value| read_text(value, &fields.at("eventId"), errors));
        if event_id.as_ref().is_some_and(EventId::is_reserved) {
            let detail =
                "an id other than batch, generate, processed, . and .. was expected: /events/{id} has to name it";
            errors.add(fields.at("eventId"), "reserved", detail);
        }
        // An invalid `eventId` is already in `errors`, so the body is refused.
        Some(Self { user_id: user_id?, kind: kind?, payload: payload?, event_id })
    }
}

fn read_text<T>(value: &Value, at: &str, errors: &mut Errors) -> Option<T>
where
    T: TryFrom<String>,
    T::Error: std::fmt::Display,
{
    let text = validation::text(value, at, 1..=MAX_BYTES, errors)?;
    // The remaining cases are multi-byte text over the limit, and tabs and line ends.
    let code = if text.len() > MAX_BYTES { "too_long" } else { "control_character" };
    T::try_from(text).map_err(|error| errors.add(at, code, error.to_string())).ok()
}

/// The payload of an event, from the event's text: a parsed number may have lost digits.
fn read_payload(value: &Value, event: &RawValue, at: &str, errors: &mut Errors) -> Option<Payload> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(event.get()).unwrap_or_default();
    match Payload::read(members.get("payload")?) {
        Ok(payload) => Some(payload),
        Err(InvalidPayload::NotAnObject) => {
            errors.add(at, "not_an_object", "an object was expected");
            None
        }
        Err(InvalidPayload::InvalidSeq) => {
            validation::integer(value.get("seq")?, &format!("{at}/seq"), 1..=MAX_SEQ, errors);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    fn valid() -> Value {
        json!({"userId": "u-1", "type": "click", "payload": {"seq": 1, "x": [1.5]}, "eventId": "e-1"})
    }

    fn mistakes(value: &Value, alias: bool) -> Vec<(String, String)> {
        let mut errors = Errors::default();
        let read = UserActivity::from_input(value, &to_raw_value(value).unwrap(), "", alias, &mut errors);
        let Err(invalid) = errors.finish(read) else { return Vec::new() };
        invalid.0.into_iter().map(|error| (error.field, error.code.to_owned())).collect()
    }

    /// For each mistake, the API reports it and the consumer refuses the same value.
    #[test]
    fn every_kind_of_mistake_is_told_by_the_api_and_refused_by_the_consumer() {
        let cases = [
            ("/userId", json!(null), "required"),
            ("/userId", json!(""), "too_short"),
            ("/userId", json!(" \u{2003}"), "blank"),
            ("/userId", json!(7), "not_a_string"),
            ("/userId", json!("ü".repeat(129)), "too_long"),
            ("/userId", json!("x".repeat(257)), "too_long"),
            ("/userId", json!("a\tb"), "control_character"),
            ("/userId", json!("a\u{0}b"), "control_character"),
            ("/type", json!(""), "too_short"),
            ("/type", json!(["click"]), "not_a_string"),
            ("/payload", json!([]), "not_an_object"),
            ("/payload", json!(null), "required"),
            ("/payload", json!("{}"), "not_an_object"),
            ("/payload/seq", json!(null), "not_an_integer"),
            ("/payload/seq", json!(0), "out_of_range"),
            ("/payload/seq", json!(-1), "out_of_range"),
            ("/payload/seq", json!(1.5), "not_an_integer"),
            ("/payload/seq", json!("1"), "not_an_integer"),
            ("/payload/seq", json!(1_u64 << 63), "out_of_range"),
            ("/eventId", json!(""), "too_short"),
            ("/eventId", json!(1), "not_a_string"),
        ];
        for (pointer, value, code) in cases {
            let mut body = valid();
            *body.pointer_mut(pointer).unwrap() = value;
            assert_eq!(mistakes(&body, false), [(pointer.to_owned(), code.to_owned())]);
            assert!(serde_json::from_value::<UserActivity>(body.clone()).is_err(), "{body}");
        }
        for field in ["userId", "type", "payload"] {
            let mut body = valid();
            body.as_object_mut().unwrap().remove(field);
            assert_eq!(mistakes(&body, false), [(format!("/{field}"), "required".to_owned())]);
            assert!(serde_json::from_value::<UserActivity>(body).is_err());
        }
    }

    /// The consumer takes them all the same: they may have been accepted before.
    #[test]
    fn an_id_that_no_path_can_name_is_reserved() {
        let with = |field: &str, id: &str| {
            let mut body = valid();
            body[field] = json!(id);
            mistakes(&body, false)
        };
        for (field, id) in [("userId", "."), ("userId", ".."), ("eventId", "."), ("eventId", "..")]
            .into_iter()
            .chain(["batch", "generate", "processed"].map(|id| ("eventId", id)))
        {
            assert_eq!(with(field, id), [(format!("/{field}"), "reserved".to_owned())], "{id}");
            let mut body = valid();
            body[field] = json!(id);
            assert!(serde_json::from_value::<UserActivity>(body).is_ok(), "{id}");
        }
        for id in ["...", "a/b", "a/..", "%2E", "Batch", "processed ", "batch/1", "#", "?", "\\", "%"] {
            assert_eq!((with("userId", id), with("eventId", id)), (Vec::new(), Vec::new()), "{id}");
        }
        assert_eq!(with("userId", "batch"), []);
    }

    #[test]
    fn what_is_valid_is_the_same_for_both_and_goes_out_as_it_came_in() {
        let large = json!({"userId": "u".repeat(256), "type": "t", "payload": {"seq": MAX_SEQ, "fail": true}});
        for body in [valid(), large, json!({"userId": "ü", "type": "t", "payload": {}})] {
            let mut errors = Errors::default();
            let input = to_raw_value(&body).unwrap();
            let read = UserActivity::from_input(&body, &input, "/events/3", false, &mut errors).unwrap();
            errors.finish(Some(())).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), body);
            assert_eq!(serde_json::from_value::<UserActivity>(body).unwrap(), read);
        }
    }

    #[test]
    fn every_digit_of_a_payload_stays_and_an_integer_is_one_in_every_spelling() {
        let read = |payload: &str| {
            let input =
                RawValue::from_string(format!(r#"{{"userId": "u", "type": "t", "payload": {payload}}}"#)).unwrap();
            let mut errors = Errors::default();
            let value = validation::json(input.get().as_bytes()).unwrap();
            let read = UserActivity::from_input(&value, &input, "", false, &mut errors);
            errors.finish(read).map(|read| (serde_json::to_string(&read.payload).unwrap(), read.payload.seq()))
        };
        let digits =
            r#"{"iccid":89148000005218400001,"pi":3.14159265358979323846264338327950288,"e":1.50E+3,"n":[-0.0,1.0]}"#;
        let spaced = digits.replace(':', " :\t").replace(',', ",\n ");
        assert_eq!(read(&spaced).unwrap(), (digits.to_owned(), None));
        for (seq, number) in [("7.0", 7), ("1e1", 10), ("9007199254740993.0", 9_007_199_254_740_993)] {
            assert_eq!(read(&format!(r#"{{"seq":{seq}}}"#)).unwrap(), (format!(r#"{{"seq":{seq}}}"#), Some(number)));
        }
        assert!(read(r#"{"seq":1e19}"#).is_err() && read(r#"{"seq":5.5}"#).is_err());
    }

    #[test]
    fn the_alias_takes_event_type_and_type_but_not_both_away() {
        let body = json!({"userId": "u", "eventType": "click", "payload": {}});
        assert_eq!(mistakes(&body, true), []);
        assert_eq!(mistakes(&body, false).len(), 2, "an unknown field, and a missing one");
        assert_eq!(
            mistakes(&json!({"userId": "u", "eventType": " ", "payload": {}}), true),
            [("/eventType".to_owned(), "blank".to_owned())]
        );
        assert_eq!(
            mistakes(&json!({"userId": "u", "payload": {}}), true),
            [("/type".to_owned(), "required".to_owned())]
        );
    }
}
