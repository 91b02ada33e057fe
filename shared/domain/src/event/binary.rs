//! Binary content mode of the Kafka binding: the attributes are headers, and the value is the data.
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// How the names of attributes start as headers.
const PREFIX: &str = "ce_";

/// The header that has the content type of the data, or says that the record is in structured mode.
const CONTENT_TYPE: &str = "content-type";

/// The content type of structured mode, without its format.
const STRUCTURED: &str = "application/cloudevents";

/// The only attribute here that is an Integer; in headers all attributes are text.
const INTEGER: &str = "aggregateversion";

/// The event of a record in binary mode in structured form; `None` for a record in structured mode, whose value is the
/// event, and for a value that is not JSON.
#[must_use]
pub fn structured(headers: &[(String, Vec<u8>)], value: &[u8]) -> Option<Bytes> {
    let text = |name: &str| {
        let header = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        header.and_then(|(_, value)| std::str::from_utf8(value).ok())
    };
    text("ce_specversion")?;
    let content_type = text(CONTENT_TYPE);
    if content_type.is_some_and(|it| it.to_ascii_lowercase().starts_with(STRUCTURED)) {
        return None;
    }
    // Checked, because it becomes a part of the event's text.
    let data: &RawValue = serde_json::from_slice(value).ok()?;
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(name) = name.to_ascii_lowercase().strip_prefix(PREFIX).map(str::to_owned) else { continue };
        let text = String::from_utf8_lossy(value).into_owned();
        let integer = text.parse::<u32>().ok().filter(|_| name == INTEGER);
        event.entry(name).or_insert_with(|| integer.map_or_else(|| Value::from(text), Value::from));
    }
    if let Some(content_type) = content_type {
        event.insert("datacontenttype".to_owned(), content_type.into());
    }
    event.remove("data");
    let attributes = Value::from(event).to_string();
    // A map has at least `specversion`.
    Some(Bytes::from(format!("{},\"data\":{}}}", attributes.strip_suffix('}')?, data.get())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(headers: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_record_in_binary_mode_is_the_same_event_in_structured_mode() {
        let sent = headers(&[
            ("ce_specversion", "1.0"),
            ("ce_id", "e\"1"),
            ("ce_partitionkey", "eu-1"),
            ("ce_aggregateversion", "7"),
            ("content-type", "application/json; charset=utf-8"),
            ("other", "x"),
        ]);
        let event = structured(&sent, b"{\"n\": 12345678901234567890123}").unwrap();
        assert_eq!(
            std::str::from_utf8(&event).unwrap(),
            r#"{"aggregateversion":7,"datacontenttype":"application/json; charset=utf-8","id":"e\"1","partitionkey":"eu-1","specversion":"1.0","data":{"n": 12345678901234567890123}}"#
        );
    }

    #[test]
    fn structured_mode_and_what_is_not_json_stay_as_they_are() {
        let mode = |content_type: &str| headers(&[("ce_specversion", "1.0"), ("content-type", content_type)]);
        assert!(structured(&headers(&[("traceparent", "00")]), b"{}").is_none());
        assert!(structured(&mode("application/cloudevents+json; charset=utf-8"), b"{}").is_none());
        assert!(structured(&mode("application/json"), b"{},\"id\":\"x\"").is_none());
    }
}
