//! What a key becomes. The time is an argument, in Unix seconds.

use anyhow::bail;
use millrace_access::key::{ApiKey, KeyItem, Previous};

use crate::cli::New;

/// Longest owner, in bytes.
const MAX_OWNER_BYTES: usize = 256;

/// The item of a new key.
///
/// # Errors
/// The owner is no text of one line.
pub fn created(key: &ApiKey, new: New, now: i64) -> anyhow::Result<KeyItem> {
    let owner = new.owner.trim();
    if owner.is_empty() || owner.len() > MAX_OWNER_BYTES || owner.chars().any(char::is_control) {
        bail!("--owner is not a text of 1 to {MAX_OWNER_BYTES} bytes in one line");
    }
    Ok(KeyItem {
        id: key.id().clone(),
        hash: key.hash(),
        previous: None,
        owner: owner.to_owned(),
        scopes: new.scopes.into_iter().collect(),
        rate: new.rate,
        created_at: now,
        expires_at: (!new.no_expiry).then(|| now + new.days * 86_400),
        revoked_at: None,
        last_used_at: None,
    })
}

/// The item after a rotation to the secret of `key`.
///
/// # Errors
/// The key has ended, and another secret would not change that.
pub fn rotated(item: &KeyItem, key: &ApiKey, grace_hours: i64, now: i64) -> anyhow::Result<KeyItem> {
    if item.revoked_at.is_some() {
        bail!("the key {} is revoked; make another one", item.id);
    }
    if item.expires_at.is_some_and(|end| now >= end) {
        bail!("the key {} has expired; make another one", item.id);
    }
    let previous = (grace_hours > 0).then(|| Previous { hash: item.hash, until: now + grace_hours * 3600 });
    Ok(KeyItem { hash: key.hash(), previous, ..item.clone() })
}

#[cfg(test)]
mod tests {
    use millrace_access::Scope;

    use super::*;

    const NOW: i64 = 1_795_240_800;

    fn new(owner: &str) -> New {
        New { owner: owner.to_owned(), scopes: vec![Scope::Seed], rate: None, days: 30, no_expiry: false }
    }

    #[test]
    fn a_key_expires_unless_it_is_said_not_to() {
        let key = ApiKey::new(1, [1; 32]);
        let item = created(&key, new(" till "), NOW).unwrap();
        assert_eq!((item.owner.as_str(), item.expires_at), ("till", Some(NOW + 30 * 86_400)));
        assert_eq!(created(&key, New { no_expiry: true, ..new("till") }, NOW).unwrap().expires_at, None);
        for owner in ["", " ", "a\nb", &"x".repeat(257)] {
            assert!(created(&key, new(owner), NOW).is_err(), "{owner:?}");
        }
    }

    #[test]
    fn a_rotation_leaves_two_secrets_at_most_and_mends_no_key_that_has_ended() {
        let keys = [1, 2, 3].map(|byte| ApiKey::new(1, [byte; 32]));
        let first = created(&keys[0], new("till"), NOW).unwrap();
        let second = rotated(&first, &keys[1], 1, NOW).unwrap();
        let third = rotated(&second, &keys[2], 1, NOW + 1).unwrap();
        let previous = third.previous.unwrap();
        assert!(third.hash.matches(&keys[2].hash()) && previous.hash.matches(&keys[1].hash()));
        assert_eq!(previous.until, NOW + 1 + 3600);
        assert!(rotated(&first, &keys[1], 0, NOW).unwrap().previous.is_none());
        let revoked = KeyItem { revoked_at: Some(NOW), ..first.clone() };
        assert!(rotated(&revoked, &keys[1], 1, NOW).is_err());
        assert!(rotated(&first, &keys[1], 1, NOW + 30 * 86_400).is_err());
    }
}
