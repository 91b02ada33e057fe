//! What the secrets of Kafka hold, in the forms that Lambda's pollers take too ("Configuring cluster authentication methods",
//! AWS Lambda Developer Guide). Pure.

use serde::Deserialize;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// A name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Written by hand to keep secrets out of logs.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(..)")
    }
}

/// The certificates of a private CA, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ca(String);

impl Ca {
    /// The text.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.0
    }
}

/// Reads a name and its password. SASL/PLAIN separates them by NUL (RFC 4616), so that neither may have one.
pub(super) fn login(secret: &str) -> Option<Login> {
    #[derive(Deserialize)]
    struct Form {
        username: String,
        password: String,
    }
    let Form { username, password } = serde_json::from_str(secret).ok()?;
    let valid = |text: &str| !text.is_empty() && !text.contains('\0');
    (valid(&username) && valid(&password)).then_some(Login { username, password })
}

/// Reads the certificates of a CA. Each has to be one that can sign others.
pub(super) fn ca(secret: &str) -> Option<Ca> {
    #[derive(Deserialize)]
    struct Form {
        certificate: String,
    }
    let Form { certificate } = serde_json::from_str(secret).ok()?;
    let mut roots = RootCertStore::empty();
    for found in CertificateDer::pem_slice_iter(certificate.as_bytes()) {
        roots.add(found.ok()?).ok()?;
    }
    (!roots.is_empty()).then_some(Ca(certificate))
}
