//! `mr_<id>_<secret>_<checksum>`: the id in 11 and the secret in 43 base-62 digits, and the CRC-32 of all before it in 8
//! hexadecimal ones. The prefix lets secret scanners find a key that has leaked, and the checksum lets them, and the
//! authorizer, tell a key from a text that only looks like one.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every key begins with.
pub const PREFIX: &str = "mr_";

/// Digits of an id: 62^11 is more than 2^64.
const ID_DIGITS: usize = 11;
/// Digits of a secret: 62^43 is more than 2^256.
const SECRET_DIGITS: usize = 43;

/// The id of a key. It is no secret, and is in logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyId {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        if is_base62(text, ID_DIGITS) { Ok(Self(text.to_owned())) } else { Err(InvalidKey) }
    }
}

/// A text is not a key. It does not contain the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an API key, or not the id of one")]
pub struct InvalidKey;

/// A key with its secret, as a client presents it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    id: KeyId,
    secret: String,
}

impl ApiKey {
    /// The key of an id and a secret that are random.
    #[must_use]
    pub fn new(id: u64, secret: [u8; 32]) -> Self {
        Self { id: KeyId(base62(id.to_be_bytes(), ID_DIGITS)), secret: base62(secret, SECRET_DIGITS) }
    }

    /// A key with the same id and another secret, which is random.
    #[must_use]
    pub fn with_secret(id: KeyId, secret: [u8; 32]) -> Self {
        Self { id, secret: base62(secret, SECRET_DIGITS) }
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> &KeyId {
        &self.id
    }

    /// What is stored of the secret.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash(Sha256::digest(&self.secret).into())
    }

    /// The key as a client presents it. Whoever has it is the caller: show it once, and log it never.
    #[must_use]
    pub fn expose(&self) -> String {
        let body = format!("{PREFIX}{}_{}", self.id, self.secret);
        let checksum = checksum(&body);
        format!("{body}_{checksum}")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}, ..)", self.id)
    }
}

impl FromStr for ApiKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let (body, sum) = text.rsplit_once('_').ok_or(InvalidKey)?;
        let (id, secret) = body.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(InvalidKey)?;
        if sum != checksum(body) || !is_base62(secret, SECRET_DIGITS) {
            return Err(InvalidKey);
        }
        Ok(Self { id: id.parse()?, secret: secret.to_owned() })
    }
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

fn is_base62(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The number of `bytes`, most significant first, in `digits` digits.
fn base62<const N: usize>(mut bytes: [u8; N], digits: usize) -> String {
    let digit = |_| {
        let mut remainder = 0;
        for byte in &mut bytes {
            let value = remainder << 8 | u32::from(*byte);
            *byte = (value / 62) as u8;
            remainder = value % 62;
        }
        match remainder as u8 {
            it @ 0..10 => char::from(b'0' + it),
            it @ 10..36 => char::from(b'A' + it - 10),
            it => char::from(b'a' + it - 36),
        }
    };
    (0..digits).map(digit).collect()
}

/// The SHA-256 of a secret. The secret has 256 random bits, so that nobody finds it by trying, however fast the hash is.
#[derive(Clone, Copy)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The bytes, for storage.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether both are of the same secret, in a time that does not depend on how far they agree.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl From<[u8; 32]> for SecretHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_is_read_back_and_a_key_with_one_other_character_is_none(
            id: u64, secret: [u8; 32], at in 0_usize..67, other in "[ -~]"
        ) {
            let key = ApiKey::new(id, secret);
            let text = key.expose();
            prop_assert_eq!(text.len(), 67);
            prop_assert_eq!(text.parse(), Ok(key.clone()));
            prop_assert!(text.parse::<ApiKey>().unwrap().hash().matches(&key.hash()));
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            prop_assert!(changed == text || changed.parse::<ApiKey>() == Err(InvalidKey), "{changed}");
        }

        #[test]
        fn a_text_of_any_kind_is_refused_and_not_a_panic(text in "(mr_)?\\PC{0,80}") {
            prop_assert_eq!(text.parse::<ApiKey>(), Err(InvalidKey));
        }
    }

    #[test]
    fn every_bit_of_the_secret_counts() {
        let all = ApiKey::new(u64::MAX, [255; 32]);
        let hash = all.hash();
        for bit in 0..256 {
            let mut secret = [255_u8; 32];
            secret[bit / 8] ^= 1 << (bit % 8);
            let other = ApiKey::with_secret(all.id().clone(), secret);
            assert!(other != all && !other.hash().matches(&hash), "bit {bit}");
        }
        assert_eq!(ApiKey::new(0, [0; 32]).expose().get(..15), Some("mr_00000000000_"));
    }

    #[test]
    fn neither_the_secret_nor_its_hash_is_in_the_debug_form() {
        let key = ApiKey::new(7, [7; 32]);
        let shown = format!("{key:?} {:?}", key.hash());
        assert_eq!(shown, format!("ApiKey({}, ..) SecretHash(..)", key.id()));
    }
}
