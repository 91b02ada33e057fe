//! The credential of a request.

use serde_json::Value;

use crate::refused::Refused;

/// Longest credential, in bytes: API Gateway takes 10,240 bytes of headers.
const MAX_BYTES: usize = 10_240;

/// The credential in the event of an authorizer. API Gateway caches an answer by the identity source, so nothing else of
/// the request is looked at; a front that gives none gives the header.
///
/// # Errors
/// [`Refused`] for a request without one, with another scheme, or with something that is no credential.
pub fn of(event: &Value) -> Result<&str, Refused> {
    let source = event.pointer("/identitySource/0").or_else(|| event.pointer("/headers/authorization"));
    let header = source.and_then(Value::as_str).ok_or(Refused::NoCredential)?;
    let (scheme, credential) = header.trim().split_once(' ').ok_or(Refused::Malformed)?;
    let credential = credential.trim_start();
    // The token68 of RFC 9110, 11.2, of which keys and tokens are; it has no comma, so that two headers are not one.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let well_formed = (1..=MAX_BYTES).contains(&credential.len()) && credential.bytes().all(allowed);
    if scheme.eq_ignore_ascii_case("bearer") && well_formed { Ok(credential) } else { Err(Refused::Malformed) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_credential_is_what_the_answer_is_cached_by() {
        let both = json!({"identitySource": ["Bearer one"], "headers": {"authorization": "Bearer two"}});
        assert_eq!(of(&both), Ok("one"));
        assert_eq!(of(&json!({"headers": {"authorization": "bEARER  two "}})), Ok("two"));
    }

    #[test]
    fn whatever_else_is_there_is_no_credential() {
        let absent = [json!(null), json!([]), json!("Bearer x"), json!({}), json!({"identitySource": []})];
        let other_types = [json!({"identitySource": [7]}), json!({"headers": {"authorization": ["Bearer x"]}})];
        for event in absent.into_iter().chain(other_types) {
            assert_eq!(of(&event), Err(Refused::NoCredential), "{event}");
        }
        let long = format!("Bearer {}", "x".repeat(MAX_BYTES + 1));
        let malformed =
            ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a b", "Bearer a,Bearer b", "Bearer a\nb", "Bearer é"];
        for header in malformed.into_iter().chain([long.as_str()]) {
            assert_eq!(of(&json!({"identitySource": [header]})), Err(Refused::Malformed), "{header:?}");
        }
    }
}
