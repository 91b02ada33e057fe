//! Signatures of the Standard Webhooks specification: HMAC-SHA256 of `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use millrace_domain::timer::{InvalidSecret, Secret};
use millrace_platform::settings::{self, MissingSetting};

/// Header with the id of a webhook: the same on every attempt.
pub const ID: &str = "webhook-id";
/// Header with the time of the attempt, in Unix seconds.
pub const TIMESTAMP: &str = "webhook-timestamp";
/// Header with the signatures.
pub const SIGNATURE: &str = "webhook-signature";

/// Reads the setting `WEBHOOK_SECRETS`, which signs the webhooks of timers without a secret of their own: `whsec_...`,
/// or two of them separated by a space, the newer one first. Both sign, so that receivers can change from one to the
/// other at any time.
///
/// # Errors
/// The value is not a valid secret. Without the setting these webhooks are not signed.
pub fn secret_from_env() -> Result<Option<Secret>, MissingSetting> {
    let name = "WEBHOOK_SECRETS";
    let secret = settings::optional(name).map(Secret::try_from).transpose();
    secret.map_err(|InvalidSecret| MissingSetting::new(name))
}

/// The value of [`SIGNATURE`]: one signature per key of the secret, in order. `id` must not contain a full stop, and
/// `timestamp` is in Unix seconds.
#[must_use]
pub fn signature(secret: &Secret, id: &str, timestamp: i64, body: &[u8]) -> String {
    let signatures: Vec<String> = secret.keys().map(|key| sign(&key, id, timestamp, body)).collect();
    signatures.join(" ")
}

fn sign(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    // HMAC accepts a key of any length, so this never fails.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;
    use standardwebhooks::Webhook;

    use super::*;

    const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const NEW: &str = "whsec_bWlsbHJhY2UtbmV3LXNlY3JldC0zMi1ieXRlcyEhISE=";

    fn verified(by: &str, id: &str, timestamp: i64, signature: &str, body: &str) -> bool {
        let headers: HeaderMap = [(ID, id), (TIMESTAMP, &timestamp.to_string()), (SIGNATURE, signature)]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect();
        Webhook::new(by).unwrap().verify(body.as_bytes(), &headers).is_ok()
    }

    proptest! {
        #[test]
        fn the_specifications_own_library_verifies_each_secret_and_sees_every_change(body in ".{0,200}", id in "[a-z0-9-]{1,40}") {
            let both = Secret::try_from(format!("{NEW} {OLD}")).unwrap();
            let now = jiff::Timestamp::now().as_second();
            let text = signature(&both, &id, now, body.as_bytes());
            prop_assert!(verified(OLD, &id, now, &text, &body));
            prop_assert!(verified(NEW, &id, now, &text, &body));
            prop_assert!(!verified(NEW, &id, now - 1, &text, &body));
            prop_assert!(!verified(NEW, "another", now, &text, &body));
            let changed = format!("{body} ");
            prop_assert!(!verified(NEW, &id, now, &text, &changed));
            let old = signature(&Secret::try_from(OLD.to_owned()).unwrap(), &id, now, body.as_bytes());
            prop_assert!(!verified(NEW, &id, now, &old, &body));
        }
    }
}
