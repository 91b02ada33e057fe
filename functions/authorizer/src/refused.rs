//! Why there is no caller.

/// Why a credential is refused, by the code that logs have. The client is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no_credential")]
    NoCredential,
    #[error("malformed")]
    Malformed,
    /// Credentials of this kind are switched off.
    #[error("kind_not_taken")]
    KindNotTaken,
    /// The algorithm is none that is taken, or not that of the key.
    #[error("algorithm")]
    Algorithm,
    /// The issuer has no key with this `kid`.
    #[error("unknown_signing_key")]
    UnknownSigningKey,
    #[error("signature")]
    Signature,
    #[error("not_an_access_token")]
    NotAnAccessToken,
    #[error("issuer")]
    Issuer,
    #[error("audience")]
    Audience,
    #[error("expired")]
    Expired,
    #[error("not_yet_valid")]
    NotYetValid,
    /// A claim that is needed is missing, or of another form.
    #[error("claims")]
    Claims,
    #[error("unknown_api_key")]
    UnknownApiKey,
    #[error("wrong_secret")]
    WrongSecret,
    #[error("revoked")]
    Revoked,
}

/// Why there is no caller.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The credential is not good.
    #[error("refused: {0}")]
    Refused(#[from] Refused),
    /// Nobody can tell at present.
    #[error("unavailable: {0}")]
    Unavailable(String),
}
