//! From the header of a request to its caller.

use millrace_access::Caller;
use millrace_access::key::{ApiKey, PREFIX};
use millrace_platform::aws;
use millrace_platform::settings::{MissingSetting, optional};

use crate::jwks::fetch::{Fetch, Https};
use crate::refused::{Failure, Refused};
use crate::settings::Settings;
use crate::table::{DynamoTable, KeyTable};
use crate::token::Tokens;
use crate::{api_key, credential};

/// What it takes to tell who calls.
pub struct Authenticator<F, T> {
    pub(crate) tokens: Option<Tokens<F>>,
    pub(crate) table: Option<T>,
}

/// With the issuer's keys read over HTTPS, and the API keys in DynamoDB.
pub type Deployed = Authenticator<Https, DynamoTable>;

impl Deployed {
    /// By the settings `OIDC_ISSUER`, `OIDC_AUDIENCES`, `OIDC_CLIENT_IDS`, `USER_CLAIM` and `API_KEY_TABLE`.
    ///
    /// # Errors
    /// [`MissingSetting`] names the one at fault.
    pub fn from_env() -> Result<Self, MissingSetting> {
        let settings = Settings::read(optional)?;
        let table = match settings.table {
            Some(table) => Some(DynamoTable::new(aws::dynamodb()?, table)),
            None => None,
        };
        let tokens = settings.tokens.map(|(issuer, rules)| Tokens::new(issuer, rules, Https::default()));
        Ok(Self { tokens, table })
    }
}

impl<F: Fetch, T: KeyTable> Authenticator<F, T> {
    /// The caller of a request with this header `Authorization`, at `now` in Unix seconds.
    ///
    /// # Errors
    /// [`Failure::Refused`] for a credential that is not good, and [`Failure::Unavailable`] when the issuer's keys or the
    /// table of API keys cannot be read.
    pub async fn caller(&self, authorization: Option<&str>, now: i64) -> Result<Caller, Failure> {
        let caller = self.decide(authorization, now).await;
        match &caller {
            Ok(caller) => tracing::debug!(principal = caller.principal, scopes = %caller.scopes, "authorised"),
            Err(Failure::Refused(reason)) => tracing::info!(%reason, "refused"),
            Err(Failure::Unavailable(why)) => tracing::error!(why, "nobody can tell who calls"),
        }
        caller
    }

    async fn decide(&self, authorization: Option<&str>, now: i64) -> Result<Caller, Failure> {
        let credential = credential::of(authorization)?;
        if !credential.starts_with(PREFIX) {
            let tokens = self.tokens.as_ref().ok_or(Refused::KindNotTaken)?;
            return tokens.caller(credential, now).await;
        }
        let table = self.table.as_ref().ok_or(Refused::KindNotTaken)?;
        // The checksum is wrong for what is mistyped, cut or made up, and that costs no read.
        let key: ApiKey = credential.parse().map_err(|_| Refused::Malformed)?;
        api_key::caller(table, &key, now).await
    }
}
