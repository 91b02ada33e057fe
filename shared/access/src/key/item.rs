//! The item of a key. Times are Unix seconds.

use std::num::NonZeroU32;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use millrace_platform::dynamo::{Item, StoreError, n, number, s, text};

use super::form::{KeyId, SecretHash};
use crate::scope::Scopes;

/// The table's key: the id of the API key.
pub const ID: &str = "id";
/// Hash of the secret.
pub const SECRET_HASH: &str = "secretHash";
/// Hash of the secret before the last rotation.
pub const PREVIOUS_HASH: &str = "previousHash";
/// Until when that secret is taken.
pub const PREVIOUS_UNTIL: &str = "previousUntil";
/// When the key was revoked.
pub const REVOKED_AT: &str = "revokedAt";
/// When the key was last used, to the hour.
pub const LAST_USED_AT: &str = "lastUsedAt";

/// Highest rate of a key, in requests per second. The times of a second's requests are one item, whose partition takes
/// 1,000 write units a second. With 100 times the item has a little more than 1 KB, so that a write is 2 units; a request
/// costs a second write where the first one finds the item full. That is 400, and leaves as much again to instances that
/// meet; the limiter's model counts them.
pub const MAX_RATE: u32 = 100;

/// The secret that a rotation replaced, which is taken for a while, so that clients can change over.
#[derive(Debug, Clone, Copy)]
pub struct Previous {
    /// Its hash.
    pub hash: SecretHash,
    /// Until when it is taken.
    pub until: i64,
}

/// A key as it is stored.
#[derive(Debug, Clone)]
pub struct KeyItem {
    /// The id.
    pub id: KeyId,
    /// The hash of the secret.
    pub hash: SecretHash,
    /// The secret before the last rotation.
    pub previous: Option<Previous>,
    /// Who answers for the key, in words.
    pub owner: String,
    /// What the key may do.
    pub scopes: Scopes,
    /// Requests per second that it may make, if it is limited.
    pub rate: Option<NonZeroU32>,
    /// When it was made.
    pub created_at: i64,
    /// When it expires, if it does.
    pub expires_at: Option<i64>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<i64>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<i64>,
}

impl KeyItem {
    /// The table key of the item.
    #[must_use]
    pub fn key(id: &KeyId) -> Item {
        Item::from([(ID.to_owned(), s(id.as_str()))])
    }

    /// The item.
    #[must_use]
    pub fn to_item(&self) -> Item {
        let mut item = Self::key(&self.id);
        let mut set = |name: &str, value| item.insert(name.to_owned(), value);
        set(SECRET_HASH, stored(&self.hash));
        set("owner", s(&self.owner));
        set("scopes", s(self.scopes.to_string()));
        set("createdAt", n(self.created_at));
        if let Some(previous) = self.previous {
            set(PREVIOUS_HASH, stored(&previous.hash));
            set(PREVIOUS_UNTIL, n(previous.until));
        }
        if let Some(rate) = self.rate {
            set("rate", n(rate));
        }
        let times = [("expiresAt", self.expires_at), (REVOKED_AT, self.revoked_at), (LAST_USED_AT, self.last_used_at)];
        for (name, time) in times {
            if let Some(time) = time {
                set(name, n(time));
            }
        }
        item
    }

    /// Reads an item.
    ///
    /// # Errors
    /// The item cannot be read: a key whose expiry or revocation has another form must not be taken for one without.
    pub fn read(item: &Item) -> Result<Self, StoreError> {
        let time = |name| item.contains_key(name).then(|| number(item, name)).transpose();
        let previous = item.contains_key(PREVIOUS_HASH).then(|| {
            Ok::<_, StoreError>(Previous { hash: hash(item, PREVIOUS_HASH)?, until: number(item, PREVIOUS_UNTIL)? })
        });
        Ok(Self {
            id: text(item, ID)?
                .parse()
                .map_err(|_| StoreError::Corrupt("the id of a key cannot be read".to_owned()))?,
            hash: hash(item, SECRET_HASH)?,
            previous: previous.transpose()?,
            owner: text(item, "owner")?.to_owned(),
            scopes: Scopes::known(text(item, "scopes")?),
            rate: item.contains_key("rate").then(|| number(item, "rate")).transpose()?,
            created_at: number(item, "createdAt")?,
            expires_at: time("expiresAt")?,
            revoked_at: time(REVOKED_AT)?,
            last_used_at: time(LAST_USED_AT)?,
        })
    }
}

/// The attribute of a hash.
#[must_use]
pub fn stored(hash: &SecretHash) -> AttributeValue {
    AttributeValue::B(Blob::new(hash.as_bytes()))
}

fn hash(item: &Item, name: &str) -> Result<SecretHash, StoreError> {
    let bytes = item.get(name).and_then(|value| value.as_b().ok());
    let hash = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_ref()).ok());
    hash.map(SecretHash::from).ok_or_else(|| StoreError::Corrupt(format!("{name} is not a hash")))
}

#[cfg(test)]
mod tests {
    use super::super::form::ApiKey;
    use super::*;

    fn full() -> KeyItem {
        let key = ApiKey::new(1, [1; 32]);
        KeyItem {
            id: key.id().clone(),
            hash: key.hash(),
            previous: Some(Previous { hash: ApiKey::new(1, [2; 32]).hash(), until: 5 }),
            owner: "the till in shop 7".to_owned(),
            scopes: Scopes::known("orders:write seed"),
            rate: NonZeroU32::new(20),
            created_at: 1,
            expires_at: Some(2),
            revoked_at: Some(3),
            last_used_at: Some(4),
        }
    }

    #[test]
    fn a_key_is_read_back_from_its_item() {
        let bare =
            KeyItem { previous: None, rate: None, expires_at: None, revoked_at: None, last_used_at: None, ..full() };
        for key in [full(), bare] {
            let item = key.to_item();
            let read = KeyItem::read(&item).unwrap();
            assert_eq!(read.to_item(), item);
            assert_eq!((read.expires_at, read.revoked_at), (key.expires_at, key.revoked_at));
        }
    }

    #[test]
    fn an_attribute_of_another_form_is_an_error_and_not_absent() {
        for name in full().to_item().into_keys() {
            let mut item = full().to_item();
            item.insert(name.clone(), AttributeValue::Bool(false));
            assert!(KeyItem::read(&item).is_err(), "{name}");
        }
        let none = Item::from([("rate".to_owned(), n(0))]);
        assert!(KeyItem::read(&full().to_item().into_iter().chain(none).collect()).is_err(), "a rate of 0");
        for name in [ID, SECRET_HASH, "owner", "scopes", "createdAt", PREVIOUS_UNTIL] {
            let mut item = full().to_item();
            item.remove(name);
            assert!(KeyItem::read(&item).is_err(), "no {name}");
        }
    }
}
