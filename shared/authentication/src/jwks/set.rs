//! A JSON Web Key Set (RFC 7517), and what its keys verify.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::issuer::InvalidDocument;
use crate::refused::Refused;

/// Most keys of a set that are taken; issuers have up to about 20.
const MAX_KEYS: usize = 100;

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// The keys of an issuer by their `kid`.
pub struct KeySet(HashMap<String, Arc<SigningKey>>);

/// A key that signs tokens, with the one algorithm that it is for.
pub struct SigningKey {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Document {
    /// Read one by one: a key of a kind that is not known must not spoil the others.
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a key set. Keys without a `kid`, for other uses or of other kinds are passed over.
    ///
    /// # Errors
    /// [`InvalidDocument`] for a document that is no key set, or that would leave no key.
    pub fn read(document: &[u8]) -> Result<Self, InvalidDocument> {
        let document: Document =
            serde_json::from_slice(document).map_err(|error| InvalidDocument::Json(error.to_string()))?;
        let mut keys = HashMap::new();
        for (kid, key) in document.keys.into_iter().take(MAX_KEYS).filter_map(read) {
            keys.entry(kid).or_insert_with(|| Arc::new(key));
        }
        if keys.is_empty() { Err(InvalidDocument::NoKey) } else { Ok(Self(keys)) }
    }

    /// The key with this `kid`.
    pub fn get(&self, kid: &str) -> Option<Arc<SigningKey>> {
        self.0.get(kid).cloned()
    }
}

fn read(jwk: Value) -> Option<(String, SigningKey)> {
    let jwk: Jwk = serde_json::from_value(jwk).ok()?;
    let signs = jwk.common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
    let verifies = jwk.common.key_operations.as_ref().is_none_or(|it| it.contains(&KeyOperations::Verify));
    if !signs || !verifies {
        return None;
    }
    let mut validation = Validation::new(algorithm(&jwk)?);
    // The library would judge these by a clock of its own, and take a token without `aud`; `token::claims` judges them.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    Some((jwk.common.key_id.clone()?, SigningKey { key: DecodingKey::from_jwk(&jwk).ok()?, validation }))
}

/// The algorithm of a key. Issuers may leave it out (Entra does): then an RSA key is for RS256, which OpenID Connect demands
/// of every issuer. It is never taken from a token, which would choose how it is verified (RFC 8725, 3.1).
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Some(Algorithm::RS256),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Some(Algorithm::PS256),
        (AlgorithmParameters::EllipticCurve(it), None | Some(KeyAlgorithm::ES256))
            if it.curve == EllipticCurve::P256 =>
        {
            Some(Algorithm::ES256)
        }
        (AlgorithmParameters::OctetKeyPair(it), None | Some(KeyAlgorithm::EdDSA))
            if it.curve == EllipticCurve::Ed25519 =>
        {
            Some(Algorithm::EdDSA)
        }
        _ => None,
    }
}

impl SigningKey {
    /// The claims of a token that this key has signed; nothing is said of the claims themselves.
    ///
    /// # Errors
    /// [`Refused`] for a token of another algorithm, with another signature, or whose claims are no JSON object.
    pub fn verify(&self, token: &str) -> Result<Claims, Refused> {
        let verified = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation);
        let token = verified.map_err(|error| match error.kind() {
            ErrorKind::InvalidAlgorithm => Refused::Algorithm,
            ErrorKind::InvalidSignature => Refused::Signature,
            _ => Refused::Malformed,
        })?;
        Ok(token.claims)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_without_its_algorithm_has_that_of_its_kind_and_others_are_passed_over() {
        let rsa = |more: Value| {
            let mut key = json!({"kty": "RSA", "n": "uA", "e": "AQAB", "kid": "k"});
            key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            key
        };
        let ec = |curve: &str| json!({"kty": "EC", "crv": curve, "x": "AA", "y": "AA", "kid": "k"});
        let okp = |curve: &str| json!({"kty": "OKP", "crv": curve, "x": "AA", "kid": "k"});
        let taken = [
            (rsa(json!({})), Algorithm::RS256),
            (rsa(json!({"alg": "RS256", "use": "sig"})), Algorithm::RS256),
            (rsa(json!({"alg": "PS256", "key_ops": ["verify"]})), Algorithm::PS256),
            (ec("P-256"), Algorithm::ES256),
            (okp("Ed25519"), Algorithm::EdDSA),
        ];
        for (key, algorithm) in taken {
            let found = read(key.clone()).map(|(_, key)| key.validation.algorithms);
            assert_eq!(found, Some(vec![algorithm]), "{key}");
        }
        let passed_over = [
            rsa(json!({"alg": "RSA-OAEP", "use": "enc"})),
            rsa(json!({"use": "enc"})),
            rsa(json!({"key_ops": ["encrypt"]})),
            rsa(json!({"alg": "HS256"})),
            rsa(json!({"alg": "RS512"})),
            rsa(json!({"kid": null})),
            ec("P-384"),
            okp("X25519"),
            json!({"kty": "oct", "k": "c2VjcmV0", "kid": "k", "alg": "HS256"}),
            json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "k"}),
            json!({"kid": "k"}),
            json!("k"),
        ];
        for key in &passed_over {
            assert!(read(key.clone()).is_none(), "{key}");
        }
        let others = json!({"keys": passed_over}).to_string();
        assert_eq!(KeySet::read(others.as_bytes()).err(), Some(InvalidDocument::NoKey));
        assert!(matches!(KeySet::read(b"[]").err(), Some(InvalidDocument::Json(_))));
    }
}
