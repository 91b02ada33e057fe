//! Texts used as keys: limited in bytes, not blank, without control characters.

use crate::text_type::text_type;

/// Longest text, in bytes: the user id is the subject of the event, and ids are keys in `DynamoDB`.
pub const MAX_BYTES: usize = 256;

/// The rule as a JSON Schema pattern. JSON Schema counts characters, so the byte limit is stricter. White space is spelled out,
/// because `\s` is another set in each dialect: that of JavaScript has U+FEFF.
const PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// Why a text is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("1 to {MAX_BYTES} bytes other than white space, without control characters, were expected")]
pub struct InvalidText;

fn check(text: &str) -> Result<(), InvalidText> {
    if text.trim().is_empty() || text.len() > MAX_BYTES || text.chars().any(char::is_control) {
        return Err(InvalidText);
    }
    Ok(())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        text_type!(
            $(#[$doc])* $name, check, InvalidText,
            schema(extend("minLength" = 1, "maxLength" = MAX_BYTES, "pattern" = PATTERN))
        );
    };
}

/// What no client can ask for in a path: clients resolve these segments before they send a URL (WHATWG URL standard, "path
/// state"; RFC 3986, 5.2.4), in any spelling.
const DOT_SEGMENTS: [&str; 2] = [".", ".."];

/// What `/events/{id}` takes for another resource.
const EVENT_ROUTES: [&str; 3] = ["batch", "generate", "processed"];

impl UserId {
    /// Whether no path can name it. Not a part of the type: what was accepted before stays readable on the topics.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        DOT_SEGMENTS.contains(&self.as_str())
    }
}

impl EventId {
    /// As [`UserId::is_reserved`].
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        DOT_SEGMENTS.contains(&self.as_str()) || EVENT_ROUTES.contains(&self.as_str())
    }
}

text!(
    /// Id of a user.
    UserId
);
text!(
    /// Type of an activity, such as `click`.
    ActivityType
);
text!(
    /// Id of an event that a client chose.
    EventId
);
