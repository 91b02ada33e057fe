//! Verifies signatures with ring, which is in every function's TLS anyway. jsonwebtoken's own providers are aws-lc-rs, a
//! second library of the kind, and RustCrypto, whose RSA has no fix for RUSTSEC-2023-0071.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    UnparsedPublicKey, VerificationAlgorithm,
};

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: no_signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// Makes jsonwebtoken verify with ring. Without it, it panics.
pub fn install() {
    // Fails where it is installed already, which tests do in one process.
    let _ = PROVIDER.install_default();
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "jsonwebtoken's type of this function")]
fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "jsonwebtoken's type of this function")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let family = match algorithm {
        Algorithm::RS256 | Algorithm::PS256 => AlgorithmFamily::Rsa,
        Algorithm::ES256 => AlgorithmFamily::Ec,
        Algorithm::EdDSA => AlgorithmFamily::Ed,
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    if key.family() != family {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() }))
}

/// A number without the zeros that some libraries put before it (RFC 7518, 6.3.1.1), which ring refuses.
fn unpadded(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// One of the four algorithms, with a key of its family.
struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        let rsa = |parameters: &RsaParameters| match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let key = PublicKeyComponents { n: unpadded(n), e: unpadded(e) };
                key.verify(parameters, message, signature).map_err(|_| Error::new())
            }
            DecodingKeyKind::SecretOrDer(_) => Err(Error::new()),
        };
        let curve = |algorithm: &'static dyn VerificationAlgorithm| {
            let key = self.key.try_get_as_bytes().map_err(|_| Error::new())?;
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| Error::new())
        };
        match self.algorithm {
            Algorithm::RS256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
            Algorithm::PS256 => rsa(&RSA_PSS_2048_8192_SHA256),
            Algorithm::ES256 => curve(&ECDSA_P256_SHA256_FIXED),
            Algorithm::EdDSA => curve(&ED25519),
            _ => Err(Error::new()),
        }
    }
}
