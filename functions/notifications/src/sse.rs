//! Server-sent events (HTML standard, "Server-sent events"). Pure.

use millrace_store::feed::Entry;
use serde_json::json;

/// How long a client waits before it comes again, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// What a stream begins with. The comment makes its headers arrive at once.
pub fn begin() -> String {
    format!("retry: {RETRY_MS}\n: the feed of notifications\n\n")
}

/// A comment, so that nobody between takes the connection for dead.
pub const HEARTBEAT: &str = ": heartbeat\n\n";

/// An entry. Its JSON has no line breaks but those that are escaped.
pub fn entry(entry: &Entry) -> Result<String, serde_json::Error> {
    // The data are those of the event, in its own spelling: within JSON a line break is white space.
    let data = serde_json::to_string(entry)?.replace(['\n', '\r'], " ");
    Ok(format!("id: {}\nevent: {}\ndata: {data}\n\n", entry.seq, entry.kind))
}

/// What follows the client's last entry is not kept any more, or the feed has begun anew: it goes on after this number.
pub fn reset(after: u64) -> String {
    format!("event: reset\ndata: {}\n\n", json!({"after": after}))
}

/// The last of a stream: why it ends, and the number after which to go on.
pub fn end(reason: &str, after: u64) -> String {
    format!("event: end\ndata: {}\n\n", json!({"reason": reason, "after": after}))
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn an_entry_is_one_event_whatever_its_data_look_like() {
        let spelled =
            RawValue::from_string("{\r\n  \"n\": 12345678901234567890.10,\n\"t\": \"a\\nb\"}".to_owned()).unwrap();
        let told = entry(&Entry {
            seq: 7,
            event_id: "e".to_owned(),
            kind: "Notify".to_owned(),
            subject: "a\nid: 9".to_owned(),
            time: "2026-11-28T06:00:00Z".parse().unwrap(),
            title: "Beef".to_owned(),
            data: spelled,
        });
        let told = told.unwrap();
        let lines: Vec<&str> = told.split('\n').collect();
        assert_eq!((lines[0], lines[1], lines.len()), ("id: 7", "event: Notify", 5), "{told}");
        assert!(lines[2].contains("12345678901234567890.10"), "{told}");
        let data: serde_json::Value = serde_json::from_str(lines[2].strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(
            (&data["seq"], &data["subject"], &data["data"]["t"]),
            (&7.into(), &"a\nid: 9".into(), &"a\nb".into())
        );
    }
}
