//! An e-mail address that SES accepts.

use crate::text_type::text_type;

/// Longest address, in characters (RFC 5321, 4.5.3.1.3, without the angle brackets).
const MAX_LENGTH: usize = 254;
/// Longest part before the `@` (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

text_type!(
    /// An address such as `kitchen@example.com`: ASCII, without quotes, comments and display names.
    EmailAddress,
    check,
    InvalidAddress,
    schema(with = "String", extend("pattern" = "^[^@ ]{1,64}@[^@ ]{1,253}$"))
);

/// The text is not a valid e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address such as kitchen@example.com was expected")]
pub struct InvalidAddress;

fn check(text: &str) -> Result<(), InvalidAddress> {
    let (local, domain) = text.split_once('@').ok_or(InvalidAddress)?;
    // RFC 5322's `atext`, and the dot, which may only stand between two of its characters.
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let local = local.len() <= MAX_LOCAL && local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom));
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(letter) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !local || text.len() > MAX_LENGTH || !domain.contains('.') || !domain.split('.').all(label) {
        return Err(InvalidAddress);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_mailbox_and_nothing_that_a_header_could_hide() {
        for good in ["kitchen@example.com", "a.b+c@x-y.example.org", "o'neill@example.com"] {
            assert!(EmailAddress::try_from(good.to_owned()).is_ok(), "{good}");
        }
        let long = format!("{}@example.com", "x".repeat(65));
        for bad in [
            "",
            "kitchen",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@example..com",
            ".a@example.com",
            "a@-x.com",
            "a@b@example.com",
            "a@example.com\r\nBcc: b@example.com",
            "A <a@example.com>",
            "ä@example.com",
            long.as_str(),
        ] {
            assert!(EmailAddress::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
