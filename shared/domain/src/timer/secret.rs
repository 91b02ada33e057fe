//! The secret that a webhook is signed with.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a secret starts with (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// Bytes of a key (Standard Webhooks).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Most secrets of a timer: while a receiver changes its secret, the old and the new one sign.
const MAX_SECRETS: usize = 2;

/// One secret, `whsec_` and 24 to 64 bytes in Base64, or two with a space between while a receiver changes it: then the
/// webhook has a signature by each. It is in no answer, event or log; its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is no secret. It says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whsec_ and 24 to 64 bytes in Base64 were expected, or two such secrets with a space between")]
pub struct InvalidSecret;

impl Secret {
    /// As the client gave it, to be stored.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key of each secret.
    pub fn keys(&self) -> impl Iterator<Item = Vec<u8>> {
        self.0.split(' ').filter_map(key)
    }
}

fn key(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    KEY_BYTES.contains(&key.len()).then_some(key)
}

impl TryFrom<String> for Secret {
    type Error = InvalidSecret;

    fn try_from(text: String) -> Result<Self, InvalidSecret> {
        let count = text.split(' ').count();
        let valid = count <= MAX_SECRETS && text.split(' ').all(|secret| key(secret).is_some());
        if valid { Ok(Self(text)) } else { Err(InvalidSecret) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(bytes: usize) -> String {
        format!("{PREFIX}{}", STANDARD.encode(vec![7; bytes]))
    }

    #[test]
    fn a_secret_is_one_or_two_keys_and_never_shown() {
        let both = Secret::try_from(format!("{} {}", secret(24), secret(64))).unwrap();
        assert_eq!(both.keys().map(|key| key.len()).collect::<Vec<_>>(), [24, 64]);
        assert_eq!(format!("{both:?}"), "Secret(..)");
        let three = [secret(32), secret(32), secret(32)].join(" ");
        let wrong = [String::new(), "whsec_".into(), secret(23), secret(65), "whsec_!".into(), "MfKQ".into(), three];
        for text in wrong.into_iter().chain([format!("{}  {}", secret(32), secret(32)), format!(" {}", secret(32))]) {
            assert_eq!(Secret::try_from(text.clone()), Err(InvalidSecret), "{text}");
        }
    }
}
