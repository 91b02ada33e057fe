//! Texts that are keys: bounded in bytes, not blank, without control characters.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest text, in bytes: the user is the subject of the event, and ids are keys in `DynamoDB`.
pub const MAX_BYTES: usize = 256;

/// The rule as a schema has it; that counts characters, of which a byte limit allows fewer.
const PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";

/// Why a text is not one of these.
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
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(extend("minLength" = 1, "maxLength" = MAX_BYTES, "pattern" = PATTERN))]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// Who did something.
    UserId
);
text!(
    /// What was done.
    ActivityType
);
text!(
    /// Id of an event that a client chose.
    EventId
);
