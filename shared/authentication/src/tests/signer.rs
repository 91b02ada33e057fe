//! Signs tokens, as an issuer does and as an attacker does.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding,
};
use serde_json::{Value, json};

/// For these tests alone; ring makes no RSA keys.
const RSA: &[u8] = include_bytes!("rsa.der");

enum Pair {
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key pair of an issuer.
pub struct Signer {
    kid: String,
    algorithm: &'static str,
    pair: Pair,
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    /// A key for one of the four algorithms.
    pub fn new(algorithm: &'static str, kid: &str) -> Self {
        let random = SystemRandom::new();
        let pair = match algorithm {
            "RS256" => Pair::Rsa(RsaKeyPair::from_der(RSA).unwrap(), &RSA_PKCS1_SHA256),
            "PS256" => Pair::Rsa(RsaKeyPair::from_der(RSA).unwrap(), &RSA_PSS_SHA256),
            "ES256" => {
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
                Pair::Ec(EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap())
            }
            "EdDSA" => {
                let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Pair::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
            }
            other => panic!("no key for {other}"),
        };
        Self { kid: kid.to_owned(), algorithm, pair }
    }

    /// The bytes of the public key.
    pub fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair, _) => pair.public().as_ref().to_vec(),
            Pair::Ec(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The public key, as the issuer publishes it.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair, _) => {
                let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                // As some issuers write it, with a zero before it.
                json!({"kty": "RSA", "n": encode([&[0], n.as_slice()].concat()), "e": encode(e)})
            }
            Pair::Ec(_) => {
                let public = self.public();
                json!({"kty": "EC", "crv": "P-256", "x": encode(&public[1..33]), "y": encode(&public[33..])})
            }
            Pair::Ed(_) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(self.public())}),
        };
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.algorithm);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A token, as the issuer makes it.
    pub fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}), claims)
    }

    /// A token with any header.
    pub fn token_with(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        format!("{message}.{}", encode(self.sign(message.as_bytes())))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).unwrap();
                signature
            }
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}
