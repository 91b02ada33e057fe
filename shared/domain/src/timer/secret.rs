//! The secret that signs a webhook.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Prefix of a secret (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// Length of a key, in bytes (Standard Webhooks).
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Most secrets of a timer: while a receiver rotates its secret, the old and the new one both sign.
const MAX_SECRETS: usize = 2;

/// One secret (`whsec_` and 24 to 64 bytes in Base64), or two separated by a space during a rotation: then the webhook
/// has a signature for each. It appears in no response, event or log; its `Debug` output hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is not a valid secret. It does not contain the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whsec_ and 24 to 64 bytes in Base64 were expected, or two such secrets with a space between")]
pub struct InvalidSecret;

impl Secret {
    /// The secret as the client gave it, for storage.
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
