//! From the event to the answer.

use lambda_runtime::Diagnostic;
use millrace_access::Caller;
use millrace_access::key::{ApiKey, PREFIX};
use serde::Serialize;
use serde_json::Value;

use crate::jwks::fetch::Fetch;
use crate::refused::{Failure, Refused};
use crate::table::KeyTable;
use crate::token::Tokens;
use crate::{api_key, credential};

/// The simple response of an authorizer.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    is_authorized: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<Caller>,
}

/// Nobody can tell at present whether the credential is good. A function error, and not a refusal: API Gateway would use
/// that for as long as it caches answers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(String);

impl From<Unavailable> for Diagnostic {
    fn from(error: Unavailable) -> Self {
        Self { error_type: "Unavailable".to_owned(), error_message: error.0 }
    }
}

/// What it takes to tell who calls.
pub struct Authorizer<F, T> {
    pub tokens: Option<Tokens<F>>,
    pub table: Option<T>,
}

impl<F: Fetch, T: KeyTable> Authorizer<F, T> {
    /// The answer to an event at `now`, in Unix seconds.
    ///
    /// # Errors
    /// [`Unavailable`] when the issuer's keys or the table of API keys cannot be read.
    pub async fn answer(&self, event: &Value, now: i64) -> Result<Answer, Unavailable> {
        match self.caller(event, now).await {
            Ok(caller) => {
                tracing::debug!(principal = caller.principal, scopes = %caller.scopes, "authorised");
                Ok(Answer { is_authorized: true, context: Some(caller) })
            }
            Err(Failure::Refused(reason)) => {
                tracing::info!(%reason, "refused");
                Ok(Answer { is_authorized: false, context: None })
            }
            Err(Failure::Unavailable(why)) => {
                tracing::error!(why, "nobody can tell who calls");
                Err(Unavailable(why))
            }
        }
    }

    /// The caller of an event, or why there is none.
    pub async fn caller(&self, event: &Value, now: i64) -> Result<Caller, Failure> {
        let credential = credential::of(event)?;
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
