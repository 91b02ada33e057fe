//! From the event to the answer.

use lambda_runtime::Diagnostic;
use millrace_access::Caller;
use millrace_authentication::{Deployed, Failure};
use serde::Serialize;
use serde_json::Value;

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

/// The answer to an event at `now`, in Unix seconds.
///
/// # Errors
/// [`Unavailable`] when the issuer's keys or the table of API keys cannot be read.
pub async fn answer(authenticator: &Deployed, event: &Value, now: i64) -> Result<Answer, Unavailable> {
    formed(authenticator.caller(authorization(event), now).await)
}

fn formed(caller: Result<Caller, Failure>) -> Result<Answer, Unavailable> {
    match caller {
        Ok(caller) => Ok(Answer { is_authorized: true, context: Some(caller) }),
        Err(Failure::Refused(_)) => Ok(Answer { is_authorized: false, context: None }),
        Err(Failure::Unavailable(why)) => Err(Unavailable(why)),
    }
}

/// The header `Authorization` in the event of an authorizer. API Gateway caches an answer by the identity source, so nothing
/// else of the request is looked at; a front that gives none gives the header.
fn authorization(event: &Value) -> Option<&str> {
    let source = event.pointer("/identitySource/0").or_else(|| event.pointer("/headers/authorization"));
    source.and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use millrace_access::{Kind, Scopes};
    use millrace_authentication::Refused;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_credential_is_what_the_answer_is_cached_by() {
        let both = json!({"identitySource": ["Bearer one"], "headers": {"authorization": "Bearer two"}});
        assert_eq!(authorization(&both), Some("Bearer one"));
        assert_eq!(authorization(&json!({"headers": {"authorization": "bEARER  two "}})), Some("bEARER  two "));
        let absent = [json!(null), json!([]), json!("Bearer x"), json!({}), json!({"identitySource": []})];
        let other_types = [json!({"identitySource": [7]}), json!({"headers": {"authorization": ["Bearer x"]}})];
        for event in absent.into_iter().chain(other_types) {
            assert_eq!(authorization(&event), None, "{event}");
        }
    }

    #[test]
    fn who_is_refused_gets_an_answer_and_who_cannot_be_told_an_error_which_is_not_cached() {
        let caller = Caller {
            principal: "user:0f3a:ann".to_owned(),
            kind: Kind::User,
            user: Some("ann".to_owned()),
            scopes: Scopes::known("products:read"),
            exp: 7,
            key_id: None,
            rate: None,
        };
        let context = serde_json::to_value(&caller).unwrap();
        let good = serde_json::to_value(formed(Ok(caller)).unwrap()).unwrap();
        assert_eq!(good, json!({"isAuthorized": true, "context": context}));
        let refused = serde_json::to_value(formed(Err(Refused::Signature.into())).unwrap()).unwrap();
        assert_eq!(refused, json!({"isAuthorized": false}));
        assert!(formed(Err(Failure::Unavailable("down".to_owned()))).is_err());
    }
}
