//! The issuer's signing keys: fetched when they are needed, kept, and used for a while when the issuer is away.

pub mod fetch;
mod provider;
mod set;

pub use provider::install;
pub use set::{Claims, SigningKey};

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use self::fetch::Fetch;
use self::set::KeySet;
use crate::issuer::Issuer;
use crate::refused::Failure;

/// How long a key set is taken as it is, in seconds.
const FRESH_SECONDS: i64 = 600;
/// How long it is taken while a newer one cannot be fetched, in seconds.
const STALE_SECONDS: i64 = 24 * 3600;
/// Shortest time between two fetches, whatever asks for them, in seconds. Else whoever makes up `kid`s could have the
/// issuer flooded.
const PAUSE_SECONDS: i64 = 30;
/// As [`PAUSE_SECONDS`], while there are no keys at all, and so nothing works.
const FIRST_PAUSE_SECONDS: i64 = 1;
/// How long a `kid` that was not found is not looked for again, in seconds.
const MISSING_SECONDS: i64 = 120;
/// Most `kid`s of which that is known. Beyond it the oldest is forgotten, and only the pause limits the fetches.
const MAX_MISSING: usize = 100;
/// Time limit for both documents. API Gateway waits 10 s for an authorizer.
const FETCH_TIMEOUT: Duration = Duration::from_secs(4);

/// The keys of one issuer.
pub struct SigningKeys<F> {
    issuer: Issuer,
    fetch: F,
    held: RwLock<Option<Held>>,
    /// Held while keys are fetched, so that one request does it, and those that cannot do without wait for it.
    attempts: Mutex<Attempts>,
}

struct Held {
    keys: KeySet,
    since: i64,
}

/// What is known of a `kid`.
enum Known {
    Fresh(Arc<SigningKey>),
    /// Its set should have been fetched again.
    Stale(Arc<SigningKey>),
    /// The set is good and has no such key.
    Missing,
    /// There is no set that could be used.
    Nothing,
}

/// Earlier fetches.
#[derive(Debug, Default)]
struct Attempts {
    last: Option<i64>,
    missing: VecDeque<(String, i64)>,
}

impl Attempts {
    /// Whether keys may be fetched for `kid` now.
    fn allow(&self, known: &Known, kid: &str, now: i64) -> bool {
        let after = |pause: i64| self.last.is_none_or(|last| now - last >= pause);
        match known {
            Known::Fresh(_) => false,
            Known::Stale(_) => after(PAUSE_SECONDS),
            Known::Missing => after(PAUSE_SECONDS) && !self.is_missing(kid, now),
            Known::Nothing => after(FIRST_PAUSE_SECONDS),
        }
    }

    fn is_missing(&self, kid: &str, now: i64) -> bool {
        self.missing.iter().any(|(missing, since)| missing == kid && now - since < MISSING_SECONDS)
    }

    fn note_missing(&mut self, kid: &str, now: i64) {
        self.missing.retain(|(missing, since)| missing != kid && now - since < MISSING_SECONDS);
        if self.missing.len() == MAX_MISSING {
            self.missing.pop_front();
        }
        self.missing.push_back((kid.to_owned(), now));
    }
}

impl<F: Fetch> SigningKeys<F> {
    pub fn new(issuer: Issuer, fetch: F) -> Self {
        Self { issuer, fetch, held: RwLock::default(), attempts: Mutex::default() }
    }

    /// The key with this `kid` at `now`, if the issuer has one.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] while there are no keys that could be used.
    pub async fn find(&self, kid: &str, now: i64) -> Result<Option<Arc<SigningKey>>, Failure> {
        match self.known(kid, now) {
            Known::Fresh(key) => return Ok(Some(key)),
            // One request fetches, and the others go on with the key that there is.
            Known::Stale(_) => {
                if let Ok(attempts) = self.attempts.try_lock() {
                    self.refresh(attempts, kid, now).await;
                }
            }
            Known::Missing | Known::Nothing => self.refresh(self.attempts.lock().await, kid, now).await,
        }
        match self.known(kid, now) {
            Known::Fresh(key) | Known::Stale(key) => Ok(Some(key)),
            Known::Missing => Ok(None),
            Known::Nothing => Err(Failure::Unavailable("the issuer's keys cannot be fetched".to_owned())),
        }
    }

    fn known(&self, kid: &str, now: i64) -> Known {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_ref().filter(|held| now - held.since < STALE_SECONDS) else { return Known::Nothing };
        match held.keys.get(kid) {
            Some(key) if now - held.since < FRESH_SECONDS => Known::Fresh(key),
            Some(key) => Known::Stale(key),
            None => Known::Missing,
        }
    }

    /// Fetches the keys, unless another request has just done so.
    async fn refresh(&self, mut attempts: MutexGuard<'_, Attempts>, kid: &str, now: i64) {
        if !attempts.allow(&self.known(kid, now), kid, now) {
            return;
        }
        attempts.last = Some(now);
        let fetched = tokio::time::timeout(FETCH_TIMEOUT, self.fetched()).await;
        match fetched.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            Ok(keys) => {
                *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(Held { keys, since: now });
                if matches!(self.known(kid, now), Known::Missing) {
                    attempts.note_missing(kid, now);
                }
            }
            Err(why) => tracing::warn!(why, "the issuer's keys cannot be fetched"),
        }
    }

    async fn fetched(&self) -> Result<KeySet, String> {
        let discovery = self.issuer.discovery();
        let document = self.fetch.get(discovery).await.map_err(|error| format!("{discovery}: {error}"))?;
        let url = self.issuer.jwks_uri(&document).map_err(|error| format!("{discovery}: {error}"))?;
        let document = self.fetch.get(&url).await.map_err(|error| format!("{url}: {error}"))?;
        KeySet::read(&document).map_err(|error| format!("{url}: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_to_be_missing_is_bounded_and_forgotten() {
        let mut attempts = Attempts::default();
        for kid in 0..1000 {
            attempts.note_missing(&kid.to_string(), 0);
        }
        assert_eq!(attempts.missing.len(), MAX_MISSING);
        assert!(attempts.is_missing("999", MISSING_SECONDS - 1) && !attempts.is_missing("0", 0));
        assert!(!attempts.is_missing("999", MISSING_SECONDS));
        attempts.note_missing("new", MISSING_SECONDS);
        assert_eq!(attempts.missing.len(), 1);
    }

    #[test]
    fn one_rule_allows_a_fetch_whatever_asks_for_it() {
        let attempts = Attempts { last: Some(100), missing: VecDeque::from([("known".to_owned(), 100)]) };
        assert!(!attempts.allow(&Known::Missing, "new", 129) && attempts.allow(&Known::Missing, "new", 130));
        assert!(!attempts.allow(&Known::Missing, "known", 219) && attempts.allow(&Known::Missing, "known", 220));
        assert!(!attempts.allow(&Known::Nothing, "any", 100) && attempts.allow(&Known::Nothing, "any", 101));
        // Of a clock that was put back nothing is allowed.
        assert!(!attempts.allow(&Known::Nothing, "any", 50));
    }
}
