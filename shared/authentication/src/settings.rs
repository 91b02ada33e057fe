//! The settings, from the environment.

use millrace_platform::settings::MissingSetting;

use crate::issuer::Issuer;
use crate::token::Rules;

/// Where credentials come from.
#[derive(Debug)]
pub struct Settings {
    /// The issuer, and what its tokens have to be; without it no token is taken.
    pub tokens: Option<(Issuer, Rules)>,
    /// The table of API keys; without it no key is taken.
    pub table: Option<String>,
}

impl Settings {
    /// Reads the settings. `variable` gives the value of a variable that is set and not empty.
    ///
    /// # Errors
    /// [`MissingSetting`] names the variable at fault. An issuer needs an audience or a client: without both every token
    /// would be refused, or, worse, taken whoever it was made for.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, MissingSetting> {
        let list = |name: &str| -> Vec<String> {
            let text = variable(name).unwrap_or_default();
            text.split(',').map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
        };
        let tokens = match variable("OIDC_ISSUER") {
            None => None,
            Some(issuer) => {
                let (audiences, clients) = (list("OIDC_AUDIENCES"), list("OIDC_CLIENT_IDS"));
                if audiences.is_empty() && clients.is_empty() {
                    return Err(MissingSetting::new("OIDC_AUDIENCES"));
                }
                let user_claim = variable("USER_CLAIM").unwrap_or_else(|| "sub".to_owned());
                let rules = Rules::new(issuer.clone(), audiences, clients, user_claim);
                Some((Issuer::new(&issuer).map_err(|_| MissingSetting::new("OIDC_ISSUER"))?, rules))
            }
        };
        Ok(Self { tokens, table: variable("API_KEY_TABLE") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let value =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Settings::read(value).map_err(|missing| missing.name)
    }

    #[test]
    fn an_issuer_needs_an_audience_or_a_client_and_https() {
        let none = read(&[]).unwrap();
        assert!(none.tokens.is_none() && none.table.is_none());
        let issuer = ("OIDC_ISSUER", "https://issuer.example");
        assert_eq!(read(&[issuer]).unwrap_err(), "OIDC_AUDIENCES");
        assert_eq!(read(&[issuer, ("OIDC_CLIENT_IDS", " , ")]).unwrap_err(), "OIDC_AUDIENCES");
        assert!(read(&[issuer, ("OIDC_CLIENT_IDS", "a, b")]).unwrap().tokens.is_some());
        let plain = [("OIDC_ISSUER", "http://issuer.example"), ("OIDC_AUDIENCES", "a")];
        assert_eq!(read(&plain).unwrap_err(), "OIDC_ISSUER");
    }
}
