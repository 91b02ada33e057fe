//! The credential of a request.

use crate::refused::Refused;

/// Longest credential, in bytes: API Gateway takes 10,240 bytes of headers.
const MAX_BYTES: usize = 10_240;

/// The credential in the header `Authorization`.
///
/// # Errors
/// [`Refused`] for a request without one, with another scheme, or with something that is no credential.
pub fn of(authorization: Option<&str>) -> Result<&str, Refused> {
    let header = authorization.ok_or(Refused::NoCredential)?;
    let (scheme, credential) = header.trim().split_once(' ').ok_or(Refused::Malformed)?;
    let credential = credential.trim_start();
    // The token68 of RFC 9110, 11.2, of which keys and tokens are; it has no comma, so that two headers are not one.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    let well_formed = (1..=MAX_BYTES).contains(&credential.len()) && credential.bytes().all(allowed);
    if scheme.eq_ignore_ascii_case("bearer") && well_formed { Ok(credential) } else { Err(Refused::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_credential_is_taken_and_whatever_else_is_there_is_none() {
        assert_eq!(of(Some("Bearer one")), Ok("one"));
        assert_eq!(of(Some("bEARER  two ")), Ok("two"));
        assert_eq!(of(None), Err(Refused::NoCredential));
        let long = format!("Bearer {}", "x".repeat(MAX_BYTES + 1));
        let malformed =
            ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a b", "Bearer a,Bearer b", "Bearer a\nb", "Bearer é"];
        for header in malformed.into_iter().chain([long.as_str()]) {
            assert_eq!(of(Some(header)), Err(Refused::Malformed), "{header:?}");
        }
    }
}
