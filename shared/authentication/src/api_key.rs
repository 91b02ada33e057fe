//! API keys: the decision, and what is noted of it.

use millrace_access::key::{ApiKey, KeyItem};
use millrace_access::{Caller, Kind, NO_EXPIRY};

use crate::refused::{Failure, Refused};
use crate::table::KeyTable;

/// How often the last use of a key is written, in seconds.
pub const USE_NOTED_SECONDS: i64 = 3600;

/// The caller that a key stands for.
pub async fn caller(table: &impl KeyTable, key: &ApiKey, now: i64) -> Result<Caller, Failure> {
    let item = table.read(key.id()).await.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let item = item.ok_or(Refused::UnknownApiKey)?;
    let caller = decide(key, &item, now)
        .inspect_err(|reason| tracing::info!(keyId = %key.id(), %reason, "the key is refused"))?;
    if is_due(&item, now) {
        // Only a note: the caller is who they are without it.
        if let Err(error) = table.used(key.id(), now).await {
            tracing::warn!(keyId = %key.id(), %error, "the last use of a key is not noted");
        }
    }
    Ok(caller)
}

/// The caller that a key stands for, by its item.
pub fn decide(key: &ApiKey, item: &KeyItem, now: i64) -> Result<Caller, Refused> {
    let hash = key.hash();
    let previous = item.previous.filter(|previous| now < previous.until && previous.hash.matches(&hash));
    let current = item.hash.matches(&hash);
    if !current && previous.is_none() {
        return Err(Refused::WrongSecret);
    }
    if item.revoked_at.is_some() {
        return Err(Refused::Revoked);
    }
    if item.expires_at.is_some_and(|end| now >= end) {
        return Err(Refused::Expired);
    }
    let until = previous.filter(|_| !current).map(|previous| previous.until);
    let exp = until.into_iter().chain(item.expires_at).chain([NO_EXPIRY]).min().unwrap_or(NO_EXPIRY);
    Ok(Caller {
        principal: format!("key:{}", item.id),
        kind: Kind::Key,
        user: None,
        scopes: item.scopes,
        exp,
        key_id: Some(item.id.to_string()),
        rate: item.rate,
    })
}

/// Whether the use at `now` is to be noted.
fn is_due(item: &KeyItem, now: i64) -> bool {
    item.last_used_at.is_none_or(|last| now - last >= USE_NOTED_SECONDS)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use millrace_access::Scopes;
    use millrace_access::key::Previous;

    use super::*;

    const NOW: i64 = 1_795_240_800;

    fn old() -> ApiKey {
        ApiKey::new(7, [1; 32])
    }

    fn new() -> ApiKey {
        ApiKey::new(7, [2; 32])
    }

    fn item() -> KeyItem {
        KeyItem {
            id: new().id().clone(),
            hash: new().hash(),
            previous: Some(Previous { hash: old().hash(), until: NOW + 60 }),
            owner: "the till".to_owned(),
            scopes: Scopes::known("orders:write seed"),
            rate: NonZeroU32::new(5),
            created_at: NOW - 100,
            expires_at: Some(NOW + 600),
            revoked_at: None,
            last_used_at: None,
        }
    }

    #[test]
    fn both_secrets_of_a_rotation_are_taken_until_the_old_one_ends() {
        let (by_new, by_old) = (decide(&new(), &item(), NOW).unwrap(), decide(&old(), &item(), NOW).unwrap());
        assert_eq!((by_new.exp, by_old.exp), (NOW + 600, NOW + 60));
        assert_eq!((by_new.principal, by_new.kind, by_new.user), (by_old.principal, Kind::Key, None));
        assert_eq!((by_new.key_id.as_deref(), by_new.rate), (Some(new().id().as_str()), NonZeroU32::new(5)));
        assert_eq!(by_new.scopes.to_string(), "orders:write seed");
        assert_eq!(decide(&old(), &item(), NOW + 60), Err(Refused::WrongSecret));
        assert!(decide(&new(), &item(), NOW + 60).is_ok());
    }

    #[test]
    fn a_key_that_is_revoked_or_expired_or_has_another_secret_is_refused() {
        assert_eq!(decide(&ApiKey::new(7, [3; 32]), &item(), NOW), Err(Refused::WrongSecret));
        assert_eq!(decide(&new(), &item(), NOW + 600), Err(Refused::Expired));
        // Also with a time in the future, as of another clock.
        let revoked = KeyItem { revoked_at: Some(NOW + 5), ..item() };
        assert_eq!(
            (decide(&new(), &revoked, NOW), decide(&old(), &revoked, NOW)),
            (Err(Refused::Revoked), Err(Refused::Revoked))
        );
        let endless = KeyItem { expires_at: None, previous: None, ..item() };
        assert_eq!(decide(&new(), &endless, NOW + 1_000_000).unwrap().exp, NO_EXPIRY);
    }

    #[test]
    fn the_use_of_a_key_is_noted_once_an_hour() {
        let used = |ago| KeyItem { last_used_at: Some(NOW - ago), ..item() };
        assert!(is_due(&item(), NOW) && is_due(&used(USE_NOTED_SECONDS), NOW));
        assert!(!is_due(&used(USE_NOTED_SECONDS - 1), NOW) && !is_due(&used(0), NOW));
    }
}
