//! Why there is no caller.

/// Why a credential is refused, by the code that logs have. The client is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The request has none.
    #[error("no_credential")]
    NoCredential,
    /// It is not of the form of a token or a key.
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
    /// The signature is not that of the key.
    #[error("signature")]
    Signature,
    /// It is a token of another use.
    #[error("not_an_access_token")]
    NotAnAccessToken,
    /// It is of another issuer.
    #[error("issuer")]
    Issuer,
    /// It is for another API.
    #[error("audience")]
    Audience,
    /// It has expired.
    #[error("expired")]
    Expired,
    /// It is not good yet.
    #[error("not_yet_valid")]
    NotYetValid,
    /// A claim that is needed is missing, or of another form.
    #[error("claims")]
    Claims,
    /// No API key has this id.
    #[error("unknown_api_key")]
    UnknownApiKey,
    /// The secret is not that of the key.
    #[error("wrong_secret")]
    WrongSecret,
    /// The key was revoked.
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
