//! What makes an event unique: its source and id (`CloudEvents` 1.0, "source + id").
//!
//! Two events of one source may not share an id. A record that breaks this, with an id that another content has, is
//! never taken for a repeat: it is a dead letter with the reason [`ID_REUSED`].

use std::borrow::Cow;
use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{AnyEvent, Event};
use crate::activity::UserId;
use crate::json;

/// Reason of the dead letter of an event whose id belongs to another content of its source.
pub const ID_REUSED: &str = "id_reused";

/// The detail of that dead letter.
#[must_use]
pub fn reused(source: &str, id: &str) -> String {
    format!("another event of the source {source} has the id {id}")
}

/// Longest source that is part of a key as it is, in bytes. Together with an id of 256 bytes it fits in a `DynamoDB`
/// sort key of 1,024.
const MAX_PLAIN_SOURCE: usize = 256;

/// How a source starts in a key that has its digest.
const HASHED: &str = "sha256:";

/// Bytes of a content digest: enough that no two contents ever share one.
const DIGEST_BYTES: usize = 16;

/// The source of the activity that a client sends for this user: an `eventId` belongs to its user.
#[must_use]
pub fn source_of_user(function: &str, user: &UserId) -> String {
    let mut source = format!("urn:millrace:{function}/users/");
    for byte in user.as_str().bytes() {
        // The unreserved characters of a URI (RFC 3986, 2.3).
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            source.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(source, "%{byte:02X}");
        }
    }
    source
}

/// A source as it appears in keys: long ones as `sha256:` and their digest.
#[must_use]
pub fn source_key(source: &str) -> Cow<'_, str> {
    if source.len() <= MAX_PLAIN_SOURCE && !source.starts_with(HASHED) {
        return source.into();
    }
    format!("{HASHED}{}", hex(&Sha256::digest(source))).into()
}

/// Digest of what an event says: type, subject and data, whatever the spelling of its JSON. Time and trace context do
/// not count, because they differ each time that a client sends its event again.
#[must_use]
pub fn content_digest(event: &AnyEvent) -> String {
    let data = event.data.get();
    // Half of a surrogate pair is valid JSON and has no canonical form.
    let data = json::canonical(data).unwrap_or_else(|_| json::compact(data));
    let mut digest = Sha256::new();
    for part in [event.kind.name(), &event.subject, &data] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    hex(&digest.finalize()[..DIGEST_BYTES])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<D> Event<D> {
    /// Its source as it appears in keys.
    #[must_use]
    pub fn source_key(&self) -> Cow<'_, str> {
        source_key(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;

    fn event(data: &str, time: &str) -> AnyEvent {
        let event = format!(
            r#"{{"specversion":"1.0","id":"e","source":"urn:shop","type":"UserActivity","time":"{time}","data":{data}}}"#
        );
        read("user-activity-events", event.as_bytes(), jiff::Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn every_user_has_a_source_and_no_two_users_share_one() {
        let source = |user: &str| source_of_user("activity-api", &UserId::try_from(user.to_owned()).unwrap());
        assert_eq!(source("ann-1"), "urn:millrace:activity-api/users/ann-1");
        assert_eq!(source("a b/ü"), "urn:millrace:activity-api/users/a%20b%2F%C3%BC");
        assert_ne!(source("a%20b"), source("a b"));
        let long = source(&"ü".repeat(128));
        assert!(long.len() > MAX_PLAIN_SOURCE && source_key(&long).len() == 71, "{long}");
        assert_ne!(source_key(&source_key(&long)), source_key(&long), "nobody can claim the key of another source");
        assert_eq!(source_key("urn:shop"), "urn:shop");
    }

    #[test]
    fn the_content_is_the_same_in_any_spelling_and_at_any_time_and_differs_by_a_digit() {
        let digest = |data: &str, time: &str| content_digest(&event(data, time));
        let sent = digest(r#"{"userId":"u","type":"t","payload":{"a":1.0,"b":"\u0041"}}"#, "2026-11-21T06:00:00Z");
        assert_eq!(sent.len(), 2 * DIGEST_BYTES);
        let again = r#"{"type":"t", "userId":"u", "payload":{"b":"A","a":1}}"#;
        assert_eq!(digest(again, "2027-01-01T00:00:00Z"), sent);
        for other in [
            r#"{"userId":"u","type":"t","payload":{"a":1.0,"b":"a"}}"#,
            r#"{"userId":"v","type":"t","payload":{"a":1.0,"b":"A"}}"#,
            r#"{"userId":"u","type":"x","payload":{"a":1.0,"b":"A"}}"#,
        ] {
            assert_ne!(digest(other, "2026-11-21T06:00:00Z"), sent, "{other}");
        }
        let large = |number: &str| {
            digest(&format!(r#"{{"userId":"u","type":"t","payload":{{"n":{number}}}}}"#), "2026-11-21T06:00:00Z")
        };
        assert_ne!(large("89148000005218400001"), large("89148000005218400002"));
    }
}
