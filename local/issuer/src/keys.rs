//! The signing keys: ECDSA on P-256 with SHA-256 (`ES256`, RFC 7518, 3.4).

use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use uuid::Uuid;

/// Bytes of a coordinate of a point on P-256.
const COORDINATE: usize = 32;

/// The key that signs, and the public keys that are published.
pub struct Keys {
    random: SystemRandom,
    id: String,
    pair: EcdsaKeyPair,
    /// JWKs, the newest first.
    published: Vec<Value>,
}

impl Keys {
    /// A first key.
    pub fn new() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let (id, pair) = generate(&random)?;
        let published = vec![jwk(&id, &pair)];
        Ok(Self { random, id, pair, published })
    }

    /// Signs with a new key from now on. The old keys stay published, unless they are dropped.
    pub fn rotate(&mut self, drop_old: bool) -> anyhow::Result<()> {
        let (id, pair) = generate(&self.random)?;
        if drop_old {
            self.published.clear();
        }
        self.published.insert(0, jwk(&id, &pair));
        (self.id, self.pair) = (id, pair);
        Ok(())
    }

    /// Id of the key that signs.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The published keys (RFC 7517, 5).
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.published })
    }

    /// A token with these claims (RFC 7515, 7.1; the type is that of RFC 9068, 2.1).
    pub fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.id });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature =
            self.pair.sign(&self.random, signed.as_bytes()).map_err(|_| anyhow!("there is no randomness"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Random text that nobody guesses.
    pub fn secret(&self) -> anyhow::Result<String> {
        let mut bytes = [0; COORDINATE];
        self.random.fill(&mut bytes).map_err(|_| anyhow!("there is no randomness"))?;
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }
}

fn generate(random: &SystemRandom) -> anyhow::Result<(String, EcdsaKeyPair)> {
    let failed = |_| anyhow!("a signing key cannot be made");
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, random).map_err(failed)?;
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), random);
    Ok((Uuid::new_v4().to_string(), pair.map_err(|_| anyhow!("a signing key cannot be read"))?))
}

/// The public key: an uncompressed point is the byte 4 and its two coordinates (SEC 1, 2.3.3).
fn jwk(id: &str, pair: &EcdsaKeyPair) -> Value {
    let point = pair.public_key().as_ref();
    let coordinate = |at: usize| URL_SAFE_NO_PAD.encode(point.get(at..at + COORDINATE).unwrap_or_default());
    let (x, y) = (coordinate(1), coordinate(1 + COORDINATE));
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": x, "y": y })
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    use super::*;

    /// Whether one of the published keys has signed the token.
    fn verified(keys: &Keys, token: &str) -> bool {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let header: Value = serde_json::from_slice(&bytes(signed.split('.').next().unwrap())).unwrap();
        let jwks = keys.jwks();
        let Some(jwk) = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]) else {
            return false;
        };
        let point = [&[4][..], &bytes(jwk["x"].as_str().unwrap()), &bytes(jwk["y"].as_str().unwrap())].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &bytes(signature)).is_ok()
    }

    #[test]
    fn a_token_is_good_by_the_published_keys_until_its_key_is_dropped() {
        let mut keys = Keys::new().unwrap();
        let first = keys.sign(&json!({ "sub": "ann" })).unwrap();
        assert!(verified(&keys, &first));
        let forged = first.replace('.', ".e30.").replacen(".e30.", ".", 1);
        assert!(!verified(&keys, &forged));
        keys.rotate(false).unwrap();
        let second = keys.sign(&json!({ "sub": "ann" })).unwrap();
        assert!(verified(&keys, &first) && verified(&keys, &second));
        keys.rotate(true).unwrap();
        assert!(!verified(&keys, &first) && !verified(&keys, &second));
        assert!(verified(&keys, &keys.sign(&json!({})).unwrap()));
    }
}
